import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import Type from 'typebox';
import { Choice, Count, Duration, Flag, Name, type ResolveContext, Section } from '../../config/fields.ts';
import { requestedAttributes } from './attribute-map.ts';
import {
  type DisabledRule,
  DisabledSchema,
  disabledFilter,
  type GroupsRule,
  GroupsSchema,
  type MasterRule,
  MasterSchema,
  resolveDisabled,
  resolveGroups,
  resolveMaster,
} from './ldap-account-config.ts';
import {
  BindSchema,
  type LdapIdentity,
  type LdapTimeouts,
  type LdapTlsConfig,
  PoolsSchema,
  resolveIdentity,
  resolveServers,
  resolveTimeouts,
  resolveTls,
  ServersSchema,
  StartTlsSchema,
  TimeoutsSchema,
  TlsSchema,
} from './ldap-connection-config.ts';
import {
  type AccountSearch,
  ProtocolSchema,
  resolveFilter,
  resolveProtocol,
  resolveSearch,
  resolveTemplate,
  SEARCH_SETTINGS,
  Template,
  USER_FILTER,
} from './ldap-search-config.ts';
import type { LdapServer } from './ldap-server.ts';
import type { NameFilter } from './names/name-filter.ts';
import { type NameFacts, renderDn, splitName } from './names/name-template.ts';

export const LdapBackendSchema = Section(
  {
    type: Type.Literal('ldap', { description: 'Accounts in an LDAP directory.' }),
    name: Name({ description: 'Name of the backend in log lines, answers and metrics.', examples: ['directory'] }),
    domains: Type.Array(Type.String({ pattern: '^[^\\s@]{0,255}$', description: 'A domain, in any case.' }), {
      description:
        'Domains whose accounts are here: for other names this backend is not asked. `""` stands for names without a domain. With an empty list it is asked for every name.',
      default: [],
      uniqueItems: true,
      examples: [['example.test', 'example.org']],
    }),
    servers: ServersSchema,
    starttls: StartTlsSchema,
    tls: TlsSchema,
    bind: BindSchema,
    ...SEARCH_SETTINGS,
    filters: Section(
      {
        user: USER_FILTER,
        list: Type.Optional(
          Template('Filter that finds all accounts. Without it this backend cannot list accounts.', [
            '(objectClass=nauthilusMailbox)',
          ]),
        ),
      },
      { description: 'How accounts are found.' },
    ),
    protocols: Type.Record(Type.String({ pattern: '^[a-z0-9][a-z0-9._-]{0,31}$' }), ProtocolSchema, {
      description: 'Protocols for which accounts are searched in another way, by their names.',
      default: {},
      examples: [{ smtp: { filter: '(&(mail=%{user})(!(nauthilusOverQuota=TRUE)))' } }],
    }),
    password_check: Choice(['bind', 'compare'], {
      description:
        'How a password is proved: by a bind as the account, or by comparing it here with `userPassword`, which the service account must then be able to read. `compare` costs no second round trip, and follows no password policy of the server.',
      default: 'bind',
      examples: ['compare'],
    }),
    password_policy: Flag({
      description:
        'Whether binds ask for the password policy (draft-behera-ldap-password-policy), so that locked accounts and expired passwords are told apart from wrong passwords.',
      default: false,
      examples: [true],
    }),
    disabled: Type.Optional(DisabledSchema),
    master: Type.Optional(MasterSchema),
    groups: Type.Optional(GroupsSchema),
    remember_logins: Flag({
      description: 'Whether logins that this backend has proven are remembered, for as long as `verified_logins` says.',
      default: true,
      examples: [false],
    }),
    answer_disabled_lookups: Flag({
      description: 'Whether look-ups without a password find disabled accounts, so that their mail is still delivered.',
      default: false,
      examples: [true],
    }),
    list_disabled: Flag({
      description: 'Whether disabled accounts are in the list of accounts.',
      default: true,
      examples: [false],
    }),
    list: Section(
      {
        base_dn: Type.Optional(
          Template('DN below which accounts are listed; needed where placeholders stand in `base_dn`.', [
            'ou=people,dc=example,dc=test',
          ]),
        ),
        page_size: Count({
          description: 'Accounts that a server is asked for at a time (RFC 2696).',
          minimum: 1,
          maximum: 5000,
          default: 1000,
          examples: [500],
        }),
      },
      { description: 'How accounts are listed.', default: {} },
    ),
    pools: PoolsSchema,
    timeouts: TimeoutsSchema,
    coalesce: Flag({
      description: 'Whether look-ups that are the same, and under way at the same time, share one search.',
      default: true,
      examples: [false],
    }),
    look_up_cache: Section(
      {
        ttl: Duration({
          description:
            'Time for which an account that was looked up without a password is given again without asking a server; `0s` asks each time. Logins always ask. How many are kept is in `state.memory`.',
          default: '5s',
          examples: ['30s', '0s'],
        }),
      },
      { description: 'What is remembered of look-ups that found an account.', default: {} },
    ),
    negative_cache: Section(
      {
        ttl: Duration({
          description:
            'Time for which it is remembered that look-ups have found nobody of a name; `0s` remembers nothing. Logins always ask.',
          default: '5s',
          examples: ['20s', '0s'],
        }),
        size: Count({
          description: 'Names that are remembered at most.',
          minimum: 1,
          maximum: 10_000_000,
          default: 10_000,
          examples: [100_000],
        }),
      },
      { description: 'What is remembered of names that no account has.', default: {} },
    ),
  },
  { description: 'Accounts in an LDAP directory.' },
);

/** Times in milliseconds, paths absolute, templates and filters read. */
export interface LdapBackendConfig {
  readonly type: 'ldap';
  readonly name: string;
  /** In lower case; empty where the backend is asked for every name. See {@link servesDomainOf}. */
  readonly domains: ReadonlySet<string>;
  readonly servers: readonly LdapServer[];
  readonly startTls: boolean;
  readonly tls: LdapTlsConfig;
  readonly identity: LdapIdentity;
  /** The search for every protocol that has none of its own. See {@link searchFor}. */
  readonly search: AccountSearch;
  readonly protocols: ReadonlyMap<string, AccountSearch>;
  readonly passwordCheck: 'bind' | 'compare';
  readonly passwordPolicy: boolean;
  readonly disabled: DisabledRule | undefined;
  readonly master: MasterRule | undefined;
  readonly groups: GroupsRule | undefined;
  readonly rememberLogins: boolean;
  readonly answerDisabledLookups: boolean;
  /** Absent where accounts cannot be listed. The filter leaves out disabled accounts where they are not to be listed. */
  readonly list: { readonly baseDn: string; readonly filter: NameFilter; readonly pageSize: number } | undefined;
  readonly pools: LdapPools;
  readonly timeouts: LdapTimeouts;
  readonly coalesce: boolean;
  /** Nothing is remembered where `ttlMs` is 0. */
  readonly lookUpCache: { readonly ttlMs: number };
  /** As above. */
  readonly negativeCache: { readonly ttlMs: number; readonly size: number };
}

export interface LdapPools {
  readonly lookup: { readonly connections: number; readonly inFlight: number; readonly queue: number };
  readonly bind: { readonly connections: number; readonly queue: number };
}

type RawBackend = Type.Static<typeof LdapBackendSchema>;

export function resolveLdapBackend(raw: RawBackend, context: ResolveContext): LdapBackendConfig {
  const servers = resolveServers(raw.servers, context);
  const search = resolveSearch(raw, context);
  const disabled = raw.disabled && resolveDisabled(raw.disabled, context.at('disabled'));
  warnOfCleartext(raw, servers, context);
  return {
    type: 'ldap',
    name: raw.name,
    domains: new Set(raw.domains.map((domain) => domain.toLowerCase())),
    servers,
    startTls: raw.starttls === 'required',
    tls: resolveTls(raw.tls, context.at('tls')),
    identity: resolveIdentity(raw.bind, context.at('bind')),
    search,
    protocols: new Map(
      Object.entries(raw.protocols).map(([protocol, own]) => [
        protocol,
        resolveProtocol(own, search, context.at(`protocols.${protocol}`)),
      ]),
    ),
    passwordCheck: raw.password_check,
    passwordPolicy: resolvePasswordPolicy(raw, context),
    disabled,
    master: raw.master && resolveMaster(raw.master, context.at('master')),
    groups: raw.groups && resolveGroups(raw.groups, context.at('groups')),
    rememberLogins: raw.remember_logins,
    answerDisabledLookups: raw.answer_disabled_lookups,
    list: resolveList(raw, search, disabled, context),
    pools: {
      lookup: {
        connections: raw.pools.lookup.connections,
        inFlight: raw.pools.lookup.in_flight,
        queue: raw.pools.lookup.queue,
      },
      bind: raw.pools.bind,
    },
    timeouts: resolveTimeouts(raw.timeouts, context.at('timeouts')),
    coalesce: raw.coalesce,
    lookUpCache: { ttlMs: context.durationMs(raw.look_up_cache.ttl) },
    negativeCache: { ttlMs: context.durationMs(raw.negative_cache.ttl), size: raw.negative_cache.size },
  };
}

function resolvePasswordPolicy(raw: RawBackend, context: ResolveContext): boolean {
  if (raw.password_policy && raw.password_check === 'compare')
    context.problem('password_policy', 'needs password_check: bind; a comparison asks the server for no policy');
  return raw.password_policy;
}

function resolveList(
  raw: RawBackend,
  search: AccountSearch,
  disabled: DisabledRule | undefined,
  context: ResolveContext,
): LdapBackendConfig['list'] {
  if (raw.filters.list === undefined) return undefined;
  const all = resolveFilter(raw.filters.list, 'filters.list', [], context);
  const isWhole = raw.list_disabled || disabled === undefined;
  const filter = isWhole
    ? all
    : resolveFilter(`(&${all.source}(!${disabledFilter(disabled)}))`, 'filters.list', [], context);
  return { baseDn: resolveListBase(raw, search, context), filter, pageSize: raw.list.page_size };
}

function resolveListBase(raw: RawBackend, search: AccountSearch, context: ResolveContext): string {
  const own = raw.list.base_dn;
  const template = own === undefined ? search.baseDn : resolveTemplate(own, 'list.base_dn', [], context);
  if (template.values.length > 0)
    context.problem('list.base_dn', 'is missing: placeholders stand in base_dn, and a list is of no login');
  return renderDn(template, NOBODY) ?? '';
}

const NOBODY: NameFacts = { user: '', protocol: '', client_ip: '', local_ip: '' };

function warnOfCleartext(raw: RawBackend, servers: readonly LdapServer[], context: ResolveContext): void {
  if (raw.starttls === 'required') return;
  for (const server of servers)
    if (server.kind === 'ldap' && !isLoopback(server.host))
      context.warning(
        'starttls',
        `passwords go to ${server.url} unencrypted; set starttls: required, or use an ldaps:// server`,
      );
}

function isLoopback(host: string): boolean {
  if (isIP(host) === 0) return host === 'localhost';
  return ipaddr.process(host).range() === 'loopback';
}

/** The search for a protocol. */
export function searchFor({ search, protocols }: LdapBackendConfig, protocol: string): AccountSearch {
  return protocols.get(protocol) ?? search;
}

/** What a search asks the server for: what is delivered, the account's name, and what says its state and groups. */
export function attributesToRequest({ disabled, groups }: LdapBackendConfig, search: AccountSearch): string[] {
  const others = [search.accountAttribute];
  if (disabled?.kind === 'attribute') others.push(disabled.attribute);
  if (groups?.kind === 'member-of') others.push(groups.attribute);
  return requestedAttributes(search.attributes, others);
}

/** False where the backend need not be asked, because accounts of that domain are elsewhere. */
export function servesDomainOf({ domains }: LdapBackendConfig, name: string): boolean {
  return domains.size === 0 || domains.has(splitName(name).domain.toLowerCase());
}
