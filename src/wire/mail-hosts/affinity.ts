import { hash } from 'node:crypto';

export interface Weighted {
  /** What makes it the same, also after the others have changed. */
  readonly key: string;
  readonly weight: number;
}

const SCALE = 2 ** 48;

/**
 * The one that an account belongs to, by weighted rendezvous hashing: each has a score for the account, and the highest counts. Where
 * one goes, only its own accounts move; where one comes, it takes its share from all others. `undefined` where there is none.
 */
export function chosenFor<T extends Weighted>(account: string, candidates: readonly T[]): T | undefined {
  const [only] = candidates;
  if (candidates.length < 2) return only;
  let best: T | undefined;
  let bestScore = Number.NEGATIVE_INFINITY;
  for (const candidate of candidates) {
    const score = scoreOf(account, candidate);
    if (score <= bestScore) continue;
    best = candidate;
    bestScore = score;
  }
  return best;
}

function scoreOf(account: string, { key, weight }: Weighted): number {
  const digest = hash('sha1', `${key}\0${account}`, 'buffer');
  // Strictly between 0 and 1.
  const share = (digest.readUIntBE(0, 6) + 0.5) / SCALE;
  return -weight / Math.log(share);
}
