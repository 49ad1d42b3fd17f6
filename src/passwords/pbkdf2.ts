import { pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { sharedProfile } from './profile.ts';
import {
  type CostlyAlgorithm,
  HashingFailedError,
  type HashProblem,
  type PasswordScheme,
  problem,
  type RawHash,
} from './scheme.ts';
import { UsableHash } from './usable-hash.ts';

const deriveKey = promisify(pbkdf2);

const KEY_BYTES = 20;
const MAX_ROUNDS = 10_000_000;
/** OWASP's number for HMAC-SHA1. */
const MADE_ROUNDS = 1_300_000;
const FORM = /^\$1\$([^$]{1,256})\$([1-9]\d{0,9})\$([0-9A-Fa-f]{40})$/;

const PBKDF2: CostlyAlgorithm = {
  name: 'PBKDF2',
  cost: 'costly',
  check: async (raw, password) => {
    const [, , salt = '', rounds, key = ''] = raw.split('$');
    const derived = await derive(password, Buffer.from(salt, 'latin1'), Number(rounds));
    return timingSafeEqual(derived, Buffer.from(key, 'hex'));
  },
};

/** PBKDF2 with HMAC-SHA1 in Dovecot's form `$1$salt$rounds$key`, the key in hex. */
export const pbkdf2Scheme: PasswordScheme = {
  name: 'PBKDF2',
  encoding: 'text',
  cost: 'costly',
  read,
  make: async (password) => {
    const salt = randomBytes(12).toString('base64url');
    const key = await derive(password, Buffer.from(salt), MADE_ROUNDS);
    return `$1$${salt}$${MADE_ROUNDS}$${key.toString('hex')}`;
  },
};

function read(raw: RawHash): UsableHash | HashProblem {
  const rounds = FORM.exec(raw)?.[2];
  if (rounds === undefined) return problem('the PBKDF2 hash is not of the form $1$salt$rounds$40-hex-digits');
  if (Number(rounds) > MAX_ROUNDS) return problem(`the PBKDF2 hash asks for more than ${MAX_ROUNDS} rounds`);
  return new UsableHash(PBKDF2, sharedProfile(`PBKDF2 rounds=${Number(rounds)}`), raw);
}

async function derive(password: Buffer, salt: Buffer, rounds: number): Promise<Buffer> {
  try {
    return await deriveKey(password, salt, rounds, KEY_BYTES, 'sha1');
  } catch (error) {
    throw new HashingFailedError('PBKDF2 could not be computed', { cause: error });
  }
}
