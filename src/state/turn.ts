import type { Counted } from './counters.ts';
import type { Unavailable } from './outcome.ts';

/** What a hit has to do with others of its turn. */
export interface InTurn {
  readonly turn: Turn;
  /** It is counted only where the turn has not ended before it. */
  readonly isLater: boolean;
  /** What ends the turn: that it is not let through, or also that it was a member before and the limit is reached. */
  readonly endsWhen?: 'over' | 'used-up' | undefined;
}

/** What is answered to a hit whose turn has ended before it: it is not let through, and was not looked at. */
export const NOT_ITS_TURN: Counted = { kind: 'counted', count: 0, isOver: true, isKnown: false, isSkipped: true };

/**
 * Hits that are asked at once and depend on each other: a later one is counted only where no earlier one has ended the turn. A
 * store that can tell in one step waits for nothing in between.
 */
export class Turn {
  readonly #asked: Promise<unknown>[] = [];
  #isEnded = false;
  #batch: object | undefined;
  #isScattered = false;

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Takes note of an answer to one of its hits. */
  learn(answer: Counted | Unavailable, limit: number, { endsWhen }: InTurn): void {
    if (answer.kind !== 'counted' || endsWhen === undefined) return;
    const isUsedUp = endsWhen === 'used-up' && answer.isKnown && answer.count >= limit;
    if (answer.isOver || isUsedUp) this.#isEnded = true;
  }

  /** Takes note of what one of its hits is asked with. True where all so far are asked with the same. */
  join(batch: object): boolean {
    this.#batch ??= batch;
    if (this.#batch !== batch) this.#isScattered = true;
    return !this.#isScattered;
  }

  /** Takes note of a hit that is on its way. */
  add(hit: Promise<unknown>): void {
    this.#asked.push(hit);
  }

  /** Fulfilled when all hits that were on their way are answered. */
  whenAnswered(): Promise<unknown> {
    return Promise.all(this.#asked);
  }
}
