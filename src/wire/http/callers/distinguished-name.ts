/**
 * Reads a distinguished name as text (RFC 4514): `CN=mx1,OU=Mail,O=Example`, the most specific part first, as
 * `openssl x509 -noout -subject -nameopt RFC2253` prints it.
 * @returns one text for all ways to write the same name; `undefined` where it is none
 */
export function canonicalName(text: string): string | undefined {
  const parts: string[][] = [];
  for (const part of splitAt(text, ',')) {
    const values = splitAt(part, '+').map(readValue);
    if (values.includes(undefined)) return undefined;
    parts.push((values as string[]).toSorted());
  }
  return JSON.stringify(parts);
}

/** The subject of a certificate in the form of {@link canonicalName}, given as Node has it: a part on each line, the least specific first. */
export function canonicalSubject(subject: string): string | undefined {
  return canonicalName(nameOfLines(subject));
}

/** A name that Node has on several lines as operators write it. */
export function nameOfLines(subject: string): string {
  return subject.split('\n').toReversed().join(',');
}

function splitAt(text: string, separator: string): string[] {
  const parts: string[] = [];
  let start = 0;
  for (let i = 0; i < text.length; i += 1) {
    if (text[i] === '\\') i += 1;
    else if (text[i] === separator) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  return [...parts, text.slice(start)];
}

const VALUE = /^\s*([A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)+)\s*=\s*(\S(?:.*\S)?(?:\\ )?)\s*$/s;
const ESCAPE = /\\([0-9A-Fa-f]{2}|.)/gs;

function readValue(text: string): string | undefined {
  const [, type, value] = VALUE.exec(text) ?? [];
  if (type === undefined || value === undefined) return undefined;
  const bytes = Buffer.from(value, 'utf8').toString('latin1');
  const plain = bytes.replace(ESCAPE, (_, escaped: string) =>
    escaped.length === 2 ? String.fromCharCode(Number.parseInt(escaped, 16)) : escaped,
  );
  return `${type.toUpperCase()}=${Buffer.from(plain, 'latin1').toString('utf8')}`;
}
