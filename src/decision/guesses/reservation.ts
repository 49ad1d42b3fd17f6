import type { Guess } from '../../protection/account-budget.ts';
import type { Counter, Counters } from '../../state/counters.ts';
import type { MaybePromise } from '../../state/outcome.ts';
import type { Ticket } from './under-way.ts';

/** One counter that a guess was counted by before its outcome is known. */
export interface Taken {
  readonly store: Counters;
  readonly counter: Counter;
  /** False where the same guess had been counted before. */
  readonly isNew: boolean;
}

/** What was counted for an attempt before a backend is asked about it. */
export interface Reservation {
  readonly guess: Guess;
  /** Out of networks: taken back unless the guess turns out to be wrong. */
  readonly ofNetworks: readonly Taken[];
  /** Of the account: taken back also where there is no such account. */
  readonly ofAccount: readonly Taken[];
  /** Different passwords that were tried at the account, this one included. */
  readonly tried: number;
  /** Clock that never goes back, in milliseconds. */
  readonly admittedAt: number;
  /** The password was right here a short while ago. */
  readonly isExpected?: boolean;
  /** Given back when the outcome is settled. */
  readonly ticket?: Ticket;
}

/** Counts what was newly counted no more. */
export function takeBack(taken: readonly Taken[], signal: AbortSignal): MaybePromise<unknown> {
  const waits: Promise<unknown>[] = [];
  for (const { store, counter, isNew } of taken) {
    if (!isNew) continue;
    const done = store.takeBack(counter, signal);
    if (done instanceof Promise) waits.push(done);
  }
  return waits.length === 0 ? undefined : Promise.all(waits);
}
