import type { AccountName } from './account-name.ts';

/** Names with their values, in the order in which a backend has them. Always arrays, never null. */
export type Attributes = Readonly<Record<string, readonly string[]>>;

/** A mailbox owner as a backend knows it. Never changed once made: what is derived from it may be kept with it. */
export interface Account {
  readonly name: AccountName;
  /** Name of the backend that knows the account. */
  readonly backend: string;
  /** The attribute or field in which the backend keeps the account's name. */
  readonly accountField: string;
  readonly attributes: Attributes;
  /** True where the operator has switched the account off. */
  readonly isDisabled: boolean;
}
