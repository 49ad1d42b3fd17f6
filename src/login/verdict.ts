import type { Account } from './account.ts';
import type { AccountName } from './account-name.ts';

/** Why a login is refused: stable machine-readable codes, the same in answers, log and metrics. */
export type RefusalReason =
  | 'wrong-password'
  | 'unknown-user'
  | 'account-disabled'
  | 'account-locked'
  | 'password-expired'
  | 'password-must-change'
  | 'invalid-name'
  | 'empty-password'
  | 'unusable-password'
  | 'blocked'
  | 'tls-required'
  | 'foreign-domain';

/** Why no answer can be given now: stable machine-readable codes. */
export type DeferCause =
  | 'backend-unavailable'
  | 'backend-overloaded'
  | 'deadline-exceeded'
  /** So many logins out of one network are under way that it cannot be told whether they are guesses. */
  | 'network-crowded'
  /** Lists of addresses did not answer, and operators want that to matter. */
  | 'lists-unavailable'
  | 'undeliverable-fields'
  | 'internal-error';

/**
 * Who has vouched for an accepted login: a backend now, or one a while ago, as this process or all of them remember it; or a mail
 * server, by its report.
 */
export type ProofSource = 'backend' | 'memory' | 'shared' | 'outage' | 'report';

/** The answer to one attempt. What cannot be known is deferred, never refused. */
export type Verdict =
  | {
      readonly kind: 'accept';
      readonly account: Account;
      /** `backend` where absent. */
      readonly source?: ProofSource;
      /** Who has logged in as the account, with his own password. */
      readonly master?: AccountName;
    }
  | {
      readonly kind: 'refuse';
      readonly reason: RefusalReason;
      readonly backend?: string;
      /** Whose password was wrong, or who is disabled; for the log, never for who asks. */
      readonly account?: AccountName;
      /** Who wanted in as the account; then it was his password. */
      readonly master?: AccountName;
      /** How long the client is to be made to wait before it tries again. */
      readonly waitSeconds?: number;
    }
  | { readonly kind: 'defer'; readonly cause: DeferCause; readonly detail: string; readonly backend?: string };

/** A rule of the protection that held against an attempt, or would have held were it enforced. For operators only. */
export interface RuleFinding {
  readonly rule: string;
  readonly effect: 'refused' | 'observed';
  /** The network that it holds for, in CIDR form. */
  readonly network?: string | undefined;
  readonly count?: number | undefined;
  readonly limit?: number | undefined;
  /** What more there is to say: the lists that have an address, or where it is. */
  readonly detail?: string | undefined;
  /** Wall clock in milliseconds at which it ends. */
  readonly untilMs?: number | undefined;
}

/** One step that was taken on the way to a verdict. */
export interface TrailEntry {
  readonly step: string;
  /** Time it took in milliseconds. */
  readonly ms: number;
  readonly rules?: readonly RuleFinding[];
}

/** A verdict with what led to it: log line, metrics and explanations are views of this. */
export interface Decision {
  readonly verdict: Verdict;
  readonly trail: readonly TrailEntry[];
  /** Total time in milliseconds. */
  readonly ms: number;
}
