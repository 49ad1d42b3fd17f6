import type { MaybePromise } from '../../state/outcome.ts';
import type { Turn } from '../../state/turn.ts';
import { andThen } from '../maybe-promise.ts';
import { type AccountCount, countOfAccountInTurn } from './account-count.ts';
import type { CountParts, Origin } from './guess-parts.ts';
import { countOfNetworksAhead, type NetworkCount, type NetworksSkipped } from './network-count.ts';
import type { Reservation } from './reservation.ts';

/** A guess that was counted as if it came from `origin`, where it does: else nothing of it is. */
export interface CountedAhead {
  readonly kind: 'counted';
  readonly origin: Origin;
  readonly ofNetworks: MaybePromise<NetworkCount | NetworksSkipped>;
  readonly ofAccount: MaybePromise<AccountCount>;
}

/** What is to be reserved for the password that was right here a short while ago. Nothing is counted for it. */
export interface ExpectedAhead {
  readonly kind: 'expected';
  readonly origin: Origin;
  readonly reservation: MaybePromise<Reservation | undefined>;
}

/** What was sent may be counted: to give it back the answer is waited for, also after the deadline of the attempt. */
const PATIENT = new AbortController().signal;

/** Counts a guess in a turn whose conditions were asked before. */
export function countAhead(origin: Origin, parts: CountParts, turn: Turn): CountedAhead {
  const ofNetworks = countOfNetworksAhead(origin, parts, PATIENT, turn);
  return { kind: 'counted', origin, ofNetworks, ofAccount: countOfAccountInTurn(origin, parts, turn, PATIENT) };
}

/**
 * What was asked of a guess before it was known whether it is to be counted at all, and where it comes from, so that a store that
 * is shared is asked once. Each has to be taken or dismissed in the end.
 */
export class Ahead {
  readonly #parts: CountParts;
  readonly #signal: AbortSignal;
  #cases: readonly (CountedAhead | ExpectedAhead)[];

  constructor(cases: readonly (CountedAhead | ExpectedAhead)[], parts: CountParts, signal: AbortSignal) {
    this.#cases = cases;
    this.#parts = parts;
    this.#signal = signal;
  }

  /** What was asked for a guess that comes from there indeed, where that was thought of. All else is dismissed. */
  take(origin: Origin): CountedAhead | ExpectedAhead | undefined {
    const taken = this.#cases.find((one) => isSame(one.origin, origin));
    this.#cases = this.#cases.filter((one) => one !== taken);
    this.dismiss();
    return taken;
  }

  /** Gives back what was counted. What was taken is left alone. */
  dismiss(): void {
    const { holds } = this.#parts;
    for (const one of this.#cases) {
      if (one.kind === 'expected') continue;
      void andThen(one.ofNetworks, (counted) =>
        counted.kind === 'counted' ? holds.giveBack(counted.taken, this.#signal) : undefined,
      );
      void andThen(one.ofAccount, ({ taken }) => holds.giveBack(taken, this.#signal));
    }
    this.#cases = [];
  }
}

/** Whether a guess is counted alike. Whether many come from an address is of no account where the network is known. */
function isSame(assumed: Origin, met: Origin): boolean {
  if (assumed.guess.accountKey !== met.guess.accountKey || assumed.knownIn !== met.knownIn) return false;
  return met.knownIn !== undefined || assumed.isShared === met.isShared;
}
