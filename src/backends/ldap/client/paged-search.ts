import type { LdapConnection } from './connection.ts';
import { encodePageControl } from './message/controls.ts';
import { failed, type LdapFailure } from './ldap-failure.ts';
import type { OperationLimits } from './limits.ts';
import type { SearchDone, SearchRequest } from './outcome.ts';
import { RESULT } from './message/result-codes.ts';

export interface PagedSearchOptions {
  readonly pageSize: number;
  /** For each page, not for the whole. */
  readonly limits: OperationLimits;
}

/**
 * Reads a search page by page (RFC 2696) and asks for the next page only once the last one was taken. Each outcome is a page
 * or, lastly, why there are no more: only where the last one is a `done` with result code 0 and no cookie was it all.
 *
 * Servers keep the state of one paged search per connection: the connection must serve no other one meanwhile.
 */
export async function* searchPages(
  connection: LdapConnection,
  request: Pick<SearchRequest, 'search' | 'filter'>,
  { pageSize, limits }: PagedSearchOptions,
): AsyncGenerator<SearchDone | LdapFailure, void, void> {
  let cookie: Buffer | undefined;
  try {
    do {
      const control = encodePageControl(pageSize, cookie);
      const page = await connection.search({ ...request, control, maxEntries: pageSize }, limits);
      const next = nextCookie(page);
      if (next !== undefined && cookie?.equals(next) === true && isEmpty(page)) {
        yield failed('protocol-error', 'the server gives empty pages without an end');
        return;
      }
      cookie = next;
      yield page;
    } while (cookie !== undefined);
  } finally {
    // Whoever stops early gives the server its state back (RFC 2696 3).
    if (cookie !== undefined) {
      void connection.search({ ...request, control: encodePageControl(0, cookie) }, { timeoutMs: limits.timeoutMs });
    }
  }
}

function nextCookie(page: SearchDone | LdapFailure): Buffer | undefined {
  if (page.kind !== 'done' || page.resultCode !== RESULT.success) return undefined;
  const cookie = page.controls.page?.cookie;
  return cookie === undefined || cookie.length === 0 ? undefined : cookie;
}

function isEmpty(page: SearchDone | LdapFailure): boolean {
  return page.kind === 'done' && page.entries.length === 0;
}
