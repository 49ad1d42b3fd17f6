import type { RefusalReason, Verdict } from '../login/verdict.ts';

/** What a verdict says about a guess: the password is right, or wrong, nobody has that name, or nothing is known. */
export type GuessOutcome = 'right' | 'wrong' | 'nobody' | 'undecided';

/** A locked account is said without a look at the password, and whoever guesses at it is to be counted. */
const REFUSALS = {
  'wrong-password': 'wrong',
  'unknown-user': 'nobody',
  'account-disabled': 'right',
  'account-locked': 'wrong',
  'password-expired': 'right',
  'password-must-change': 'right',
  'invalid-name': 'undecided',
  'empty-password': 'undecided',
  'unusable-password': 'undecided',
  blocked: 'undecided',
  'tls-required': 'undecided',
  'foreign-domain': 'undecided',
} as const satisfies Record<RefusalReason, GuessOutcome>;

export function guessOutcomeOf(verdict: Verdict): GuessOutcome {
  switch (verdict.kind) {
    case 'accept':
      return 'right';
    case 'refuse':
      return REFUSALS[verdict.reason];
    case 'defer':
      return 'undecided';
  }
}
