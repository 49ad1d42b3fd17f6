import type { RuleFinding } from '../../login/verdict.ts';
import { failedCounter } from '../../protection/network-ladder.ts';
import type { MaybePromise } from '../../state/outcome.ts';
import type { Turn } from '../../state/turn.ts';
import { allOf, andThen } from '../maybe-promise.ts';
import type { CountParts, Origin } from './guess-parts.ts';
import type { Hold } from './holds.ts';
import { blockNetworks, countOfNetworks, lookAtNetworks, type NetworkCount, type OverLimit } from './network-count.ts';

/** What becomes of a guess by the networks that it comes out of. */
export type CrowdCount =
  | { readonly kind: 'counted'; readonly taken: readonly Hold[]; readonly findings: readonly RuleFinding[] }
  | { readonly kind: 'refused'; readonly findings: readonly RuleFinding[] }
  | { readonly kind: 'crowded'; readonly network: string };

type Judged = Exclude<CrowdCount, { readonly kind: 'crowded' }>;

const MAX_WAITING = 4096;
const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 160;
/** No proof of another process is under way for longer; one that is counted still was left behind by a process that died. */
const LEFT_BEHIND_MS = 5000;

/**
 * Tells a crowd from an attack. A guess counts against its network until its password is proven, so that after a power cut the
 * right logins of an office can pass a limit together. Who is beyond it therefore waits until it is known which of what is
 * counted has failed: only that is a reason to refuse and to block. Who would wait for longer than his decision may take, or with
 * too many others, is answered that it cannot be told.
 */
export class NetworkCrowd {
  readonly #parts: CountParts;
  #waiting = 0;

  constructor(parts: CountParts) {
    this.#parts = parts;
  }

  /** Attempts that wait for others. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Counts a guess. The turn ends where a limit does not let it through at once. */
  count(origin: Origin, signal: AbortSignal, turn?: Turn): MaybePromise<CrowdCount> {
    return andThen(countOfNetworks(origin, this.#parts, signal, turn), (counted) =>
      this.judge(origin, counted, signal),
    );
  }

  /** What becomes of a guess that was counted. */
  judge(origin: Origin, counted: NetworkCount, signal: AbortSignal): MaybePromise<CrowdCount> {
    if (counted.kind === 'counted') return counted;
    return andThen(this.#hasFailed(counted, signal), (hasFailed) => {
      if (hasFailed) return this.#refuse(counted, signal);
      if (this.#waiting >= MAX_WAITING) return crowded(counted);
      this.#waiting += 1;
      return this.#wait(origin, counted, signal).finally(() => {
        this.#waiting -= 1;
      });
    });
  }

  /** Judges a guess without counting it. What is under way is not waited for: a limit that only it has passed holds against nobody. */
  look(origin: Origin, signal: AbortSignal): MaybePromise<Judged> {
    return andThen(lookAtNetworks(origin, this.#parts, signal), (looked): MaybePromise<Judged> => {
      if (looked.kind === 'counted') return looked;
      return andThen(this.#hasFailed(looked, signal), (hasFailed): MaybePromise<Judged> => {
        return hasFailed ? this.#refuse(looked, signal) : { kind: 'counted', taken: [], findings: looked.findings };
      });
    });
  }

  async #wait(origin: Origin, first: OverLimit, signal: AbortSignal): Promise<CrowdCount> {
    const { pause, ticks, isShared } = this.#parts;
    const begunMs = ticks();
    let over = first;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(LONGEST_PAUSE_MS, 2 * pauseMs)) {
      await pause(pauseMs, signal);
      if (signal.aborted) return crowded(over);
      const again = await countOfNetworks({ ...origin, isLate: true }, this.#parts, signal);
      if (again.kind === 'counted') return again;
      over = again;
      if (await this.#hasFailed(over, signal)) return await this.#refuse(over, signal);
      if (isShared && ticks() - begunMs >= LEFT_BEHIND_MS) return letThrough(over);
    }
  }

  /** Whether a limit is reached by guesses that have failed, without those that are under way. */
  #hasFailed({ passed }: OverLimit, signal: AbortSignal): MaybePromise<boolean> {
    const { isShared, holds, networks } = this.#parts;
    if (!isShared) return passed.some(({ counter }) => !holds.hasNew(counter));
    const failed = allOf(passed.map(({ counter }) => networks.peek(failedCounter(counter), signal)));
    return andThen(failed, (answers) => answers.some((answer) => answer.kind === 'counted' && answer.isOver));
  }

  #refuse(over: OverLimit, signal: AbortSignal): MaybePromise<Judged> {
    return andThen(blockNetworks(over, this.#parts, signal), (findings) => ({ kind: 'refused', findings }));
  }
}

function crowded({ passed }: OverLimit): CrowdCount {
  return { kind: 'crowded', network: passed[0]?.network ?? '' };
}

function letThrough({ passed, findings }: OverLimit): CrowdCount {
  const observed = passed.map(({ rung, network, counter: { limit } }): RuleFinding => {
    return { rule: rung?.rule.name ?? 'spraying', effect: 'observed', network, count: limit, limit };
  });
  return { kind: 'counted', taken: [], findings: [...findings, ...observed] };
}
