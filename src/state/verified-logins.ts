import type { Account } from '../login/account.ts';
import type { AccountName } from '../login/account-name.ts';
import type { MaybePromise, NotRemembered, Unavailable } from './outcome.ts';

/** What a login was proven for. A password that is not the remembered one has another tag and so is never found. */
export interface VerifiedLoginKey {
  readonly loginName: AccountName;
  /** Protocol scope: a login proven for one scope says nothing of another. */
  readonly scope: string;
  /** base64url of a keyed hash of the password; see {@link PasswordTags}. Never the password, never a hash without a key. */
  readonly passwordTag: string;
}

export interface VerifiedLogin {
  readonly account: Account;
  /**
   * Wall clock in milliseconds, taken *before* the backend was asked. What was forgotten at or after this moment makes the
   * login void, however late it is remembered.
   */
  readonly provenAtMs: number;
}

export type RecalledLogin =
  | {
      readonly kind: 'remembered';
      readonly login: VerifiedLogin;
      /** Whose memory it was: `memory` of this process, also where absent, or `shared`. */
      readonly source?: 'memory' | 'shared';
    }
  | NotRemembered
  | Unavailable;

/** Logins that a backend has proven. All methods may run at any time next to each other. */
export interface VerifiedLogins {
  /** Finds a login that was remembered, has not ended and was not forgotten. Never gives what it cannot be sure of. */
  recall(key: VerifiedLoginKey, signal: AbortSignal): MaybePromise<RecalledLogin>;

  /** What this process remembers by itself: nobody is asked whether it still holds. */
  recallHere?(key: VerifiedLoginKey): VerifiedLogin | undefined;

  /** Under which key the store has it that others share; absent where there is none. */
  storeKeyOf?(key: VerifiedLoginKey): string | undefined;

  /** Remembers a login for `lifetimeMs` from now. `undefined` says done, or that it was void already. */
  remember(
    key: VerifiedLoginKey,
    login: VerifiedLogin,
    lifetimeMs: number,
    signal: AbortSignal,
  ): MaybePromise<Unavailable | undefined>;

  /**
   * Ends all remembered logins of an account under every login name, scope and password, and those under this login name. None of
   * them comes back, also where {@link remember} began before and ends after: what counts is when the backend was asked.
   */
  forgetAccount(name: AccountName, signal: AbortSignal): MaybePromise<Unavailable | undefined>;

  /** Ends all remembered logins. */
  forgetAll(signal: AbortSignal): MaybePromise<Unavailable | undefined>;
}
