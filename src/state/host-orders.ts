import type { MaybePromise, Unavailable } from './outcome.ts';

/** What an operator wants of a host. */
export interface HostOrder {
  /** What it is found by. One order for each key. */
  readonly key: string;
  readonly mode: 'drain' | 'maintain';
  /** Wall clock in milliseconds at which it was given. */
  readonly sinceMs: number;
  /** For operators; may be empty. */
  readonly reason: string;
  /** Who gave it. */
  readonly by: string;
}

export interface FoundOrders {
  readonly kind: 'orders';
  /** True where no order was ever given, as far as is known: what was given has been lost. */
  readonly isBlank: boolean;
  /** In no order that a caller may count on. */
  readonly orders: readonly HostOrder[];
}

/** Orders that are in force until they are removed. There are as many as operators give, a few for each host. */
export interface HostOrders {
  /** Puts an order in force; one that is there under the same key is replaced. */
  put(order: HostOrder, signal: AbortSignal): MaybePromise<Unavailable | undefined>;
  list(signal: AbortSignal): MaybePromise<FoundOrders | Unavailable>;
  /** Ends an order. None under this key is no failure. */
  remove(key: string, signal: AbortSignal): MaybePromise<Unavailable | undefined>;
}
