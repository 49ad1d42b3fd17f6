import type { MaybePromise, Unavailable } from './outcome.ts';

/** What of all that is counted is to be forgotten. Called for everything that there is: must be quick, and not throw. */
export interface Sweep {
  /** `all` forgets an owner with all his counters, `within` looks at each of them, `none` passes him over. */
  ofOwner(owner: string): 'all' | 'within' | 'none';
  /** Whether a counter of an owner that is looked at goes as a whole. */
  ofCounter(name: string): boolean;
  /** Whether a member goes, of a counter that stays. */
  ofMember(member: string): boolean;
}

/** How many owners, counters and members were forgotten. */
export interface Swept {
  readonly kind: 'swept';
  readonly forgotten: number;
}

/**
 * Counters that can be looked through, whoever owns them. It takes as long as there is much; logins go on meanwhile. What is
 * counted only by an estimate has no members that could go.
 */
export interface Sweepable {
  /** @param owners the only ones to look at; all where absent */
  sweep(sweep: Sweep, signal: AbortSignal, owners?: readonly string[]): MaybePromise<Swept | Unavailable>;
}
