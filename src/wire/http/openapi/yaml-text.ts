/** What JSON can say. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

const PLAIN_KEY = /^[A-Za-z_$][A-Za-z0-9_$-]*$/;
/** Words that readers of YAML 1.1 take for something else than text. */
const NOT_TEXT = /^(?:y|n|yes|no|on|off|true|false|null)$/i;

/**
 * Writes a value as YAML 1.2: maps and lists in block form, texts in double quotes, whose escapes are those of JSON (YAML 1.2.2
 * 7.3.1). A fraction of what a general writer takes, which has to look at how each text might be misread.
 *
 * @param indent what each line begins with
 */
export function yamlText(value: JsonValue, indent = ''): string {
  const lines: string[] = [];
  writeNode(value, indent, lines);
  return `${lines.join('\n')}\n`;
}

function writeNode(value: JsonValue, indent: string, lines: string[]): void {
  if (!isCollection(value)) lines.push(`${indent}${JSON.stringify(value)}`);
  else if (isList(value)) writeList(value, indent, lines);
  else writeMap(value, indent, lines);
}

function writeMap(map: { readonly [key: string]: JsonValue }, indent: string, lines: string[]): void {
  for (const [key, value] of Object.entries(map)) {
    const name = PLAIN_KEY.test(key) && !NOT_TEXT.test(key) ? key : JSON.stringify(key);
    if (!isCollection(value)) lines.push(`${indent}${name}: ${scalarText(value)}`);
    else {
      lines.push(`${indent}${name}:`);
      writeNode(value, `${indent}  `, lines);
    }
  }
}

function writeList(list: readonly JsonValue[], indent: string, lines: string[]): void {
  for (const value of list) {
    if (!isCollection(value)) {
      lines.push(`${indent}- ${scalarText(value)}`);
      continue;
    }
    const start = lines.length;
    writeNode(value, `${indent}  `, lines);
    lines[start] = `${indent}- ${(lines[start] as string).slice(indent.length + 2)}`;
  }
}

/** An empty collection is written like a scalar. */
function scalarText(value: JsonValue): string {
  return JSON.stringify(value);
}

function isCollection(value: JsonValue): value is readonly JsonValue[] | { readonly [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
}

function isList(value: readonly JsonValue[] | { readonly [key: string]: JsonValue }): value is readonly JsonValue[] {
  return Array.isArray(value);
}
