import type { AccountName } from '../login/account-name.ts';
import type { ListAccounts } from './list-accounts.ts';

export interface ListMemoryParts {
  readonly list: ListAccounts;
  /** How long a list is given again, in milliseconds; 0 for never. */
  readonly lifetimeMs: number;
  /** Larger lists are not kept; bytes of the names in UTF-8, default 64 MiB. */
  readonly mostBytes?: number;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

interface KeptList {
  /** Names of a page, one a line: names hold no white space, and as objects they would take several times as much. */
  readonly pages: readonly Buffer[];
  readonly endsAt: number;
}

const MOST_BYTES = 64 << 20;

/** Gives a list of accounts again for a while, where that is wanted. Only whole lists are kept. */
export class ListMemory {
  readonly #parts: ListMemoryParts;
  #kept: KeptList | undefined;
  #forgotten = 0;

  constructor(parts: ListMemoryParts) {
    this.#parts = parts;
  }

  readonly list: ListAccounts = (signal) => {
    const { list, lifetimeMs, now } = this.#parts;
    if (lifetimeMs === 0) return list(signal);
    if (this.#kept !== undefined && this.#kept.endsAt > now()) return pagesOf(this.#kept);
    this.#kept = undefined;
    return this.#ask(signal);
  };

  /** The list may be another one by now. */
  forget(): void {
    this.#kept = undefined;
    this.#forgotten += 1;
  }

  async *#ask(signal: AbortSignal): AsyncGenerator<readonly AccountName[]> {
    const { list, lifetimeMs, mostBytes = MOST_BYTES, now } = this.#parts;
    const forgotten = this.#forgotten;
    const endsAt = now() + lifetimeMs;
    const pages: Buffer[] = [];
    let bytes = 0;
    for await (const page of list(signal)) {
      if (bytes <= mostBytes) bytes += pages[pages.push(Buffer.from(page.join('\n'))) - 1]?.length ?? 0;
      if (bytes > mostBytes) pages.length = 0;
      yield page;
    }
    if (bytes <= mostBytes && this.#forgotten === forgotten) this.#kept = { pages, endsAt };
  }
}

async function* pagesOf({ pages }: KeptList): AsyncGenerator<readonly AccountName[]> {
  for (const page of pages) yield page.toString().split('\n') as AccountName[];
}
