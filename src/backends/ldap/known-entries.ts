import { LRUCache } from 'lru-cache';
import type { Account } from '../../login/account.ts';
import type { SearchEntry } from './client/message/search-entry.ts';
import type { AccountSearch } from './ldap-search-config.ts';

const MOST_ENTRIES = 4096;
const MOST_BYTES = 2048;

/**
 * What was made of entries, found again by every byte that the server sent: an entry that has changed is another one. It spares
 * making the same account again, and whatever others have made of that account. Nothing is answered from here: servers are
 * asked each time.
 */
export class KnownEntries {
  readonly #accounts = new WeakMap<AccountSearch, LRUCache<string, Account>>();

  /** @param make gives a text where the entry is no account, which is not kept */
  accountOf(entry: SearchEntry, rules: AccountSearch, make: () => Account | string): Account | string {
    if (entry.byteLength > MOST_BYTES) return make();
    const accounts = this.#accountsFor(rules);
    const key = entry.latin1();
    const known = accounts.get(key);
    if (known !== undefined) return known;
    const made = make();
    if (typeof made !== 'string') accounts.set(key, made);
    return made;
  }

  #accountsFor(rules: AccountSearch): LRUCache<string, Account> {
    const known = this.#accounts.get(rules);
    if (known !== undefined) return known;
    const accounts = new LRUCache<string, Account>({ max: MOST_ENTRIES });
    this.#accounts.set(rules, accounts);
    return accounts;
  }
}
