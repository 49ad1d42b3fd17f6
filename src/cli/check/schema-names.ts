import { parseFilter } from '../../backends/ldap/client/filter/filter.ts';
import { prepareSearch } from '../../backends/ldap/client/message/request.ts';
import type { LdapConnection } from '../../backends/ldap/client/connection.ts';
import type { SearchEntry } from '../../backends/ldap/client/message/search-entry.ts';
import type { LdapBackendConfig } from '../../backends/ldap/ldap-config.ts';
import type { AccountSearch } from '../../backends/ldap/ldap-search-config.ts';
import type { NameFilter } from '../../backends/ldap/names/name-filter.ts';

const ANY_ENTRY = parseFilter('(objectClass=*)');
const FILTER_ATTRIBUTE = /\(\s*([A-Za-z][A-Za-z0-9-]*)(?:;[^=~<>:]*)?(?:[~<>]?=|:)/g;
const NAMES = /NAME\s+(?:'([^']+)'|\(([^)]*)\))/;
const SCHEMA_ATTRIBUTE = 'attributeTypes';

/**
 * The attributes that the server knows, by their names in lower case; `undefined` where it does not show them (RFC 4512 4.4).
 */
export async function knownAttributes(
  connection: LdapConnection,
  timeoutMs: number,
): Promise<ReadonlySet<string> | undefined> {
  const root = await readEntry(connection, { dn: '', attribute: 'subschemaSubentry' }, timeoutMs);
  const dn = root?.text('subschemaSubentry');
  if (dn === undefined) return undefined;
  const subschema = await readEntry(connection, { dn, attribute: SCHEMA_ATTRIBUTE }, timeoutMs);
  const definitions = subschema?.values(SCHEMA_ATTRIBUTE) ?? [];
  if (definitions.length === 0) return undefined;
  return new Set(definitions.flatMap((definition) => namesOf(definition.toString('utf8'))));
}

async function readEntry(
  connection: LdapConnection,
  { dn, attribute }: { readonly dn: string; readonly attribute: string },
  timeoutMs: number,
): Promise<SearchEntry | undefined> {
  const search = prepareSearch({ baseDn: dn, scope: 'base', attributes: [attribute] });
  const outcome = await connection.search({ search, filter: ANY_ENTRY }, { timeoutMs });
  return outcome.kind === 'done' ? outcome.entries[0] : undefined;
}

function namesOf(definition: string): string[] {
  const [, single, several = ''] = NAMES.exec(definition) ?? [];
  const names = single === undefined ? [...several.matchAll(/'([^']+)'/g)].map(([, name = '']) => name) : [single];
  return names.map((name) => name.toLowerCase());
}

/** The attributes that the configuration of a backend names, each with the first setting that does. */
export function namedAttributes(config: LdapBackendConfig): ReadonlyMap<string, string> {
  const { search, protocols, list } = config;
  const named = new NamedAttributes();
  named.search(search, '', 'filters.user');
  for (const [protocol, own] of protocols) named.search(own, `protocols.${protocol}.`, 'filter');
  if (list !== undefined) named.filter(list.filter, 'filters.list');
  named.state(config);
  named.groups(config.groups);
  return named.settings;
}

class NamedAttributes {
  readonly settings = new Map<string, string>();

  search({ filter, accountAttribute, attributes }: AccountSearch, prefix: string, filterSetting: string): void {
    this.filter(filter, prefix + filterSetting);
    this.#note(accountAttribute, `${prefix}account_attribute`);
    for (const { from } of attributes) this.#note(from, `${prefix}attributes`);
  }

  filter({ source }: NameFilter, setting: string): void {
    for (const [, name = ''] of source.matchAll(FILTER_ATTRIBUTE)) this.#note(name, setting);
  }

  state({ disabled, master }: LdapBackendConfig): void {
    if (disabled?.kind === 'attribute') this.#note(disabled.attribute, 'disabled.attribute');
    if (disabled?.kind === 'filter') this.filter(disabled.filter, 'disabled.filter');
    if (master !== undefined) this.filter(master.filter, 'master.filter');
  }

  groups(rule: LdapBackendConfig['groups']): void {
    if (rule === undefined) return;
    if (rule.kind === 'member-of') this.#note(rule.attribute, 'groups.member_of_attribute');
    else this.filter(rule.filter, 'groups.filter');
    this.#note(rule.nameAttribute, 'groups.name_attribute');
  }

  #note(name: string, setting: string): void {
    const [base = ''] = name.split(';', 1);
    // An OID in the place of a name is known or not, which the names of the schema do not tell.
    if (/^[A-Za-z]/.test(base) && !this.settings.has(base)) this.settings.set(base, setting);
  }
}
