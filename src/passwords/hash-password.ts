import type { Secret } from '../login/secret.ts';
import { encodeHash } from './encoding.ts';
import { findScheme } from './scheme-table.ts';
import { HashNotMadeError, type SchemeName } from './scheme.ts';

/** The scheme of new passwords. */
export const DEFAULT_SCHEME: SchemeName = 'ARGON2ID';

// A colon or a line break would end the field of a passwd-file.
const SAFE_TEXT = /^[^\p{Cc}:\ufffd]+$/u;

/**
 * Makes a stored hash with its `{SCHEME}` prefix. `scheme` is a name, an alias, or one with `.b64`, `.base64` or `.hex`. The
 * password is hashed in Unicode normalisation form C (RFC 8265 4.2.2), which every later login is tried in too.
 * @throws {HashNotMadeError} for an unknown scheme and for a password that is empty, holds a NUL or is too long for the scheme.
 * @throws {HashingFailedError} where the hash could not be computed.
 */
export async function hashPassword(password: Secret, scheme: string = DEFAULT_SCHEME): Promise<string> {
  const chosen = findScheme(scheme);
  if (chosen.kind === 'problem') throw new HashNotMadeError('unknown-scheme', chosen.message);
  if (password.isEmpty) throw new HashNotMadeError('unusable-password', 'the password is empty');
  if (password.hasNul) throw new HashNotMadeError('unusable-password', 'the password holds a NUL byte');
  const { name, encoding } = chosen.scheme;
  const raw = await chosen.scheme.make(composed(password.reveal()));
  if (chosen.suffix !== undefined)
    return `{${name}.${chosen.suffix === 'hex' ? 'hex' : 'b64'}}${encodeHash(raw, chosen.suffix)}`;
  const text = encodeHash(raw, encoding);
  return SAFE_TEXT.test(text) ? `{${name}}${text}` : `{${name}.b64}${encodeHash(raw, 'base64')}`;
}

function composed(password: Buffer): Buffer {
  const text = password.toString('utf8');
  return text.includes('\ufffd') ? password : Buffer.from(text.normalize('NFC'), 'utf8');
}
