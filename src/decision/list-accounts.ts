import type { Backend } from '../backends/backend.ts';
import type { AccountName } from '../login/account-name.ts';

/** Gives all accounts of all backends, sorted by code unit, each once. Pages, so that a list can be sent as it is made. */
export type ListAccounts = (signal: AbortSignal) => AsyncIterable<readonly AccountName[]>;

const PAGE = 1000;
const SLICE = 5000;

/**
 * Lists the accounts of a chain of backends.
 *
 * The list is only begun once all backends have answered: a list that is cut off, or that misses a backend, reads as if
 * mailboxes had gone, and clean-up jobs would believe it. Sorting is done in slices that leave the event loop free.
 *
 * @throws {BackendUnavailableError} (before the first page) where a backend cannot give its list whole
 */
export function createListAccounts(backends: readonly Backend[]): ListAccounts {
  return async function* listAccounts(signal) {
    const runs: AccountName[][] = [];
    for (const backend of backends) await collectSortedRuns(backend.listAccounts(signal), runs);
    yield* mergeInPages(runs);
  };
}

async function collectSortedRuns(pages: AsyncIterable<readonly AccountName[]>, runs: AccountName[][]): Promise<void> {
  let run: AccountName[] = [];
  for await (const page of pages) {
    for (const name of page) {
      if (run.push(name) < SLICE) continue;
      runs.push(run.sort(byCodeUnit));
      run = [];
      await nextTurn();
    }
  }
  if (run.length > 0) runs.push(run.sort(byCodeUnit));
}

/** Merges sorted runs through a binary heap of their heads. */
async function* mergeInPages(runs: readonly AccountName[][]): AsyncGenerator<readonly AccountName[]> {
  const heap = new RunHeap(runs);
  let page: AccountName[] = [];
  let last: AccountName | undefined;
  for (let name = heap.take(); name !== undefined; name = heap.take()) {
    if (name === last) continue;
    last = name;
    page.push(name);
    if (page.length < PAGE) continue;
    yield page;
    page = [];
    await nextTurn();
  }
  if (page.length > 0) yield page;
}

interface Head {
  readonly run: readonly AccountName[];
  position: number;
  name: AccountName;
}

class RunHeap {
  readonly #heads: Head[] = [];

  constructor(runs: readonly AccountName[][]) {
    for (const run of runs) {
      const name = run[0];
      if (name !== undefined) this.#heads.push({ run, position: 0, name });
    }
    this.#heads.sort((a, b) => byCodeUnit(a.name, b.name));
  }

  /** Takes the smallest name of all runs. */
  take(): AccountName | undefined {
    const top = this.#heads[0];
    if (top === undefined) return undefined;
    const taken = top.name;
    top.position += 1;
    const next = top.run[top.position];
    if (next !== undefined) top.name = next;
    else this.#dropTop();
    this.#sink();
    return taken;
  }

  #dropTop(): void {
    const last = this.#heads.pop();
    if (last !== undefined && this.#heads.length > 0) this.#heads[0] = last;
  }

  #sink(): void {
    const heads = this.#heads;
    for (let parent = 0; ; ) {
      const smallest = this.#smallestOf(parent);
      if (smallest === parent) return;
      [heads[parent], heads[smallest]] = [heads[smallest] as Head, heads[parent] as Head];
      parent = smallest;
    }
  }

  #smallestOf(parent: number): number {
    let smallest = parent;
    for (const child of [2 * parent + 1, 2 * parent + 2]) {
      const head = this.#heads[child];
      if (head !== undefined && head.name < (this.#heads[smallest] as Head).name) smallest = child;
    }
    return smallest;
  }
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
