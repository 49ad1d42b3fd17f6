import { parseStoredPassword } from '../../passwords/stored-password.ts';
import type { HashProblem } from '../../passwords/scheme.ts';
import type { UsableHash } from '../../passwords/usable-hash.ts';

// OpenLDAP's argon2 module has one name for what Dovecot and our registry call ARGON2ID and ARGON2I.
const OPENLDAP_ARGON2 = /^\{ARGON2\}\$(argon2id?)\$/i;

/**
 * Reads a value of `userPassword`: `{SCHEME}hash`, or the password itself where there is no scheme (RFC 4519 2.41 and
 * RFC 2307 5.3). An entry may have several; any of them may be the right one.
 */
export function readUserPassword(value: Buffer): UsableHash | HashProblem {
  const text = value.toString('utf8');
  return parseStoredPassword(text.replace(OPENLDAP_ARGON2, '{$1}$$$1$$'), 'PLAIN');
}
