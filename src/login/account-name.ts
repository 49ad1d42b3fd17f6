/** A login or account name that passed {@link parseAccountName}: safe to look up, to log and to put in a header. */
export type AccountName = string & { readonly __brand: 'AccountName' };

/** Longest name in UTF-8 bytes. RFC 5321 4.5.3.1 allows 64 + 1 + 255; master logins hold two names. */
export const MAX_ACCOUNT_NAME_BYTES = 1024;

// Names of these characters only need no further look; most names are such.
const PLAIN = /^[!#$&'*-[\]-z|~]+$/;
// Control characters, space of any kind, what turns or hides text, and what has a meaning in filters, macros and passwd files.
const FORBIDDEN = /[\p{Cc}\p{Z}\p{Cs}(){}%"\\\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffd]/u;

/**
 * Turns what a client typed as its name into an account name in Unicode normalisation form C, or `undefined` where no
 * account can have that name: empty, longer than 1,024 bytes, or holding control characters, space, invisible characters,
 * `( ) { } % " \`.
 */
export function parseAccountName(text: string): AccountName | undefined {
  if (text.length === 0 || text.length > MAX_ACCOUNT_NAME_BYTES) return undefined;
  if (PLAIN.test(text)) return text as AccountName;
  const name = text.normalize('NFC');
  if (FORBIDDEN.test(name) || Buffer.byteLength(name) > MAX_ACCOUNT_NAME_BYTES) return undefined;
  return name as AccountName;
}
