import { decodeHash } from './encoding.ts';
import { findScheme } from './scheme-table.ts';
import { type HashProblem, problem, type SchemeName } from './scheme.ts';
import type { UsableHash } from './usable-hash.ts';

/** Longer than any hash within the limits of its scheme, however it is encoded. */
const MAX_TEXT_LENGTH = 4096;
const BARE_MD5_CRYPT = /^(\$1\$[^$]{0,8}\$[./0-9A-Za-z]{22})(?:\$|$)/;

/**
 * Reads a stored password as Dovecot writes it: `{SCHEME}hash`, `{SCHEME.b64}…`, `{SCHEME.hex}…`, or a bare hash of
 * `defaultScheme`. Computes nothing and never throws; what it accepts can be checked. A bare `$1$` hash is MD5-CRYPT whatever
 * the default, and what follows its key is left out, as in Dovecot.
 */
export function parseStoredPassword(text: string, defaultScheme: SchemeName): UsableHash | HashProblem {
  if (text.length > MAX_TEXT_LENGTH) return problem(`the stored password is longer than ${MAX_TEXT_LENGTH} characters`);
  const bareMd5Crypt = BARE_MD5_CRYPT.exec(text)?.[1];
  if (bareMd5Crypt !== undefined) return readValue(bareMd5Crypt, 'MD5-CRYPT');
  if (!text.startsWith('{')) return readValue(text, defaultScheme);
  const end = text.indexOf('}');
  if (end === -1) return problem('the stored password starts with a brace that is never closed');
  return readValue(text.slice(end + 1), text.slice(1, end));
}

function readValue(value: string, schemeText: string): UsableHash | HashProblem {
  const chosen = findScheme(schemeText);
  if (chosen.kind === 'problem') return chosen;
  if (value === '') return problem(`the ${chosen.scheme.name} hash is empty`);
  const raw = decodeHash(value, chosen.scheme, chosen.suffix);
  return typeof raw === 'string' ? chosen.scheme.read(raw) : raw;
}
