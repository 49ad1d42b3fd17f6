import { LRUCache } from 'lru-cache';
import type { Account } from '../../../login/account.ts';
import { type PreparedHeaders, prepareHeaders } from '../prepared-headers.ts';

/** Accounts whose headers are kept. */
const MAX_KEPT = 10_000;

/**
 * Headers that are made of an account, kept with it: accounts never change, and a backend that hands out the same one again
 * saves the rendering.
 */
export class KeptHeaders {
  readonly #kept = new LRUCache<Account, PreparedHeaders>({ max: MAX_KEPT });
  readonly #render: (account: Account) => readonly string[];

  /** @param render gives a flat list of names and values, one character for each byte */
  constructor(render: (account: Account) => readonly string[]) {
    this.#render = render;
  }

  of(account: Account): PreparedHeaders {
    let headers = this.#kept.get(account);
    if (headers === undefined) {
      headers = prepareHeaders(this.#render(account));
      this.#kept.set(account, headers);
    }
    return headers;
  }
}
