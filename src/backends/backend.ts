/**
 * The ports of everything that knows accounts. A backend implements what it can: proving passwords, looking accounts up,
 * listing them. It never learns which door asked, and it never throws for an outage: what it cannot know is `unavailable`.
 *
 * @module
 */
import type { Account } from '../login/account.ts';
import type { AccountName } from '../login/account-name.ts';
import type { Attempt } from '../login/attempt.ts';
import type { Secret } from '../login/secret.ts';
import type { RefusalReason } from '../login/verdict.ts';

/** A backend could not find out. `overloaded` says that a bounded queue was full, `detail` is for operators only. */
export interface Unavailable {
  readonly kind: 'unavailable';
  readonly overloaded: boolean;
  readonly detail: string;
}

export type LookupResult =
  | { readonly kind: 'found'; readonly account: Account }
  | { readonly kind: 'unknown-user' }
  | Unavailable;

/** Why a backend keeps somebody out although his password may be right. `account-locked` is said without a look at it. */
export type PasswordPolicyReason = Extract<
  RefusalReason,
  'account-locked' | 'password-expired' | 'password-must-change'
>;

/**
 * `verified` says only that the password is right: whether a disabled account may in is decided elsewhere. `master` is whose
 * password it was, where a master user logs in as the account.
 */
export type VerifyResult =
  | { readonly kind: 'verified'; readonly account: Account; readonly master?: AccountName }
  | { readonly kind: 'wrong-password'; readonly account: Account; readonly master?: AccountName }
  | {
      readonly kind: 'refused';
      readonly reason: PasswordPolicyReason;
      readonly account: Account;
      readonly master?: AccountName;
    }
  | { readonly kind: 'unknown-user' }
  | Unavailable;

/** A value that is there at once or later: in-memory backends need not make the fast path wait. */
export type MaybePromise<T> = T | Promise<T>;

export interface PasswordVerifier {
  /**
   * Proves the password of an account. An unknown user takes as long as a wrong password.
   * Gives `unavailable` when `signal` fires first.
   */
  verifyPassword(query: PasswordQuery, signal: AbortSignal): MaybePromise<VerifyResult>;
}

/** What a backend is told of the attempt; `attempt` serves per-protocol searches and filters only. */
export interface AccountQuery {
  readonly name: AccountName;
  readonly attempt: Attempt;
}

export interface PasswordQuery extends AccountQuery {
  readonly password: Secret;
}

export interface AccountLookup {
  /** Finds an account by its name or an alias, without a password. */
  lookUpAccount(query: AccountQuery, signal: AbortSignal): MaybePromise<LookupResult>;
}

export interface AccountLister {
  /**
   * Gives all account names (no aliases) in pages, each account once, in no order that a caller may count on.
   * @throws {BackendUnavailableError} where the list cannot be had whole.
   */
  listAccounts(signal: AbortSignal): AsyncIterable<readonly AccountName[]>;
}

export interface BackendHealth {
  readonly isReady: boolean;
  /** For operators: what is wrong, or what is served. */
  readonly detail: string;
}

/** A source of accounts with a name of its own. */
export interface Backend extends PasswordVerifier, AccountLookup, AccountLister, AsyncDisposable {
  readonly name: string;
  readonly type: string;
  /** False for names whose accounts are certainly elsewhere: it is not asked for these. Asked for all where absent. */
  servesName?(name: AccountName): boolean;
  /**
   * What of an attempt, beside name and password, its answers depend on, as a text: attempts with the same text get the same
   * answer. Protocol and addresses where absent.
   */
  scopeOf?(attempt: Attempt): string;
  /** Another text whenever it has read accounts anew; absent where it holds none itself. */
  edition?(): string;
  health(): BackendHealth;
}

/** A list could not be had whole. */
export class BackendUnavailableError extends Error {
  override readonly name = 'BackendUnavailableError';
  readonly code = 'backend-unavailable';
}
