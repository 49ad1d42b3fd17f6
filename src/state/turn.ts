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

/** A look at a counter that makes a turn void by what it finds: of a member, or of the limit. */
export interface Condition {
  readonly turn: Turn;
  readonly voidWhen: 'known' | 'unknown' | 'reached' | 'below';
}

/** Where a store that keeps counters keeps something else, by the key under which that store knows it. Turns may depend on it. */
export interface Place {
  readonly key: string;
  /** It is vacant also where what is there ends within so many milliseconds. */
  readonly restMs: number;
}

/** What is answered to a hit whose turn has ended before it: it is not let through, and was not looked at. */
export const NOT_ITS_TURN: Counted = { kind: 'counted', count: 0, isOver: true, isKnown: false, isSkipped: true };

/**
 * Hits that are asked at once and depend on each other: a later one is counted only where no earlier one has ended the turn. A
 * store that can tell in one step waits for nothing in between.
 *
 * A turn with conditions is void, and nothing of it is counted, where one of them does not hold, or where the store cannot test
 * them in the same step in which it counts.
 */
export class Turn {
  readonly isConditional: boolean;
  readonly #asked: Promise<unknown>[] = [];
  #isEnded = false;
  #batch: object | undefined;
  #isScattered = false;
  #testedBy: object | undefined;
  #isVoid = false;

  constructor(conditions: 'none' | 'conditional' = 'none') {
    this.isConditional = conditions === 'conditional';
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Takes note of who will count it where its conditions hold. */
  open(by: object, holds: boolean): void {
    this.#testedBy ??= by;
    this.test(by, holds);
  }

  /** Takes note of who tests one more of its conditions, and whether that holds as far as is known yet. */
  test(by: object, holds: boolean): void {
    if (!holds || this.#testedBy !== by) this.#isVoid = true;
  }

  /** Whether nothing of it is to be counted by `by`: a condition does not hold, or was tested by another, or it was never opened. */
  isVoidFor(by: object): boolean {
    return this.isConditional && (this.#isVoid || this.#testedBy !== by);
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

/** Whether what a look has found keeps the condition. */
export function keeps({ count, isKnown }: Counted, limit: number, { voidWhen }: Condition): boolean {
  switch (voidWhen) {
    case 'known':
      return !isKnown;
    case 'unknown':
      return isKnown;
    case 'reached':
      return count < limit;
    case 'below':
      return count >= limit;
  }
}
