import { failed, type LdapFailure } from './ldap-failure.ts';
import type { BindOutcome, SearchOutcome } from './outcome.ts';
import type { AnsweredOperation, LdapResult } from './message/response.ts';
import type { SearchEntry } from './message/search-entry.ts';

const MAX_SEARCH_BYTES = 64 << 20;
const MAX_REFERENCES = 10_000;
const NONE: readonly never[] = [];

export interface PendingOptions<T> {
  readonly maxEntries: number;
  /** By `performance.now()`. */
  readonly deadline: number;
  /** Is called exactly once. */
  readonly settle: (outcome: T) => void;
}

/** An operation that waits for its answer. It ends once: with the server's result, or with a failure. */
export class PendingOperation<T extends SearchOutcome | BindOutcome = SearchOutcome | BindOutcome> {
  readonly operation: AnsweredOperation;
  readonly deadline: number;
  readonly #options: PendingOptions<T>;
  #entries: SearchEntry[] | undefined;
  #references: string[] | undefined;
  #bytes = 0;
  #unfollow: (() => void) | undefined;

  constructor(operation: 'bind' | 'search', options: PendingOptions<T>) {
    this.operation = operation;
    this.deadline = options.deadline;
    this.#options = options;
  }

  /** Calls `onAbort` where the signal fires before the operation ends. */
  follow(signal: AbortSignal, onAbort: () => void): void {
    signal.addEventListener('abort', onAbort, { once: true });
    this.#unfollow = () => signal.removeEventListener('abort', onAbort);
  }

  /** Takes an entry; gives a failure where the search has become larger than it may. */
  addEntry(entry: SearchEntry): LdapFailure | undefined {
    const { maxEntries } = this.#options;
    this.#entries ??= [];
    this.#bytes += entry.byteLength;
    if (this.#entries.length >= maxEntries) return failed('protocol-error', `more than ${maxEntries} entries`);
    if (this.#bytes > MAX_SEARCH_BYTES)
      return failed('protocol-error', `more than ${MAX_SEARCH_BYTES} bytes of entries`);
    this.#entries.push(entry);
    return undefined;
  }

  addReferences(uris: readonly string[]): LdapFailure | undefined {
    this.#references ??= [];
    if (this.#references.length + uris.length > MAX_REFERENCES) return failed('protocol-error', 'too many references');
    this.#references.push(...uris);
    return undefined;
  }

  finish(result: LdapResult): void {
    this.#unfollow?.();
    const { resultCode, matchedDn, diagnostic, controls } = result;
    const entries = this.#entries ?? NONE;
    const references = this.#references ?? NONE;
    const done: SearchOutcome | BindOutcome =
      this.operation === 'bind'
        ? { kind: 'done', resultCode, matchedDn, diagnostic, controls }
        : { kind: 'done', resultCode, matchedDn, diagnostic, controls, entries, references };
    this.#options.settle(done as T);
  }

  fail(failure: LdapFailure): void {
    this.#unfollow?.();
    this.#options.settle(failure as T);
  }
}
