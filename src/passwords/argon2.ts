import { type Algorithm as Argon2Variant, hash, verify } from '@node-rs/argon2';
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

const MAX_MEMORY_KIB = 1024 * 1024;
const MAX_PASSES = 64;
/** Memory times passes: some seconds of work. */
const MAX_WORK_KIB = 4 * MAX_MEMORY_KIB;
const MAX_LANES = 64;

// RFC 9106 names both; a missing version means 1.0 (16). Keys have 16, 32 or 64 bytes, as every program makes them: a hash that was
// cut off has another length.
const FORM =
  /^\$argon2(id|i)\$(?:v=(?:16|19)\$)?m=([1-9]\d{0,9}),t=([1-9]\d{0,9}),p=([1-9]\d{0,2})\$([A-Za-z0-9+/]{11,64})\$([A-Za-z0-9+/]{22}|[A-Za-z0-9+/]{43}|[A-Za-z0-9+/]{86})$/;

const ARGON2ID = argon2Algorithm('ARGON2ID');
const ARGON2I = argon2Algorithm('ARGON2I');

// The package declares its variants as an ambient const enum, which has no values at run time.
const VARIANT_I = 1 as Argon2Variant.Argon2i;
const VARIANT_ID = 2 as Argon2Variant.Argon2id;

/** RFC 9106 Argon2id; made with 19 MiB, two passes, one lane, the first choice of OWASP's list that fits a busy server. */
export const argon2id: PasswordScheme = {
  name: 'ARGON2ID',
  encoding: 'text',
  cost: 'costly',
  read: readArgon2,
  make: (password) => make(password, { algorithm: VARIANT_ID, memoryCost: 19_456, timeCost: 2 }),
};

/** RFC 9106 Argon2i; made with 32 MiB and four passes, as it needs more passes for the same strength. */
export const argon2i: PasswordScheme = {
  name: 'ARGON2I',
  encoding: 'text',
  cost: 'costly',
  read: readArgon2,
  make: (password) => make(password, { algorithm: VARIANT_I, memoryCost: 32_768, timeCost: 4 }),
};

/** Reads both variants, under either name, as Dovecot does. */
function readArgon2(raw: RawHash): UsableHash | HashProblem {
  const match = FORM.exec(raw);
  if (match === null) return problem('the Argon2 hash is not of the form $argon2id$v=19$m=…,t=…,p=…$salt$key');
  const [, variant, m, t, p, salt = '', key = ''] = match;
  const memory = Number(m);
  const passes = Number(t);
  const lanes = Number(p);
  if (memory > MAX_MEMORY_KIB) return problem(`the Argon2 hash asks for more than ${MAX_MEMORY_KIB} KiB of memory`);
  if (passes > MAX_PASSES) return problem(`the Argon2 hash asks for more than ${MAX_PASSES} passes`);
  if (memory * passes > MAX_WORK_KIB)
    return problem(`the Argon2 hash asks for more than ${MAX_WORK_KIB} KiB of memory times passes`);
  if (lanes > MAX_LANES) return problem(`the Argon2 hash asks for more than ${MAX_LANES} lanes`);
  if (memory < 8 * lanes) return problem('the Argon2 hash has less than 8 KiB of memory for each lane');
  if (!endsOnByte(salt) || !endsOnByte(key))
    return problem('the Argon2 hash has a salt or key that is not valid base64');
  const algorithm = variant === 'id' ? ARGON2ID : ARGON2I;
  return new UsableHash(algorithm, sharedProfile(`${algorithm.name} m=${memory},t=${passes},p=${lanes}`), raw);
}

function argon2Algorithm(name: string): CostlyAlgorithm {
  return {
    name,
    cost: 'costly',
    check: async (raw, password) => {
      try {
        return await verify(raw, password);
      } catch (error) {
        throw new HashingFailedError(`${name} could not be computed`, { cause: error });
      }
    },
  };
}

interface MadeCosts {
  readonly algorithm: Argon2Variant;
  readonly memoryCost: number;
  readonly timeCost: number;
}

async function make(password: Buffer, costs: MadeCosts): Promise<RawHash> {
  try {
    return await hash(password, { ...costs, parallelism: 1 });
  } catch (error) {
    throw new HashingFailedError('the Argon2 hash could not be computed', { cause: error });
  }
}

const BASE64_DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** True where unpadded base64 has no stray bits at its end; the strict decoder of the library refuses others. */
function endsOnByte(text: string): boolean {
  const strayBits = { 0: 0, 1: 6, 2: 4, 3: 2 }[text.length % 4] as number;
  return strayBits < 6 && BASE64_DIGITS.indexOf(text.at(-1) as string) % (1 << strayBits) === 0;
}
