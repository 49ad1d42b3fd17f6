import type { Backend } from '../backends/backend.ts';
import type { AccountName } from '../login/account-name.ts';
import { domainOf, type ServedDomains } from '../protection/login-rules.ts';

/** More are no list of domains any more, and then all are served. */
const MAX_DOMAINS = 100_000;
const LIST_DEADLINE_MS = 60_000;
/** Lists that could not be read are left alone for so long, however many ask. */
const RETRY_AFTER_MS = 5000;

type Source = Pick<Backend, 'name' | 'listAccounts' | 'edition'>;

export interface ListedDomainsParts {
  readonly sources: readonly Source[];
  readonly refreshMs: number;
  /** Lists were read, or could not be: then what was read before stays. */
  onRead(record: { readonly domains: number } | { readonly error: string }): void;
}

/**
 * The domains of all accounts that backends list, read again now and then. What is not known, since no list could be read yet or
 * one has changed, counts as served: whoever is let through is asked about at the backends anyhow.
 */
export class ListedDomains implements ServedDomains, Disposable {
  readonly #parts: ListedDomainsParts;
  readonly #closing = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #domains: ReadonlySet<string> | undefined;
  #editions: string;
  #reading: Promise<void> | undefined;
  #failedAt = Number.NEGATIVE_INFINITY;

  constructor(parts: ListedDomainsParts) {
    this.#parts = parts;
    this.#editions = this.#editionsNow();
    this.#timer = setInterval(() => void this.read(), parts.refreshMs).unref();
    void this.read();
  }

  has(domain: string): boolean | undefined {
    if (this.#domains === undefined) return undefined;
    if (this.#domains.has(domain)) return true;
    if (this.#editionsNow() === this.#editions) return false;
    if (performance.now() - this.#failedAt >= RETRY_AFTER_MS) void this.read();
    return undefined;
  }

  /** Reads the lists, once at a time. */
  read(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#closing.abort();
  }

  async #read(): Promise<void> {
    const editions = this.#editionsNow();
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(LIST_DEADLINE_MS)]);
    const domains = new Set<string>();
    try {
      for (const source of this.#parts.sources)
        for await (const page of source.listAccounts(signal)) addDomains(page, domains);
    } catch (cause) {
      this.#failedAt = performance.now();
      if (!this.#closing.signal.aborted) this.#parts.onRead({ error: (cause as Error).message });
      return;
    }
    this.#editions = editions;
    this.#domains = domains.size > MAX_DOMAINS ? undefined : domains;
    this.#parts.onRead(
      domains.size > MAX_DOMAINS ? { error: `more than ${MAX_DOMAINS} domains` } : { domains: domains.size },
    );
  }

  #editionsNow(): string {
    return this.#parts.sources.map((source) => source.edition?.() ?? '').join(' ');
  }
}

function addDomains(names: readonly AccountName[], domains: Set<string>): void {
  if (domains.size > MAX_DOMAINS) return;
  for (const name of names) {
    const domain = domainOf(name);
    if (domain !== undefined) domains.add(domain);
  }
}
