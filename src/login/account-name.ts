/** A login or account name that passed {@link parseAccountName}: safe to look up, to log and to put in a header. */
export type AccountName = string & { readonly __brand: 'AccountName' };

/** Longest name in UTF-8 bytes. RFC 5321 4.5.3.1 allows 64 + 1 + 255; master logins hold two names. */
export const MAX_ACCOUNT_NAME_BYTES = 1024;

// Control characters, space and what has a meaning in filters, macros and passwd files can be in no name.
const FORBIDDEN = /[\u0000-\u0020\u007f-\u00a0(){}%"\\\u2028\u2029\ufeff\ufffd]/u;
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Turns what a client typed as its name into an account name in Unicode normalisation form C, or `undefined` where no
 * account can have that name: empty, longer than 1,024 bytes, or holding control characters, space, `( ) { } % " \`.
 */
export function parseAccountName(text: string): AccountName | undefined {
  if (text.length === 0 || text.length > MAX_ACCOUNT_NAME_BYTES) return undefined;
  if (FORBIDDEN.test(text) || LONE_SURROGATE.test(text)) return undefined;
  const name = text.normalize('NFC');
  return Buffer.byteLength(name) > MAX_ACCOUNT_NAME_BYTES ? undefined : (name as AccountName);
}
