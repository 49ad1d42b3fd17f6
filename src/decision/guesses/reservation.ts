import type { Guess } from '../../protection/account-budget.ts';
import type { Hold } from './holds.ts';

/** What was counted for an attempt before a backend is asked about it. */
export interface Reservation {
  readonly guess: Guess;
  /** Out of networks: taken back unless the guess turns out to be wrong. */
  readonly ofNetworks: readonly Hold[];
  /** Of the account: taken back also where there is no such account. */
  readonly ofAccount: readonly Hold[];
  /** Different passwords that were tried at the account, this one included. */
  readonly tried: number;
  /** Clock that never goes back, in milliseconds. */
  readonly admittedAt: number;
  /** The account has logged in from this network before. */
  readonly isInKnownNetwork: boolean;
  /** The password was right here a short while ago. */
  readonly isExpected?: boolean;
}
