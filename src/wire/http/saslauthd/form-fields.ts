/**
 * Reads the body of a form (`application/x-www-form-urlencoded`, WHATWG URL 5.1), more strictly than browsers' servers do: what two
 * readers could take for different questions is refused.
 *
 * @module
 */

/** Longest body in bytes: what mail users may type, percent-encoded, and the rest of a question. */
const MAX_FORM_BYTES = 16 * 1024;
const MAX_FIELDS = 64;

const UNENCODED = /[^\x21-\x7e]/;
const FIELD = /^([A-Za-z][A-Za-z0-9_-]{0,63})=(.*)$/;
const BROKEN_ESCAPE = /%(?![0-9A-Fa-f]{2})/;
const ESCAPE = /%([0-9A-Fa-f]{2})/g;

export type FormOutcome =
  /** By their names in lower case; values have one character for each byte. */
  | { readonly kind: 'form'; readonly fields: ReadonlyMap<string, string> }
  | { readonly kind: 'malformed'; readonly message: string; readonly field?: string };

/** Reads fields by their names in any case; one that stands twice is refused. */
export function readForm(bytes: Buffer): FormOutcome {
  if (bytes.length > MAX_FORM_BYTES) return malformed(`a form must not be larger than ${MAX_FORM_BYTES / 1024} KiB`);
  const text = bytes.toString('latin1');
  // A client that has cut its request off sends whatever follows in its memory.
  if (UNENCODED.test(text)) return malformed('all but printable ASCII must be percent-encoded in a form');
  const parts = text === '' ? [] : text.split('&', MAX_FIELDS + 1);
  if (parts.length > MAX_FIELDS) return malformed(`a form must not have more than ${MAX_FIELDS} fields`);
  const fields = new Map<string, string>();
  for (const part of parts) {
    const problem = takeField(part, fields);
    if (problem !== undefined) return problem;
  }
  return { kind: 'form', fields };
}

function takeField(part: string, fields: Map<string, string>): FormOutcome | undefined {
  const [, written, value] = FIELD.exec(part) ?? [];
  if (written === undefined || value === undefined) return malformed('a form must be name=value, joined with &');
  const name = written.toLowerCase();
  if (BROKEN_ESCAPE.test(value)) return malformed('has a % that two hexadecimal digits do not follow', name);
  if (fields.has(name)) return malformed('stands twice', name);
  fields.set(name, decode(value));
  return undefined;
}

function decode(value: string): string {
  const spaced = value.replaceAll('+', ' ');
  if (!spaced.includes('%')) return spaced;
  return spaced.replace(ESCAPE, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function malformed(message: string, field?: string): FormOutcome {
  return field === undefined ? { kind: 'malformed', message } : { kind: 'malformed', field, message };
}
