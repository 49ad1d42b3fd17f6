import { type Backend, BackendUnavailableError } from '../backends/backend.ts';
import type { AccountName } from '../login/account-name.ts';
import { NameRuns } from './name-runs.ts';

/** Gives all accounts of all backends, sorted by code unit, each once. Pages, so that a list can be sent as it is made. */
export type ListAccounts = (signal: AbortSignal) => AsyncIterable<readonly AccountName[]>;

const PAGE = 1000;
const MOST_BYTES = 256 << 20;

/**
 * Lists the accounts of a chain of backends.
 *
 * The list is only begun once all backends have answered: a list that is cut off, or that misses a backend, reads as if
 * mailboxes had gone, and clean-up jobs would believe it. Until then names are held packed, and nothing else of the accounts;
 * then each page is made when the one before was taken. Sorting is done in slices that leave the event loop free.
 *
 * @param mostBytes bound for the names of one list in UTF-8, default 256 MiB
 * @throws {BackendUnavailableError} (before the first page) where a backend cannot give its list whole
 */
export function createListAccounts(backends: readonly Backend[], mostBytes = MOST_BYTES): ListAccounts {
  return async function* listAccounts(signal) {
    const names = new NameRuns();
    for (const backend of backends) {
      for await (const page of backend.listAccounts(signal)) {
        for (const name of page) {
          if (!names.add(name)) continue;
          if (names.bytes > mostBytes) throw new BackendUnavailableError(`the list takes more than ${mostBytes} bytes`);
          await nextTurn();
        }
      }
    }
    yield* inPages(names);
  };
}

async function* inPages(names: NameRuns): AsyncGenerator<readonly AccountName[]> {
  let page: AccountName[] = [];
  for (const name of names.merge()) {
    if (page.push(name) < PAGE) continue;
    yield page;
    page = [];
    await nextTurn();
  }
  if (page.length > 0) yield page;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
