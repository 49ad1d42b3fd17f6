import type { RuleFinding } from '../../login/verdict.ts';
import type { MaybePromise } from '../../state/outcome.ts';
import { Turn } from '../../state/turn.ts';
import { andThen } from '../maybe-promise.ts';
import { type AccountCount, countOfAccount, countOfAccountInTurn } from './account-count.ts';
import type { CountedAhead } from './ahead.ts';
import type { CountParts, Origin } from './guess-parts.ts';
import type { Meetings, Refused } from './meetings.ts';
import type { CrowdCount, NetworkCrowd } from './network-crowd.ts';
import type { Reservation } from './reservation.ts';

export type Admission =
  | { readonly kind: 'admitted'; readonly reservation: Reservation; readonly observed: readonly RuleFinding[] }
  | Refused
  /** So many attempts of the network are under way that it cannot be told. */
  | { readonly kind: 'crowded'; readonly network: string };

type CountedCrowd = Extract<CrowdCount, { kind: 'counted' }>;

const NONE: readonly RuleFinding[] = [];

/** Counts guesses before a backend is asked, and says which may be made. */
export class GuessCount {
  readonly #parts: CountParts;
  readonly #crowd: NetworkCrowd;
  readonly #meetings: Meetings;

  constructor(parts: CountParts, crowd: NetworkCrowd, meetings: Meetings) {
    this.#parts = parts;
    this.#crowd = crowd;
    this.#meetings = meetings;
  }

  /** First by network, then of the account: what an account is charged with is never taken back for the sake of a network. */
  count(origin: Origin, signal: AbortSignal): MaybePromise<Admission> {
    if (this.#parts.isShared) return this.#countInTurn(origin, signal);
    const counted = this.#crowd.count(origin, signal);
    return counted instanceof Promise
      ? counted.then((ofNetworks) => this.#countOfAccount({ ...origin, isLate: true }, ofNetworks, signal))
      : this.#countOfAccount(origin, counted, signal);
  }

  /** Does so without a trip to the store in between. */
  async #countInTurn(origin: Origin, signal: AbortSignal): Promise<Admission> {
    const turn = new Turn();
    const counted = this.#crowd.count(origin, signal, turn);
    const ofAccount = await countOfAccountInTurn(origin, this.#parts, turn, signal);
    return this.#counted(origin, await counted, ofAccount, signal);
  }

  /** Goes on with what was counted ahead, or counts now where that was void. */
  async adopt({ origin, ...counted }: CountedAhead, signal: AbortSignal): Promise<Admission> {
    const [ofNetworks, ofAccount] = await Promise.all([counted.ofNetworks, counted.ofAccount]);
    if (ofNetworks.kind !== 'skipped')
      return this.#counted(origin, await this.#crowd.judge(origin, ofNetworks, signal), ofAccount, signal);
    await this.#parts.holds.giveBack(ofAccount.taken, signal);
    return this.count(origin, signal);
  }

  async #counted(
    origin: Origin,
    ofNetworks: CrowdCount,
    ofAccount: AccountCount,
    signal: AbortSignal,
  ): Promise<Admission> {
    // The network let it through only after others had their outcome.
    if (ofAccount.kind === 'skipped') return this.#countOfAccount({ ...origin, isLate: true }, ofNetworks, signal);
    if (ofNetworks.kind === 'counted') return this.#admitted(origin, ofNetworks, ofAccount, signal);
    // The store went away in between.
    await this.#parts.holds.giveBack(ofAccount.taken, signal);
    return this.#notCounted(ofNetworks);
  }

  #countOfAccount(origin: Origin, ofNetworks: CrowdCount, signal: AbortSignal): MaybePromise<Admission> {
    if (ofNetworks.kind !== 'counted') return this.#notCounted(ofNetworks);
    const counted = countOfAccount(origin, this.#parts, signal);
    if (counted instanceof Promise) this.#parts.holds.hold(ofNetworks.taken);
    return andThen(counted, (ofAccount) => this.#admitted(origin, ofNetworks, ofAccount, signal));
  }

  #notCounted(ofNetworks: Exclude<CrowdCount, CountedCrowd>): Admission {
    return ofNetworks.kind === 'crowded' ? ofNetworks : this.#meetings.refused(ofNetworks.findings);
  }

  #admitted(
    origin: Origin,
    ofNetworks: CountedCrowd,
    ofAccount: AccountCount,
    signal: AbortSignal,
  ): MaybePromise<Admission> {
    const findings =
      ofNetworks.findings.length === 0 ? ofAccount.findings : [...ofNetworks.findings, ...ofAccount.findings];
    if (ofAccount.kind === 'over') {
      return andThen(this.#parts.holds.giveBack(ofNetworks.taken, signal), () => this.#meetings.refused(findings));
    }
    const { taken, tried } = ofAccount;
    // Nobody is left to settle it.
    if (signal.aborted) void this.#parts.holds.giveBack([...ofNetworks.taken, ...taken], signal);
    return {
      kind: 'admitted',
      reservation: {
        guess: origin.guess,
        ofNetworks: ofNetworks.taken,
        ofAccount: taken,
        tried,
        admittedAt: this.#parts.ticks(),
        isInKnownNetwork: origin.knownIn !== undefined,
      },
      observed: findings.length === 0 ? NONE : findings,
    };
  }
}
