import type { AccountName } from '../../login/account-name.ts';
import type { Guess } from '../../protection/account-budget.ts';
import type { Rung } from '../../protection/network-ladder.ts';
import type { PasswordMarkers } from '../../protection/password-markers.ts';
import type { GuessRules } from '../../protection/protection-config.ts';
import type { Surroundings } from '../../protection/surroundings.ts';
import type { Blocks } from '../../state/blocks.ts';
import type { Counters } from '../../state/counters.ts';
import type { Holds } from './holds.ts';

/** What the rules against guessing work with. */
export interface GuessParts {
  readonly rules: GuessRules;
  /** Whether rules that look at networks leave a login name alone; none where absent. */
  readonly spares?: (name: AccountName) => boolean;
  readonly markers: PasswordMarkers;
  /** Counts of accounts that there are: nothing that an attacker makes up stays in there. */
  readonly accounts: Counters;
  /** Counts of networks, and of names that nobody has. */
  readonly networks: Counters;
  readonly blocks: Blocks;
  /** Wall clock in milliseconds. */
  readonly now: () => number;
  /** Milliseconds of a clock that never goes back. */
  readonly ticks: () => number;
  /** Fulfilled after so many milliseconds, or when the signal fires; never rejected. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Others count in the same stores: what they have under way is not known here. */
  readonly isShared: boolean;
}

/** What works of the rules, with what attempts hold. */
export interface CountParts extends GuessParts {
  readonly holds: Holds;
}

/** Whose guess it is, as far as that can be known before a backend is asked. */
export interface Origin {
  readonly guess: Guess;
  /** What the rules know of the address of the guess. */
  readonly around: Surroundings;
  readonly rungs: readonly Rung[];
  /** The network of the guess where the account is known in it. */
  readonly knownIn: string | undefined;
  /** The address is one that many accounts log in from. */
  readonly isShared: boolean;
  /** Rules that look at networks leave the account alone. */
  readonly isSpared: boolean;
  /** Others have had their turn since the attempt came. */
  readonly isLate?: boolean;
}
