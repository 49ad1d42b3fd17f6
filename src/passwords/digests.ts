import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { type CheapAlgorithm, type Encoding, type PasswordScheme, problem, type SchemeName } from './scheme.ts';
import { UsableHash } from './usable-hash.ts';

const DIGEST_BYTES = { md5: 16, sha1: 20, sha256: 32, sha512: 64 } as const;
const MADE_SALT_BYTES = 16;
const MAX_SALT_BYTES = 256;
/** What Dovecot and OpenLDAP write at least; less is what is left of a hash that was cut. */
const MIN_SALT_BYTES = 4;

type Digest = keyof typeof DIGEST_BYTES;

/** Digest of the password alone: the same password has the same hash everywhere. */
export function unsaltedDigest(name: SchemeName, digest: Digest, encoding: Encoding = 'base64'): PasswordScheme {
  const algorithm: CheapAlgorithm = {
    name,
    cost: 'cheap',
    weakness: 'unsalted',
    check: (raw, password) => isDigest(raw, hash(digest, password, 'binary')),
  };
  return {
    name,
    encoding,
    rawBytes: DIGEST_BYTES[digest],
    cost: 'cheap',
    weakness: 'unsalted',
    read: (raw) => new UsableHash(algorithm, name, raw),
    make: (password) => Promise.resolve(hash(digest, password, 'buffer').toString('latin1')),
  };
}

/** Digest of password and salt, with the salt of any length after it (RFC 2307's form, extended to longer digests). */
export function saltedDigest(name: SchemeName, digest: Digest): PasswordScheme {
  const digestBytes = DIGEST_BYTES[digest];
  const algorithm: CheapAlgorithm = {
    name,
    cost: 'cheap',
    check: (raw, password) => {
      const salted = Buffer.allocUnsafe(password.length + raw.length - digestBytes);
      password.copy(salted);
      salted.write(raw.slice(digestBytes), password.length, 'latin1');
      const computed = hash(digest, salted, 'binary');
      salted.fill(0);
      return isDigest(raw.slice(0, digestBytes), computed);
    },
  };
  return {
    name,
    encoding: 'base64',
    cost: 'cheap',
    read: (raw) => {
      if (raw.length < digestBytes + MIN_SALT_BYTES) {
        return problem(
          `the ${name} hash has ${raw.length} bytes; ${digestBytes} and a salt of at least ${MIN_SALT_BYTES} are needed`,
        );
      }
      if (raw.length > digestBytes + MAX_SALT_BYTES) {
        return problem(`the ${name} hash has a salt of more than ${MAX_SALT_BYTES} bytes`);
      }
      return new UsableHash(algorithm, name, raw);
    },
    make: (password) => {
      const salt = randomBytes(MADE_SALT_BYTES);
      return Promise.resolve(Buffer.concat([digestOf(digest, password, salt), salt]).toString('latin1'));
    },
  };
}

const MAX_DIGEST_BYTES = Math.max(...Object.values(DIGEST_BYTES));
const left = Buffer.alloc(MAX_DIGEST_BYTES);
const right = Buffer.alloc(MAX_DIGEST_BYTES);

/**
 * Compares two digests, one character for each byte, in constant time. Digests that come as text and are compared in the same two
 * buffers take a third of the time that new buffers take.
 */
function isDigest(stored: string, computed: string): boolean {
  left.fill(0).write(stored, 'latin1');
  right.fill(0).write(computed, 'latin1');
  return timingSafeEqual(left, right) && stored.length === computed.length;
}

function digestOf(digest: Digest, password: Buffer, salt: Buffer): Buffer {
  const salted = Buffer.concat([password, salt]);
  const result = hash(digest, salted, 'buffer');
  salted.fill(0);
  return result;
}
