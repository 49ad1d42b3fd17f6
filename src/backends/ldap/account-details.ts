import type { Account } from '../../login/account.ts';
import type { Unavailable } from '../backend.ts';
import type { FoundEntry } from './account-finder.ts';
import { prepareSearch } from './client/message/request.ts';
import { accountOf, isDisabledBy } from './entry-account.ts';
import { GroupNames } from './group-names.ts';
import { KnownEntries } from './known-entries.ts';
import type { LdapBackendConfig } from './ldap-config.ts';
import type { AccountSearch } from './ldap-search-config.ts';
import type { NameFilter } from './names/name-filter.ts';
import type { NameFacts } from './names/name-template.ts';
import { complaintOf, searchSomewhere } from './servers/search-somewhere.ts';
import type { ServerSet } from './servers/server-set.ts';

type Found<T> = ({ readonly kind: 'account' } & T) | Unavailable;

/** Makes accounts of entries, with what takes further searches where the configuration asks for that. */
export class AccountDetails {
  readonly #config: LdapBackendConfig;
  readonly #servers: ServerSet;
  readonly #groups: GroupNames | undefined;
  readonly #known = new KnownEntries();

  constructor(config: LdapBackendConfig, servers: ServerSet) {
    this.#config = config;
    this.#servers = servers;
    const { groups, search } = config;
    this.#groups = groups === undefined ? undefined : new GroupNames(servers, groups, search.baseDn);
  }

  /**
   * What the entry itself says.
   * @param isSecret whether the entry has hashes in it, which are not to be kept
   */
  read({ entry, server }: FoundEntry, rules: AccountSearch, isSecret: boolean): Found<{ readonly account: Account }> {
    const make = () => accountOf(entry, this.#config.name, rules, this.#config.disabled);
    const account = isSecret ? make() : this.#known.accountOf(entry, rules, make);
    if (typeof account !== 'string') return { kind: 'account', account };
    return { kind: 'unavailable', overloaded: false, detail: `${server.url}: ${account}` };
  }

  /** Adds what other searches say: the account is whole, or nothing is known. */
  async complete(account: Account, found: FoundEntry, facts: NameFacts): Promise<Found<{ readonly account: Account }>> {
    const [disabled, groups] = await Promise.all([
      account.isDisabled || this.isDisabled(found, facts),
      this.#groups?.find({ entry: found.entry, server: found.server, facts: { ...facts, account: account.name } }),
    ]);
    if (typeof disabled === 'object') return disabled;
    if (groups?.kind === 'unavailable') return groups;
    const { attributes } = account;
    const as = this.#config.groups?.as;
    const whole = groups === undefined || as === undefined ? attributes : { ...attributes, [as]: groups.names };
    return { kind: 'account', account: { ...account, attributes: whole, isDisabled: disabled } };
  }

  /** False where {@link complete} would only give the account that it got. */
  get isMoreNeeded(): boolean {
    return this.#groups !== undefined || this.#config.disabled?.kind === 'filter';
  }

  /** Whether the entry is switched off, by an attribute or by a search of its own. */
  async isDisabled({ entry, server }: FoundEntry, facts: NameFacts): Promise<boolean | Unavailable> {
    const { disabled } = this.#config;
    if (disabled?.kind !== 'filter') return isDisabledBy(disabled, entry);
    return this.#matches(entry.dn, disabled.filter, { facts, server });
  }

  async #matches(
    dn: string,
    filter: NameFilter,
    { facts, server }: Pick<FoundEntry, 'server'> & { readonly facts: NameFacts },
  ): Promise<boolean | Unavailable> {
    const search = prepareSearch({ baseDn: dn, scope: 'base', attributes: ['1.1'] });
    const request = { search, filter: filter.encode(facts) };
    const answer = await searchSomewhere(this.#servers, request, { first: server, complaint: complaintOf });
    return answer.kind === 'answered' ? answer.done.entries.length > 0 : answer;
  }
}
