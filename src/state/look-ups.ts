import type { Account } from '../login/account.ts';
import type { AccountName } from '../login/account-name.ts';

export interface LookUpKey {
  readonly loginName: AccountName;
  /** What else the answer depends on: the backend, and what of an attempt it looks at. */
  readonly scope: string;
}

/** An answer to a question without a password. `askedAtMs` is the wall clock in milliseconds before the backend was asked. */
export type LookUp =
  | { readonly kind: 'found'; readonly account: Account; readonly askedAtMs: number }
  | { readonly kind: 'unknown-user'; readonly askedAtMs: number };

/**
 * Answers to userdb look-ups, and users that a backend does not know. They live for seconds, so each process keeps its own: what
 * is forgotten elsewhere is announced.
 */
export interface LookUps {
  /** Finds an answer that was remembered, has not ended and was not forgotten. */
  recall(key: LookUpKey): LookUp | undefined;

  /** Remembers an answer for `lifetimeMs` from now, unless it is void already. */
  remember(key: LookUpKey, lookUp: LookUp, lifetimeMs: number): void;

  /**
   * Ends what is remembered of an account and under its name, and that no user of this name is known. Answers that a backend was
   * asked for before this call do not come back.
   */
  forgetAccount(name: AccountName): void;

  /** Ends all remembered answers. */
  forgetAll(): void;
}
