import type { Attributes } from '../../login/account.ts';

const NOT_TOKEN = /[^A-Za-z0-9!#$&'*+.^_`|~-]/g;
// Printable ASCII but the percent sign and the comma.
const NOT_PLAIN = /[^\u0020-\u0024\u0026-\u002b\u002d-\u007e]/u;
const RESERVED: ReadonlySet<string> = new Set(['x-nauthilus-session', 'x-nauthilus-memory-cache']);
/** Colon, space and line end. */
const LINE_OVERHEAD = 4;

/**
 * Attributes as `X-Nauthilus-<name>` headers, a flat list of names and values; several values are joined with commas.
 *
 * Names: what RFC 9110 5.6.2 does not allow in a field name becomes `_`. Values: every byte of the UTF-8 form that is not
 * printable ASCII, the percent sign, commas, and space at either end are percent-encoded (RFC 3986 2.1), so that no value can
 * end its header, and who splits at commas and decodes has exactly the values. An attribute that would take the headers over
 * `limit` bytes is left out whole: the body has them all.
 */
export function renderAttributeHeaders(attributes: Attributes, limit: number): string[] {
  const headers: string[] = [];
  const used = new Set(RESERVED);
  let bytes = 0;
  for (const [attribute, values] of Object.entries(attributes)) {
    const name = `X-Nauthilus-${attribute.replace(NOT_TOKEN, '_')}`;
    if (values.length === 0 || used.has(name.toLowerCase())) continue;
    const value = values.map(encodeHeaderValue).join(',');
    const size = name.length + value.length + LINE_OVERHEAD;
    if (bytes + size > limit) continue;
    bytes += size;
    used.add(name.toLowerCase());
    headers.push(name, value);
  }
  return headers;
}

function encodeHeaderValue(text: string): string {
  if (!NOT_PLAIN.test(text)) return encodeOuterSpace(text);
  let encoded = '';
  for (const character of text) {
    if (!NOT_PLAIN.test(character)) encoded += character;
    else for (const byte of Buffer.from(character, 'utf8')) encoded += percent(byte);
  }
  return encodeOuterSpace(encoded);
}

/** Space at the ends of a header's value would be trimmed by who reads it. */
function encodeOuterSpace(text: string): string {
  if (!text.startsWith(' ') && !text.endsWith(' ')) return text;
  const inner = text.trim();
  const before = inner === '' ? text.length : text.indexOf(inner);
  const after = text.length - before - inner.length;
  return '%20'.repeat(before) + inner + '%20'.repeat(after);
}

function percent(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}

/** Text as its UTF-8 bytes, one character each: what Node writes as they are where it is told `latin1`. */
export function binaryText(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
