import { LRUCache } from 'lru-cache';
import type { Account } from '../../login/account.ts';
import type { AccountName } from '../../login/account-name.ts';
import type { UsableHash } from '../../passwords/usable-hash.ts';
import type { AccountIndex } from './account-index.ts';
import type { FileBackendConfig } from './file-config.ts';
import { accountOf } from './passwd-account.ts';
import { parsePasswdLine } from './passwd-line.ts';

/** An account with what proves its owner; without a hash nobody can log in. */
export interface KnownAccount {
  readonly account: Account;
  readonly hash: UsableHash | undefined;
}

interface ShelvedAccount extends KnownAccount {
  readonly line: string;
  /** The state of the file in which the line was last seen. */
  index: AccountIndex;
}

/** Accounts that are kept ready: those in use, not those in the file. With their attributes they take about 1 KiB each. */
const MAX_SHELVED = 20_000;

/**
 * Makes accounts of lines when they are asked for and keeps the latest ones. As long as its line stays the same an account is
 * the same object, by whatever name it is found and however often the file is read, so that what others keep with it lasts.
 */
export class AccountShelf {
  readonly #config: FileBackendConfig;
  readonly #shelved = new LRUCache<AccountName, ShelvedAccount>({ max: MAX_SHELVED });
  #index: AccountIndex;

  constructor(config: FileBackendConfig, index: AccountIndex) {
    this.#config = config;
    this.#index = index;
  }

  /** Finds accounts in another state of the file from now on. */
  use(index: AccountIndex): void {
    this.#index = index;
  }

  /** @param name a name or an alias in the form in which names are compared */
  find(name: AccountName): KnownAccount | undefined {
    const shelved = this.#shelved.get(name);
    if (shelved !== undefined && shelved.index === this.#index) return shelved;
    const line = this.#index.find(name);
    if (line === undefined) {
      if (shelved !== undefined) this.#shelved.delete(name);
      return undefined;
    }
    const known = this.#shelvedLine(line, shelved) ?? this.#make(line);
    this.#shelved.set(name, known);
    return known;
  }

  #shelvedLine(line: string, shelved: ShelvedAccount | undefined): ShelvedAccount | undefined {
    if (shelved?.line !== line) return undefined;
    shelved.index = this.#index;
    return shelved;
  }

  #make(line: string): ShelvedAccount {
    const entry = parsePasswdLine(line, this.#config);
    if (entry.kind !== 'entry') throw new Error('a line that was read before can be read no more');
    const sameAccount = this.#shelvedLine(line, this.#shelved.get(entry.name));
    if (sameAccount !== undefined) return sameAccount;
    const made = { account: accountOf(entry, this.#config), hash: entry.hash, line, index: this.#index };
    this.#shelved.set(entry.name, made);
    return made;
  }
}
