import type { RuleFinding } from '../../login/verdict.ts';
import type { MaybePromise } from '../../state/outcome.ts';
import { andThen } from '../maybe-promise.ts';
import type { CountParts, Origin } from './guess-parts.ts';
import { blockNetworks, countOfNetworks, type OverLimit } from './network-count.ts';
import type { Hold } from './holds.ts';
import type { Ticket, UnderWay } from './under-way.ts';

/** What becomes of a guess by the networks that it comes out of. */
export type CrowdCount =
  | {
      readonly kind: 'counted';
      readonly taken: readonly Hold[];
      readonly findings: readonly RuleFinding[];
      readonly ticket: Ticket;
    }
  | { readonly kind: 'refused'; readonly findings: readonly RuleFinding[] }
  | { readonly kind: 'crowded'; readonly network: string };

const MAX_WAITING = 4096;
const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 160;
/** How long proofs of other processes, which count in the same stores, may be under way. */
const OTHERS_MS = 2000;

/**
 * Tells a crowd from an attack. A guess counts against its network until its password is proven, so that after a power cut the
 * right logins of an office can pass a limit together. Who is beyond it therefore waits until all that came before him are
 * settled: only what is counted then is a reason to block anybody. Who would wait longer than his decision may take, or with too
 * many others, is answered that it cannot be told.
 */
export class NetworkCrowd {
  readonly #parts: CountParts;
  readonly #underWay: UnderWay;
  #waiting = 0;

  constructor(parts: CountParts, underWay: UnderWay) {
    this.#parts = parts;
    this.#underWay = underWay;
  }

  /** Attempts that wait for others. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Counts a guess; what is counted is under way until its ticket is given back. */
  count(origin: Origin, signal: AbortSignal): MaybePromise<CrowdCount> {
    const { ticks, isShared } = this.#parts;
    const begunMs = ticks();
    return andThen(this.#try(origin, signal), (tried) => {
      if (tried.kind !== 'over') return tried;
      if (!isShared && !this.#underWay.hasFrom(begunMs)) return this.#refuse(tried, signal);
      if (this.#waiting >= MAX_WAITING) return crowded(tried);
      this.#waiting += 1;
      return this.#wait(origin, tried, begunMs, signal).finally(() => {
        this.#waiting -= 1;
      });
    });
  }

  async #wait(origin: Origin, first: OverLimit, begunMs: number, signal: AbortSignal): Promise<CrowdCount> {
    const { pause, ticks, isShared } = this.#parts;
    let over = first;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(LONGEST_PAUSE_MS, 2 * pauseMs)) {
      await pause(pauseMs, signal);
      if (signal.aborted) return crowded(over);
      const areSettled = !this.#underWay.hasFrom(begunMs) && (!isShared || ticks() - begunMs >= OTHERS_MS);
      const again = await this.#try(origin, signal);
      if (again.kind !== 'over') return again;
      if (areSettled) return await this.#refuse(again, signal);
      over = again;
    }
  }

  #try(origin: Origin, signal: AbortSignal): MaybePromise<OverLimit | Extract<CrowdCount, { kind: 'counted' }>> {
    const ticket = this.#underWay.enter();
    return andThen(countOfNetworks(origin, this.#parts, signal), (counted) => {
      if (counted.kind === 'counted') return { ...counted, ticket };
      this.#underWay.leave(ticket);
      return counted;
    });
  }

  #refuse(over: OverLimit, signal: AbortSignal): MaybePromise<CrowdCount> {
    return andThen(blockNetworks(over, this.#parts, signal), (findings) => ({ kind: 'refused', findings }));
  }
}

function crowded({ passed }: OverLimit): CrowdCount {
  return { kind: 'crowded', network: passed[0]?.network ?? '' };
}
