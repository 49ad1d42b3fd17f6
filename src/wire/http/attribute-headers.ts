import type { Attributes } from '../../login/account.ts';

const NOT_TOKEN = /[^A-Za-z0-9!#$&'*+.^_`|~-]/g;
const NOT_PLAIN = /[^\u0020-\u0024\u0026-\u007e]/u;

/**
 * Attributes as `X-Nauthilus-<name>` headers, a flat list of names and values; several values are joined with commas.
 *
 * Names: what RFC 9110 5.6.2 does not allow in a field name becomes `_`. Values: every byte of the UTF-8 form that is not
 * printable ASCII, and the percent sign, is percent-encoded (RFC 3986 2.1), so that no value can end its header. Attributes
 * that would take the headers over `limit` bytes are left out whole: the body has them all.
 */
export function renderAttributeHeaders(attributes: Attributes, limit: number): string[] {
  const headers: string[] = [];
  const used = new Set<string>();
  let bytes = 0;
  for (const [attribute, values] of Object.entries(attributes)) {
    const name = `X-Nauthilus-${attribute.replace(NOT_TOKEN, '_')}`;
    if (values.length === 0 || used.has(name.toLowerCase()) || RESERVED.has(name.toLowerCase())) continue;
    const value = encodeHeaderValue(values.join(','));
    bytes += name.length + value.length + 4;
    if (bytes > limit) break;
    used.add(name.toLowerCase());
    headers.push(name, value);
  }
  return headers;
}

const RESERVED: ReadonlySet<string> = new Set(['x-nauthilus-session', 'x-nauthilus-memory-cache']);

/** Percent-encodes what may not stand in a header: control characters, what is not ASCII, and `%` itself. */
export function encodeHeaderValue(text: string): string {
  if (!NOT_PLAIN.test(text)) return text.trim() === text ? text : encodeOuterSpace(text);
  let encoded = '';
  for (const character of text) {
    if (!NOT_PLAIN.test(character)) encoded += character;
    else for (const byte of Buffer.from(character, 'utf8')) encoded += percent(byte);
  }
  return encodeOuterSpace(encoded);
}

/** Space at the ends of a header's value would be trimmed by who reads it. */
function encodeOuterSpace(text: string): string {
  return text.replace(/^ +| +$/g, (spaces) => '%20'.repeat(spaces.length));
}

function percent(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}

/** A name as the UTF-8 bytes that go over the wire: Node writes header values byte for character. */
export function headerBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
