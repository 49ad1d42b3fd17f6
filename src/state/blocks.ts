import type { Place } from './turn.ts';
import type { MaybePromise, Unavailable } from './outcome.ts';

/** Somebody or some network that may not log in for a time. */
export interface Block {
  /** What it is found by, such as `network:192.0.2.0/24` or `account:alice@example.test`. One block for each key. */
  readonly key: string;
  /** The blocked network in CIDR form, where it is one. */
  readonly network?: string | undefined;
  /** The rule that it comes from, or `manual`. */
  readonly rule: string;
  /** What is blocked: a protocol scope, or `all`. */
  readonly scope: string;
  /** Wall clock in milliseconds at which it was put; absent where that is not known. */
  readonly sinceMs?: number | undefined;
  /** Wall clock in milliseconds at which it ends. */
  readonly untilMs: number;
  /** For operators. */
  readonly reason: string;
  /** Who put it: the name of an operator or of this service. */
  readonly by: string;
}

export interface FoundBlocks {
  readonly kind: 'found';
  /** In the order of the keys that were asked for. */
  readonly blocks: readonly Block[];
}

export interface BlockPage {
  readonly kind: 'page';
  readonly blocks: readonly Block[];
  /** Where the next page goes on; absent on the last one. A page may be empty and not the last. */
  readonly next: string | undefined;
}

/** Blocks that are in force. Each ends by itself. */
export interface Blocks {
  /** True where it is certain without a question that nothing is blocked. */
  readonly isEmpty?: boolean;
  /** Puts a block in force; one that is there under the same key is replaced. What ended already is not put. */
  put(block: Block, signal: AbortSignal): MaybePromise<Unavailable | undefined>;
  /** The blocks that are in force under any of these keys. */
  find(keys: readonly string[], signal: AbortSignal): MaybePromise<FoundBlocks | Unavailable>;
  /** Where blocks under these keys are kept, for counters of the same store to look at; absent where no counters can. */
  placesOf?(keys: readonly string[]): readonly Place[] | undefined;
  /**
   * All blocks in pages of about `limit`, in no order that a caller may count on. A block that is in force all the while is
   * listed, once; `after` is what the page before gave as `next`.
   */
  list(
    page: { readonly after?: string | undefined; readonly limit: number },
    signal: AbortSignal,
  ): MaybePromise<BlockPage | Unavailable>;
  /** Ends a block. No block under this key is no failure. */
  remove(key: string, signal: AbortSignal): MaybePromise<Unavailable | undefined>;
}
