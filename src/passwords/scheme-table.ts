import { argon2i, argon2id } from './argon2.ts';
import { cryptSchemes } from './crypt-schemes.ts';
import { cryptThreads } from './crypt-threads.ts';
import { saltedDigest, unsaltedDigest } from './digests.ts';
import { openLibcrypt } from './libcrypt.ts';
import { pbkdf2Scheme } from './pbkdf2.ts';
import { plain } from './plain.ts';
import {
  type Encoding,
  type HashProblem,
  type PasswordScheme,
  problem,
  SCHEME_NAMES,
  type SchemeName,
} from './scheme.ts';

/** A scheme as a name in braces chose it: `SSHA512.hex` asks for an encoding too. */
export interface ChosenScheme {
  readonly kind: 'scheme';
  readonly scheme: PasswordScheme;
  readonly suffix: Encoding | undefined;
}

const SUFFIXES: ReadonlyMap<string | undefined, Encoding | undefined> = new Map([
  [undefined, undefined],
  ['B64', 'base64'],
  ['BASE64', 'base64'],
  ['HEX', 'hex'],
]);

/** Dovecot's other names for the same schemes. */
const ALIASES: ReadonlyMap<string, SchemeName> = new Map([
  ['SHA', 'SHA1'],
  ['CLEAR', 'PLAIN'],
  ['CLEARTEXT', 'PLAIN'],
]);

/** Schemes of Dovecot and of LDAP servers that hold keys of one mechanism only, or are not worth keeping. */
const UNSUPPORTED: ReadonlySet<string> = new Set([
  'CRAM-MD5',
  'DIGEST-MD5',
  'HMAC-MD5',
  'LANMAN',
  'NTLM',
  'OTP',
  'PLAIN-MD4',
  'PLAIN-TRUNC',
  'RPA',
  'SASL',
  'SCRAM-SHA-1',
  'SCRAM-SHA-256',
  'SKEY',
]);

/** Other names of a scheme, in upper case. */
export function aliasesOf(name: SchemeName): readonly string[] {
  return [...ALIASES].filter(([, target]) => target === name).map(([alias]) => alias);
}

let table: ReadonlyMap<string, PasswordScheme> | undefined;

/** All schemes in the order in which they are listed. The system's library is opened at the first call. */
export function allSchemes(): readonly PasswordScheme[] {
  return [...schemeTable().values()];
}

/** Finds a scheme by its name or alias in any case, with an optional `.b64`, `.base64` or `.hex`. */
export function findScheme(text: string): ChosenScheme | HashProblem {
  const [name = '', suffixText, ...rest] = text.toUpperCase().split('.');
  const scheme = schemeTable().get(ALIASES.get(name) ?? name);
  if (scheme === undefined || rest.length > 0) return unsupported(name);
  if (!SUFFIXES.has(suffixText)) {
    return problem(`the password scheme ${scheme.name} has an unknown encoding; supported are .b64, .base64 and .hex`);
  }
  return { kind: 'scheme', scheme, suffix: SUFFIXES.get(suffixText) };
}

// A name that is no scheme's is not repeated: it may be the start of a plain-text password stored without its scheme.
function unsupported(name: string): HashProblem {
  const which = UNSUPPORTED.has(name) ? `scheme ${name} is not supported` : 'scheme is unknown';
  return problem(`the password ${which}; supported are ${SCHEME_NAMES.join(', ')}`);
}

function schemeTable(): ReadonlyMap<string, PasswordScheme> {
  table ??= buildTable();
  return table;
}

function buildTable(): ReadonlyMap<string, PasswordScheme> {
  const plainMd5 = unsaltedDigest('PLAIN-MD5', 'md5', 'hex');
  const schemes = [
    argon2id,
    argon2i,
    ...cryptSchemes({ system: openLibcrypt(), fallback: cryptThreads() }, plainMd5),
    pbkdf2Scheme,
    saltedDigest('SSHA512', 'sha512'),
    saltedDigest('SSHA256', 'sha256'),
    saltedDigest('SSHA', 'sha1'),
    saltedDigest('SMD5', 'md5'),
    unsaltedDigest('SHA512', 'sha512'),
    unsaltedDigest('SHA256', 'sha256'),
    unsaltedDigest('SHA1', 'sha1'),
    plainMd5,
    unsaltedDigest('LDAP-MD5', 'md5'),
    plain,
  ];
  const byName = new Map(schemes.map((scheme) => [scheme.name, scheme]));
  return new Map(SCHEME_NAMES.map((name) => [name, byName.get(name) as PasswordScheme]));
}
