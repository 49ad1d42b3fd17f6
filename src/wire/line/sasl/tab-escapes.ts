const ESCAPED = /\u0001([\s\S]?)/g;
const NEEDS_ESCAPE = /[\u0000\u0001\t\r\n]/g;

const MEANINGS: Readonly<Record<string, string>> = { '0': '\0', '1': '\u0001', t: '\t', r: '\r', n: '\n', l: '\n' };
const ESCAPES: Readonly<Record<string, string>> = {
  '\0': '\u00010',
  '\u0001': '\u00011',
  '\t': '\u0001t',
  '\r': '\u0001r',
  '\n': '\u0001n',
};

/** Reads a parameter of a line: what follows 0x01 stands for a byte that cannot be in one, or for itself. */
export function unescapeTabs(text: string): string {
  return text.includes('\u0001')
    ? text.replace(ESCAPED, (_, character: string) => MEANINGS[character] ?? character)
    : text;
}

/** Writes a text so that it can be a parameter of a line. */
export function escapeTabs(text: string): string {
  return text.replace(NEEDS_ESCAPE, (character) => ESCAPES[character] ?? '');
}
