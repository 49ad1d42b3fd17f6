import { type AccountName, parseAccountName } from '../../login/account-name.ts';
import { BackendUnavailableError } from '../backend.ts';
import { prepareSearch } from './client/message/request.ts';
import type { SearchEntry } from './client/message/search-entry.ts';
import type { LdapFailure } from './client/ldap-failure.ts';
import type { SearchDone } from './client/outcome.ts';
import type { LdapBackendConfig } from './ldap-config.ts';
import type { DirectoryServer } from './servers/directory-server.ts';
import { complaintOf, lostAt, noServer } from './servers/search-somewhere.ts';
import type { ServerSet } from './servers/server-set.ts';

const SCOPES = { base: 'base', one: 'one', sub: 'subtree' } as const;
const NOBODY = { user: '', protocol: '', client_ip: '', local_ip: '' };

/** Lists the accounts of one server, page by page (RFC 2696): nothing is held but the page at hand. */
export class AccountLister {
  readonly #config: LdapBackendConfig;
  readonly #servers: ServerSet;
  /** Entries of the list are passed over whose name cannot be one; called once for a list that had some. */
  readonly #onUnusable: (count: number) => void;

  constructor(config: LdapBackendConfig, servers: ServerSet, onUnusable: (count: number) => void) {
    this.#config = config;
    this.#servers = servers;
    this.#onUnusable = onUnusable;
  }

  /**
   * Gives all names. Another server is tried only while none was given yet, as pages of two servers are no list.
   * @throws {BackendUnavailableError} where the list cannot be had whole
   */
  async *list(signal: AbortSignal): AsyncGenerator<readonly AccountName[]> {
    if (signal.aborted) throw new BackendUnavailableError('the question was withdrawn');
    const tried: DirectoryServer[] = [];
    for (;;) {
      const server = this.#servers.pick(tried);
      if (server === undefined) throw new BackendUnavailableError(noServer(this.#servers).detail);
      tried.push(server);
      const isLast = this.#servers.pick(tried) === undefined;
      const pages = this.#pagesOf(server, signal);
      const first = await pages.next();
      if (typeof first.value === 'string') {
        if (isLast || signal.aborted) throw new BackendUnavailableError(first.value);
        continue;
      }
      if (first.done === true) return;
      yield first.value;
      yield* strict(pages);
      return;
    }
  }

  /** Pages of names, or lastly a text that says why there are no more. */
  async *#pagesOf(server: DirectoryServer, signal: AbortSignal): AsyncGenerator<readonly AccountName[] | string> {
    const { list, search } = this.#config;
    if (list === undefined) return yield `${this.#config.name} has no filters.list: it cannot list accounts`;
    const { accountAttribute: attribute, scope } = search;
    const prepared = prepareSearch({ baseDn: list.baseDn, scope: SCOPES[scope], attributes: [attribute] });
    const request = { search: prepared, filter: list.filter.encode(NOBODY) };
    let unusable = 0;
    for await (const page of server.list(request, list.pageSize, signal)) {
      const problem = problemWith(page, server);
      if (problem !== undefined) return yield problem;
      const names = (page as SearchDone).entries.map((entry) => nameOf(entry, attribute));
      const usable = names.filter((name) => name !== undefined);
      unusable += names.length - usable.length;
      yield usable;
    }
    if (unusable > 0) this.#onUnusable(unusable);
  }
}

function problemWith(page: SearchDone | LdapFailure, server: DirectoryServer): string | undefined {
  if (page.kind !== 'done') return lostAt(server, page).detail;
  if (page.resultCode === 0) return undefined;
  return `${server.url}: ${complaintOf(page) ?? 'the list is longer than the server gives: its limit for paged results has to be raised'}`;
}

function nameOf(entry: SearchEntry, attribute: string): AccountName | undefined {
  const text = entry.text(attribute);
  return text === undefined ? undefined : parseAccountName(text);
}

async function* strict(pages: AsyncGenerator<readonly AccountName[] | string>): AsyncGenerator<readonly AccountName[]> {
  for await (const page of pages) {
    if (typeof page === 'string') throw new BackendUnavailableError(page);
    yield page;
  }
}
