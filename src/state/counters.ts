import type { MaybePromise, Unavailable } from './outcome.ts';
import type { Condition, InTurn, Place, Turn } from './turn.ts';

/**
 * What is counted. Hits of the same `owner` and `name` count together, and should come with the same window and limit.
 *
 * @see {@link Counters} for what a window is.
 */
export interface Counter {
  /** Whose hits they are, such as an account or a network. Counters of one owner are cleared together. */
  readonly owner: string;
  /** What is counted of the owner: the name of a rule. There are to be few for each owner. */
  readonly name: string;
  readonly windowMs: number;
  /** Hits, or different members, that are let through within any window. At least 1. */
  readonly limit: number;
  /** Where given, different members are counted and not hits: how many accounts did this address try? */
  readonly member?: string | undefined;
}

export interface Counted {
  readonly kind: 'counted';
  /** What the window holds now, this hit included where it was let through. Never more than the limit. */
  readonly count: number;
  /** This hit is not let through, and was not counted. For `peek`: the next hit would not be let through. */
  readonly isOver: boolean;
  /** The member was counted before. False without a member, and where members are estimated. */
  readonly isKnown: boolean;
  /** The turn of this hit has ended before it. */
  readonly isSkipped?: boolean;
}

/** A window is kept as so many slices; whole slices leave it. */
export const WINDOW_SLICES = 8;

/** Different members are counted exactly up to this limit; with a larger limit the count is an estimate beyond it. */
export const EXACT_MEMBERS = 512;

/**
 * Counters over a sliding window. Checking and counting is one step, so that at no time more than `limit` hits of any
 * `windowMs` milliseconds are let through, whoever asks next to each other.
 *
 * A window is kept as {@link WINDOW_SLICES} slices of equal length besides the running one, and a hit counts until its slice
 * has left the window: for at least `windowMs` and at most an eighth longer. What is kept of a counter is bounded by that, and
 * not by the limit. A limit of members beyond {@link EXACT_MEMBERS} is kept by an estimate (HyperLogLog, standard error below 4 %).
 */
export interface Counters {
  /** Counts one hit, or one member, where that does not exceed the limit, and where its turn has come if it has one. */
  hit(counter: Counter, signal: AbortSignal, inTurn?: InTurn): MaybePromise<Counted | Unavailable>;
  /** What is counted, without counting. With `member`, a known member is not over. Turns may depend on what is found. */
  peek(counter: Counter, signal: AbortSignal, conditions?: readonly Condition[]): MaybePromise<Counted | Unavailable>;
  /**
   * Makes turns with conditions depend on places being vacant; to be asked before all else of the turns, and all of a turn
   * at once. False where the store cannot tell in the step in which it counts: these turns are void.
   */
  requireVacant?(places: readonly Place[], turns: readonly Turn[], signal: AbortSignal): boolean;
  /**
   * Counts a member no more, which {@link hit} has counted before its outcome was known. What was counted without a member, or
   * by an estimate, stays counted.
   */
  takeBack(counter: Counter, signal: AbortSignal): MaybePromise<Unavailable | undefined>;
  /** Forgets all hits of an owner. */
  clear(owner: string, signal: AbortSignal): MaybePromise<Unavailable | undefined>;
}
