import { hash, randomBytes } from 'node:crypto';
import { parseStoredPassword } from './stored-password.ts';
import type { UsableHash } from './usable-hash.ts';

/** What a file without any password is taken to use: the costs of new passwords. Nobody knows a password for it. */
const EMPTY_FILE_DECOY =
  '{ARGON2ID}$argon2id$v=19$m=19456,t=2,p=1$pUGDONHY3oTOhMPKTgZ5Zg$2a4qdXrwGzbQwBBp0h3qYFOLPdVR3X5yOoQs5xc0dxc';

const SCALE = 2 ** 32;
/** Secret, so that nobody outside can work out which decoy a name gets. */
const KEY = randomBytes(16).toString('latin1');

interface Share {
  readonly hash: UsableHash;
  count: number;
}

/**
 * Hashes to check passwords of unknown users against, so that they cost what known users cost. In a file with several kinds of
 * hashes each unknown name gets one of them, always the same one, as often as the file has it: then the time that an answer
 * takes says which kind a name has, never whether it is known.
 */
export class DecoyHashes {
  readonly #shares = new Map<string, Share>();
  #total = 0;

  /** Counts the hash of an account. */
  count(usable: UsableHash): void {
    this.#total += 1;
    const share = this.#shares.get(usable.profile);
    if (share === undefined) this.#shares.set(usable.profile, { hash: usable, count: 1 });
    else share.count += 1;
  }

  /** The hash for a name that has none of its own. */
  for(name: string): UsableHash {
    const [first] = this.#shares.values();
    if (first === undefined) return emptyFileDecoy();
    if (this.#shares.size === 1) return first.hash;
    let place = (hash('sha256', KEY + name, 'buffer').readUInt32BE(0) / SCALE) * this.#total;
    for (const share of this.#shares.values()) {
      place -= share.count;
      if (place < 0) return share.hash;
    }
    return first.hash;
  }
}

function emptyFileDecoy(): UsableHash {
  const decoy = parseStoredPassword(EMPTY_FILE_DECOY, 'ARGON2ID');
  if (decoy.kind === 'problem') throw new Error(decoy.message);
  return decoy;
}
