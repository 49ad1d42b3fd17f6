import { hash, verify } from '@node-rs/bcrypt';
import { sharedProfile } from './profile.ts';
import {
  type CostlyAlgorithm,
  HashingFailedError,
  HashNotMadeError,
  type HashProblem,
  problem,
  type RawHash,
} from './scheme.ts';
import { UsableHash } from './usable-hash.ts';

const MIN_COST = 4;
const MAX_COST = 16;
const MADE_COST = 12;
/** bcrypt looks at no more of a password than this. */
const MAX_PASSWORD_BYTES = 72;

// The last digits of salt and key hold fewer than six bits; crypt(3) never writes others, so others could never match.
const FORM = /^\$2[abxy]\$(\d\d)\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{30}[.CGKOSWaeimquy26]$/;

const BCRYPT: CostlyAlgorithm = {
  name: 'BLF-CRYPT',
  cost: 'costly',
  check: async (raw, password) => {
    if (password.includes(0)) return false;
    try {
      return await verify(password, raw);
    } catch (error) {
      throw new HashingFailedError('bcrypt could not be computed', { cause: error });
    }
  },
};

/** Reads `$2a$`, `$2b$` and `$2y$`; `signExtended` checks `$2x$`, the hashes of an old mistake that the library does not repeat. */
export function readBcrypt(raw: RawHash, signExtended: CostlyAlgorithm | HashProblem): UsableHash | HashProblem {
  const digits = FORM.exec(raw)?.[1];
  if (digits === undefined) return problem('the bcrypt hash is not of the form $2y$cost$ and 53 characters');
  const cost = Number(digits);
  if (cost < MIN_COST || cost > MAX_COST)
    return problem(`the bcrypt hash has a cost outside ${MIN_COST} to ${MAX_COST}`);
  const profile = sharedProfile(`BLF-CRYPT cost=${cost}`);
  if (!raw.startsWith('$2x$')) return new UsableHash(BCRYPT, profile, raw);
  return 'kind' in signExtended ? signExtended : new UsableHash(signExtended, profile, raw);
}

/**
 * Makes a `$2y$` hash with cost 12.
 * @throws {HashNotMadeError} for a password of more than 72 bytes, the rest of which would protect nothing.
 */
export async function makeBcrypt(password: Buffer): Promise<RawHash> {
  if (password.length > MAX_PASSWORD_BYTES) {
    throw new HashNotMadeError(
      'unusable-password',
      `bcrypt uses only the first ${MAX_PASSWORD_BYTES} bytes of a password; choose a shorter one or another scheme`,
    );
  }
  try {
    return await hash(password, { cost: MADE_COST, version: '2y' });
  } catch (error) {
    throw new HashingFailedError('the bcrypt hash could not be computed', { cause: error });
  }
}
