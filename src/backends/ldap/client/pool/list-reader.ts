import { failed, type LdapFailure } from '../ldap-failure.ts';
import type { SearchDone, SearchRequest } from '../outcome.ts';
import { type PagedSearchOptions, searchPages } from '../paged-search.ts';
import type { Connector } from './connector.ts';

/**
 * Reads lists page by page, each over a connection of its own: servers keep one list's place per connection, and a long list
 * shall not stand in the way of lookups.
 */
export class ListReader {
  readonly #connect: Connector;
  readonly #maxAtOnce: number;
  #reading = 0;

  constructor(connect: Connector, maxAtOnce: number) {
    this.#connect = connect;
    this.#maxAtOnce = maxAtOnce;
  }

  get reading(): number {
    return this.#reading;
  }

  /** See `searchPages`; where no connection can be had, the one outcome says why. */
  async *read(
    request: Pick<SearchRequest, 'search' | 'filter'>,
    options: PagedSearchOptions,
  ): AsyncGenerator<SearchDone | LdapFailure, void, void> {
    if (this.#reading >= this.#maxAtOnce) {
      yield failed('overloaded', `${this.#maxAtOnce} lists are being read`);
      return;
    }
    this.#reading++;
    try {
      const outcome = await this.#connect();
      if (outcome.kind !== 'open') {
        yield outcome;
        return;
      }
      try {
        yield* searchPages(outcome.connection, request, options);
      } finally {
        outcome.connection.close();
      }
    } finally {
      this.#reading--;
    }
  }
}
