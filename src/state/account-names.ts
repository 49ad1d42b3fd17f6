import type { AccountName } from '../login/account-name.ts';
import type { MaybePromise, NotRemembered, Unavailable } from './outcome.ts';

export interface LoginNameKey {
  readonly loginName: AccountName;
  /** Protocol scope: a name may lead elsewhere for another one. */
  readonly scope: string;
}

/** Where a login name leads. `askedAtMs` is the wall clock in milliseconds before the backend was asked. */
export interface NameOwner {
  readonly account: AccountName;
  readonly askedAtMs: number;
}

export type RecalledName = { readonly kind: 'remembered'; readonly owner: NameOwner } | NotRemembered | Unavailable;

/** Which account a login name leads to, for who must know it before a backend is asked. Short-lived. */
export interface AccountNames {
  recall(key: LoginNameKey, signal: AbortSignal): MaybePromise<RecalledName>;

  /** Remembers for `lifetimeMs` from now. `undefined` says done, or that it was void already. */
  remember(
    key: LoginNameKey,
    owner: NameOwner,
    lifetimeMs: number,
    signal: AbortSignal,
  ): MaybePromise<Unavailable | undefined>;

  /** Ends all names that lead to the account; those that a backend was asked for before do not come back. */
  forgetAccount(name: AccountName, signal: AbortSignal): MaybePromise<Unavailable | undefined>;

  forgetAll(signal: AbortSignal): MaybePromise<Unavailable | undefined>;
}
