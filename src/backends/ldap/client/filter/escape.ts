const PLAIN_IN_FILTER = /^[\w.@+=,:/ -]*$/;
const PLAIN_IN_DN = /^[\w.@:/-]*$/;

/**
 * A value as text for an LDAP filter (RFC 4515 3): every byte that is no plain ASCII letter, digit or one of
 * `_ . @ + = , : / -` and space is written as `\xx`.
 * A filter that is sent often is better compiled: `compileFilter` puts values in as bytes.
 */
export function escapeFilterValue(value: string | Uint8Array): string {
  if (typeof value === 'string' && PLAIN_IN_FILTER.test(value)) return value;
  return escapeBytes(value, PLAIN_IN_FILTER);
}

/** A value as text for a part of a DN (RFC 4514 2.4): every byte that is not plain is written as `\xx`. */
export function escapeDnValue(value: string | Uint8Array): string {
  if (typeof value === 'string' && PLAIN_IN_DN.test(value)) return value;
  return escapeBytes(value, PLAIN_IN_DN);
}

function escapeBytes(value: string | Uint8Array, plain: RegExp): string {
  let escaped = '';
  for (const byte of typeof value === 'string' ? Buffer.from(value, 'utf8') : value) {
    const character = String.fromCharCode(byte);
    escaped += byte < 0x80 && plain.test(character) ? character : `\\${byte.toString(16).padStart(2, '0')}`;
  }
  return escaped;
}
