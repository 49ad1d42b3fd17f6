import type { Account } from '../login/account.ts';
import type { AccountName } from '../login/account-name.ts';
import type { MaybePromise, NotRemembered, Unavailable } from './outcome.ts';

export interface LookUpKey {
  readonly loginName: AccountName;
  /** Protocol scope: backends may know an account for one scope and not for another. */
  readonly scope: string;
}

/** An answer to a question without a password. `askedAtMs` is the wall clock in milliseconds before the backend was asked. */
export type LookUp =
  | { readonly kind: 'found'; readonly account: Account; readonly askedAtMs: number }
  | { readonly kind: 'unknown-user'; readonly askedAtMs: number };

export type RecalledLookUp = { readonly kind: 'remembered'; readonly lookUp: LookUp } | NotRemembered | Unavailable;

/** Answers to userdb look-ups, and users that no backend knows. All methods may run at any time next to each other. */
export interface LookUps {
  /** Finds an answer that was remembered, has not ended and was not forgotten. */
  recall(key: LookUpKey, signal: AbortSignal): MaybePromise<RecalledLookUp>;

  /** Remembers an answer for `lifetimeMs` from now. `undefined` says done, or that it was void already. */
  remember(
    key: LookUpKey,
    lookUp: LookUp,
    lifetimeMs: number,
    signal: AbortSignal,
  ): MaybePromise<Unavailable | undefined>;

  /**
   * Ends what is remembered of an account, and that no user of this name is known. Answers that a backend was asked for
   * before this call do not come back.
   */
  forgetAccount(name: AccountName, signal: AbortSignal): MaybePromise<Unavailable | undefined>;

  /** Ends all remembered answers. */
  forgetAll(signal: AbortSignal): MaybePromise<Unavailable | undefined>;
}
