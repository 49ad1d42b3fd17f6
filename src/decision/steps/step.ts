import type { MaybePromise } from '../../backends/backend.ts';
import type { Account } from '../../login/account.ts';
import type { AccountName } from '../../login/account-name.ts';
import type { Attempt } from '../../login/attempt.ts';
import type { ProofSource, RuleFinding, Verdict } from '../../login/verdict.ts';
import type { VerifiedLoginKey } from '../../state/verified-logins.ts';
import type { Ahead } from '../guesses/ahead.ts';
import type { Met, Refused } from '../guesses/meetings.ts';
import type { Reservation } from '../guesses/reservation.ts';

/** What the steps of one decision have found out so far. Each field is written by one step and read by later ones. */
export interface Findings {
  readonly attempt: Attempt;
  /** Set by reject-invalid-name. */
  name?: AccountName;
  /** Set by ask-backends; its password is proven where the mode asks for that. */
  account?: Account;
  /** Set by verify-with-backends where a master has logged in as the account: who has proven the password. */
  master?: AccountName;
  /** Who vouches for the account; a backend where absent. */
  source?: ProofSource;
  /** Set by recall-verified-login: under what the login is or will be remembered. */
  loginKey?: VerifiedLoginKey;
  /** Set by recall-verified-login: the account of a login proven too long ago, for when its backend cannot answer. */
  staleAccount?: Account;
  /** Set by recall-verified-login, which asks at the same time: what keeps a remembered login out that a block by hand meets. */
  blockedByHand?: Refused | undefined;
  /** Set by recall-verified-login where it has to wait: what is known of who asks. */
  met?: Met;
  /** Set by recall-verified-login: what was counted meanwhile. Taken by check-guesses, or dismissed when all is decided. */
  ahead?: Ahead | undefined;
  /** Set by check-guesses: what was counted for this attempt, to be settled by its outcome. */
  reservation?: Reservation;
  /** What the running step has found against the attempt; becomes part of the trail. */
  rules?: readonly RuleFinding[] | undefined;
}

/** One rule on the way to a verdict: gives the verdict that ends the decision, or `undefined` to go on. */
export interface Step {
  readonly name: string;
  decide(findings: Findings, signal: AbortSignal): MaybePromise<Verdict | undefined>;
}

/** What is done once a verdict is reached, whatever it is and whichever step has reached it. Gives the verdict to answer. */
export interface OutcomeStep {
  readonly name: string;
  settle(findings: Findings, verdict: Verdict, signal: AbortSignal): MaybePromise<Verdict>;
}

/** A step was not done in time. */
export function tooLate({ name }: Pick<Step, 'name'>): Verdict {
  return { kind: 'defer', cause: 'deadline-exceeded', detail: `${name} gave no answer in time` };
}
