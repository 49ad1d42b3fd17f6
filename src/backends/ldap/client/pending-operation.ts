import { failed, type LdapFailure } from './ldap-failure.ts';
import type { OperationLimits } from './limits.ts';
import type { BindOutcome, SearchOutcome } from './outcome.ts';
import type { AnsweredOperation, LdapResult } from './message/response.ts';
import type { SearchEntry } from './message/search-entry.ts';

const MAX_SEARCH_BYTES = 64 << 20;
const MAX_REFERENCES = 10_000;

/**
 * An operation that waits for its answer. It ends exactly once: with the server's result, with a failure, or as
 * `timeout`, of which its connection is told so that it can let go of it.
 */
export class PendingOperation<T extends SearchOutcome | BindOutcome = SearchOutcome | BindOutcome> {
  readonly operation: AnsweredOperation;
  readonly outcome: Promise<T>;
  readonly #maxEntries: number;
  readonly #entries: SearchEntry[] = [];
  readonly #references: string[] = [];
  readonly #timer: NodeJS.Timeout;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort: (() => void) | undefined;
  #bytes = 0;
  #settle!: (outcome: T) => void;

  /** @param onTimeout is called once where neither `finish` nor `fail` came in time */
  constructor(operation: 'bind' | 'search', maxEntries: number, limits: OperationLimits, onTimeout: () => void) {
    this.operation = operation;
    this.#maxEntries = maxEntries;
    this.outcome = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#timer = setTimeout(onTimeout, limits.timeoutMs);
    this.#signal = limits.signal;
    if (this.#signal === undefined) return;
    this.#onAbort = onTimeout;
    this.#signal.addEventListener('abort', onTimeout, { once: true });
  }

  /** Takes an entry; gives a failure where the search has become larger than it may. */
  addEntry(entry: SearchEntry): LdapFailure | undefined {
    this.#bytes += entry.byteLength;
    if (this.#entries.length >= this.#maxEntries)
      return failed('protocol-error', `more than ${this.#maxEntries} entries`);
    if (this.#bytes > MAX_SEARCH_BYTES)
      return failed('protocol-error', `more than ${MAX_SEARCH_BYTES} bytes of entries`);
    this.#entries.push(entry);
    return undefined;
  }

  addReferences(uris: readonly string[]): LdapFailure | undefined {
    if (this.#references.length + uris.length > MAX_REFERENCES) return failed('protocol-error', 'too many references');
    this.#references.push(...uris);
    return undefined;
  }

  finish(result: LdapResult): void {
    this.#release();
    const { resultCode, matchedDn, diagnostic, controls } = result;
    const done = { kind: 'done' as const, resultCode, matchedDn, diagnostic, controls };
    const whole = this.operation === 'bind' ? done : { ...done, entries: this.#entries, references: this.#references };
    this.#settle(whole as unknown as T);
  }

  fail(failure: LdapFailure): void {
    this.#release();
    this.#settle(failure as T);
  }

  #release(): void {
    clearTimeout(this.#timer);
    if (this.#onAbort !== undefined) this.#signal?.removeEventListener('abort', this.#onAbort);
  }
}
