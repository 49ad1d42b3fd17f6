import type { Attempt } from '../../login/attempt.ts';
import type { AccountName } from '../../login/account-name.ts';
import { type PreparedSearch, prepareSearch } from './client/message/request.ts';
import type { SearchRequest } from './client/outcome.ts';
import { attributesToRequest, type LdapBackendConfig, searchFor } from './ldap-config.ts';
import type { AccountSearch } from './ldap-search-config.ts';
import type { NameFilter } from './names/name-filter.ts';
import { type NameFacts, type NameTemplate, renderDn } from './names/name-template.ts';

const SCOPES = { base: 'base', one: 'one', sub: 'subtree' } as const;

/** Holds the hashes in compare mode. Asked for by logins only. */
export const PASSWORD_ATTRIBUTE = 'userPassword';

/** What is searched, and a text that is the same for the same search only. */
export interface NamedRequest {
  readonly request: SearchRequest;
  readonly key: string;
}

/** A search made ready once: what differs from login to login is put in as bytes. */
export class EntrySearch {
  readonly #id: string;
  readonly #baseDn: NameTemplate;
  readonly #filter: NameFilter;
  readonly #prepare: (baseDn: string) => PreparedSearch;
  readonly #prepared: PreparedSearch | undefined;
  readonly #limit: number;

  /**
   * @param id tells this search apart from the others of the backend
   * @param limit most entries to find; two are enough to know that there is more than one
   */
  constructor(
    id: string,
    search: Pick<AccountSearch, 'baseDn' | 'filter' | 'scope'>,
    attributes: readonly string[],
    limit = 2,
  ) {
    this.#id = id;
    this.#baseDn = search.baseDn;
    this.#filter = search.filter;
    this.#limit = limit;
    this.#prepare = (baseDn) => prepareSearch({ baseDn, scope: SCOPES[search.scope], attributes, sizeLimit: limit });
    this.#prepared = this.hasFixedBase ? this.#prepare(renderDn(search.baseDn, NOBODY) ?? '') : undefined;
  }

  get hasFixedBase(): boolean {
    return this.#baseDn.values.length === 0;
  }

  /** What the base DN hangs from: all of it behind the last placeholder. */
  get fixedSuffix(): string {
    const last = this.#baseDn.pieces.at(-1);
    if (typeof last !== 'string') return '';
    return this.hasFixedBase ? last : last.slice(last.indexOf(',') + 1 || last.length);
  }

  /** `undefined` where nobody can be found: no entry is at a DN with an empty value. */
  request(facts: NameFacts): NamedRequest | undefined {
    const texts = this.#filter.texts(facts);
    const filter = this.#filter.encodeTexts(texts);
    if (this.#prepared !== undefined) {
      return { request: { search: this.#prepared, filter, maxEntries: this.#limit }, key: keyOf(this.#id, texts) };
    }
    const baseDn = renderDn(this.#baseDn, facts);
    if (baseDn === undefined) return undefined;
    const key = keyOf(`${this.#id}\n${baseDn}`, texts);
    return { request: { search: this.#prepare(baseDn), filter, maxEntries: this.#limit }, key };
  }
}

/** Lengths keep apart what could be parted in more than one way. */
function keyOf(id: string, texts: readonly string[]): string {
  let key = id;
  for (const text of texts) key += `\n${text.length} ${text}`;
  return key;
}

const NOBODY: NameFacts = { user: '', protocol: '', client_ip: '', local_ip: '' };

/** The searches for one protocol. */
export interface ProtocolSearches {
  readonly rules: AccountSearch;
  readonly lookUp: EntrySearch;
  /** The same, with what proves a password where that is compared here. */
  readonly login: EntrySearch;
}

/** All searches of a backend for accounts. */
export class AccountSearches {
  readonly #default: ProtocolSearches;
  readonly #protocols: ReadonlyMap<string, ProtocolSearches>;

  constructor(config: LdapBackendConfig) {
    const prepare = (protocol: string): ProtocolSearches => {
      const rules = searchFor(config, protocol);
      const attributes = attributesToRequest(config, rules);
      const lookUp = new EntrySearch(`account ${protocol}`, rules, attributes);
      if (config.passwordCheck === 'bind') return { rules, lookUp, login: lookUp };
      const login = new EntrySearch(`login ${protocol}`, rules, [...attributes, PASSWORD_ATTRIBUTE]);
      return { rules, lookUp, login };
    };
    this.#default = prepare('');
    this.#protocols = new Map([...config.protocols.keys()].map((protocol) => [protocol, prepare(protocol)]));
  }

  for(protocol: string): ProtocolSearches {
    return this.#protocols.get(protocol) ?? this.#default;
  }
}

/** What templates are filled with. */
export function factsOf(name: AccountName, { protocol, clientAddress, localAddress }: Attempt): NameFacts {
  return { user: name, protocol, client_ip: clientAddress ?? '', local_ip: localAddress ?? '' };
}
