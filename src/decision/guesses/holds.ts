import type { Guess } from '../../protection/account-budget.ts';
import type { Counted, Counter, Counters } from '../../state/counters.ts';
import type { MaybePromise, Unavailable } from '../../state/outcome.ts';
import type { InTurn } from '../../state/turn.ts';
import { andThen } from '../maybe-promise.ts';
import type { Origin } from './guess-parts.ts';

/** One counter that a guess is counted by before its outcome is known. */
export interface Hold {
  readonly guess: Guess;
  readonly store: Counters;
  readonly counter: Counter;
  /** It is to be taken back where the guess does not count. Where the same guess had been counted before it is not. */
  isNew: boolean;
  /** The counter was asked, and the outcome is not known. */
  isOpen: boolean;
  /** Others are told of it. */
  isHeld: boolean;
}

/** Time for what is taken back after the deadline of its attempt. */
const TAKE_BACK_MS = 2000;

/**
 * What attempts that are under way hold in counters. The same guess may be under way several times at once and is counted once:
 * whoever is first to turn out not to count leaves it to the others, so that none of them goes uncounted. An attempt that is
 * decided before anybody else has a turn need not be told of.
 */
export class Holds {
  readonly #isShared: boolean;
  readonly #held = new Map<string, Hold[]>();
  readonly #leaving = new Map<string, Promise<unknown>>();
  /** How many holds of a counter are new. */
  readonly #newOf = new Map<string, number>();

  /** @param isShared others count in the same stores */
  constructor(isShared: boolean) {
    this.#isShared = isShared;
  }

  /** Guesses that are held. */
  get size(): number {
    return this.#held.size;
  }

  /** Whether something of what a counter has counted may be taken back by an attempt that is under way here. */
  hasNew(counter: Counter): boolean {
    return this.#newOf.has(keyOf(counter));
  }

  /** A hold of a counter that may be asked next. `isLate`: others have had their turn since the attempt came. */
  open({ guess, isLate }: Pick<Origin, 'guess' | 'isLate'>, store: Counters, counter: Counter): Hold {
    const hold: Hold = { guess, store, counter, isNew: false, isOpen: true, isHeld: false };
    if (this.#isShared || isLate === true) this.hold([hold]);
    return hold;
  }

  /** Tells others of holds whose outcome will be known only after they have had their turn. */
  hold(holds: readonly Hold[]): void {
    for (const hold of holds) {
      if (hold.isHeld || !hold.isOpen) continue;
      hold.isHeld = true;
      const { key } = hold.guess;
      const same = this.#held.get(key);
      if (same === undefined) this.#held.set(key, [hold]);
      else same.push(hold);
      if (hold.isNew) this.#countNew(hold, 1);
    }
  }

  /** What is held is counted no more, but for what others hold too. */
  giveBack(holds: readonly Hold[], signal: AbortSignal): MaybePromise<unknown> {
    let waits: Promise<unknown>[] | undefined;
    for (const hold of holds) {
      const others = this.#drop(hold);
      if (!hold.isNew) continue;
      this.#setNew(hold, false);
      const heir = others?.find((other) => isSame(other, hold));
      if (heir !== undefined) {
        this.#setNew(heir, true);
        continue;
      }
      // Who came too late is not charged for that: what was asked in time is taken back after it.
      const done = hold.store.takeBack(hold.counter, signal.aborted ? AbortSignal.timeout(TAKE_BACK_MS) : signal);
      if (done instanceof Promise) (waits ??= []).push(this.#leave(hold.guess, done));
    }
    return waits === undefined ? undefined : Promise.all(waits);
  }

  /**
   * The password of a guess was right: nothing stays counted of it in a store that is shared, whoever counted it. So an account is
   * not charged for longer than that where the store has counted a guess, and its answer, or what took it back, was lost.
   */
  giveBackProven(holds: readonly Hold[], signal: AbortSignal): MaybePromise<unknown> {
    if (this.#isShared) for (const hold of holds) if (hold.isOpen) this.#setNew(hold, true);
    return this.giveBack(holds, signal);
  }

  /** Asks a counter that is held; gives up the hold where the guess is not let through, or nothing could be counted. */
  hit(hold: Hold, signal: AbortSignal, inTurn?: InTurn): MaybePromise<Counted | Unavailable> {
    // What is about to be taken back must not be relied on.
    const counted = andThen(this.#leavingOf(hold.guess), () =>
      andThen(hold.store.hit(hold.counter, signal, inTurn), (answer) => {
        if (answer.kind === 'counted' && !answer.isOver) {
          if (!answer.isKnown) this.#setNew(hold, true);
          return answer;
        }
        return andThen(this.giveBack([hold], signal), () => answer);
      }),
    );
    if (counted instanceof Promise) this.hold([hold]);
    return counted;
  }

  /**
   * What is held stays counted, whatever becomes of the same guess elsewhere. It is counted where it is not: nothing was asked
   * yet, or what was relied on may have been taken back by another process.
   */
  keep(holds: readonly Hold[], signal: AbortSignal): MaybePromise<unknown>[] {
    const recounted: MaybePromise<unknown>[] = [];
    for (const hold of holds) {
      const { isNew, isOpen, guess, store, counter } = hold;
      for (const other of this.#drop(hold) ?? []) if (isSame(other, hold)) this.#setNew(other, false);
      if (isNew) this.#setNew(hold, false);
      else if (this.#isShared || !isOpen)
        recounted.push(andThen(this.#leavingOf(guess), () => store.hit(counter, signal)));
    }
    return recounted;
  }

  #setNew(hold: Hold, isNew: boolean): void {
    if (hold.isNew === isNew) return;
    hold.isNew = isNew;
    if (hold.isHeld) this.#countNew(hold, isNew ? 1 : -1);
  }

  #countNew({ counter }: Hold, change: 1 | -1): void {
    const key = keyOf(counter);
    const count = (this.#newOf.get(key) ?? 0) + change;
    if (count === 0) this.#newOf.delete(key);
    else this.#newOf.set(key, count);
  }

  #leavingOf({ key }: Guess): Promise<unknown> | undefined {
    return this.#leaving.size === 0 ? undefined : this.#leaving.get(key);
  }

  #leave({ key }: Guess, done: Promise<unknown>): Promise<unknown> {
    const before = this.#leaving.get(key);
    const all = Promise.all([before, done]).finally(() => {
      if (this.#leaving.get(key) === all) this.#leaving.delete(key);
    });
    this.#leaving.set(key, all);
    return all;
  }

  #drop(hold: Hold): Hold[] | undefined {
    hold.isOpen = false;
    if (this.#held.size === 0) return undefined;
    const same = this.#held.get(hold.guess.key);
    const at = same?.indexOf(hold) ?? -1;
    if (same === undefined || at < 0) return same;
    same.splice(at, 1);
    if (same.length > 0) return same;
    this.#held.delete(hold.guess.key);
    return undefined;
  }
}

function keyOf({ owner, name }: Counter): string {
  return `${owner} ${name}`;
}

function isSame({ store, counter }: Hold, other: Hold): boolean {
  return (
    store === other.store &&
    counter.owner === other.counter.owner &&
    counter.name === other.counter.name &&
    counter.member === other.counter.member
  );
}
