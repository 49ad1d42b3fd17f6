import { PASSWORD_ATTRIBUTE } from '../../backends/ldap/account-search.ts';
import { accountOf } from '../../backends/ldap/entry-account.ts';
import { LdapConnection } from '../../backends/ldap/client/connection.ts';
import { parseFilter } from '../../backends/ldap/client/filter/filter.ts';
import { prepareSearch } from '../../backends/ldap/client/message/request.ts';
import { RESULT, resultCodeName } from '../../backends/ldap/client/message/result-codes.ts';
import type { SearchEntry } from '../../backends/ldap/client/message/search-entry.ts';
import type { SearchOutcome } from '../../backends/ldap/client/outcome.ts';
import { searchPages } from '../../backends/ldap/client/paged-search.ts';
import type { TlsSettings } from '../../backends/ldap/client/server-address.ts';
import { attributesToRequest, type LdapBackendConfig } from '../../backends/ldap/ldap-config.ts';
import type { LdapServer } from '../../backends/ldap/ldap-server.ts';
import { renderDn } from '../../backends/ldap/names/name-template.ts';
import { addressOf, credentialsOf, decoyOf } from '../../backends/ldap/servers/open-servers.ts';
import { bindAdvice, connectionAdvice, searchAdvice } from './ldap-advice.ts';
import { knownAttributes, namedAttributes } from './schema-names.ts';
import type { TrialStep } from './online.ts';

const ANY_ENTRY = parseFilter('(objectClass=*)');
const SCOPES = { base: 'base', one: 'one', sub: 'subtree' } as const;
/** A name that nobody has (RFC 2606 2), to see that the search for one works. */
const STRANGER = { user: 'nauthilus-check@invalid', protocol: 'default', client_ip: '', local_ip: '' };

type Told = Omit<TrialStep, 'backend' | 'server' | 'ms'>;

/** Tries what the backend will ask of one server, step by step; what a step needs and has not got ends the trial. */
export class LdapTrial {
  readonly #config: LdapBackendConfig;
  readonly #server: LdapServer;
  readonly #tls: TlsSettings;

  constructor(config: LdapBackendConfig, server: LdapServer, tls: TlsSettings) {
    this.#config = config;
    this.#server = server;
    this.#tls = tls;
  }

  async *steps(): AsyncGenerator<Told> {
    const limits = { timeoutMs: this.#config.timeouts.connectMs };
    const address = addressOf(this.#server, this.#config.startTls, this.#tls);
    const opened = await LdapConnection.open(address, limits);
    if (opened.kind !== 'open')
      return yield fails('connect', `cannot connect: ${opened.detail}`, connectionAdvice(opened.detail));
    const { connection } = opened;
    try {
      yield passes('connect', address.kind === 'ldap' ? 'connected, without TLS' : 'connected');
      const bound = await this.#bind(connection);
      yield bound;
      if (bound.result === 'failed') return;
      const base = await this.#findBase(connection);
      yield base;
      if (base.result === 'failed') return;
      yield* this.#schema(connection);
      yield await this.#search(connection);
      yield* this.#list(connection);
    } finally {
      connection.close();
    }
    if (this.#config.passwordCheck === 'bind') yield await this.#bindNobody();
  }

  async #bind(connection: LdapConnection): Promise<Told> {
    const { identity, timeouts } = this.#config;
    const credentials = credentialsOf(identity);
    if (credentials === undefined) return passes('bind', 'none: searches are anonymous');
    const who = identity.kind === 'simple' ? identity.dn : 'SASL EXTERNAL';
    const outcome = await connection.bind(credentials, { timeoutMs: timeouts.connectMs });
    if (outcome.kind !== 'done') return fails('bind', `${who}: ${outcome.detail}`, connectionAdvice(outcome.detail));
    if (outcome.resultCode === RESULT.success) return passes('bind', `as ${who}`);
    return fails('bind', `${who}: ${words(outcome)}`, bindAdvice(outcome.resultCode));
  }

  async #findBase(connection: LdapConnection): Promise<Told> {
    const { baseDn } = this.#config.search;
    if (baseDn.values.length > 0) return passes('base', `${baseDn.source} depends on the name`);
    const dn = renderDn(baseDn, STRANGER) ?? '';
    const outcome = await this.#searchIn(connection, { baseDn: dn, scope: 'base', attributes: ['1.1'] }, ANY_ENTRY);
    return outcomeOf('base', outcome, 'base_dn') ?? passes('base', `${dn} is there`);
  }

  /** An attribute that a server does not know matches nothing and says nothing: only its schema tells. */
  async *#schema(connection: LdapConnection): AsyncGenerator<Told> {
    const known = await knownAttributes(connection, this.#config.timeouts.searchMs);
    if (known === undefined) return;
    const unknown = [...namedAttributes(this.#config)].filter(([name]) => !known.has(name.toLowerCase()));
    if (unknown.length === 0) return yield passes('schema', 'the server knows all attributes that are named');
    for (const [name, setting] of unknown)
      yield warns('schema', `the server knows no attribute ${name}`, `look at ${setting}, or load the schema into it`);
  }

  async #search(connection: LdapConnection): Promise<Told> {
    const { search } = this.#config;
    const baseDn = renderDn(search.baseDn, STRANGER);
    const filter = search.filter.encode(STRANGER);
    if (baseDn === undefined) return passes('search', 'depends on the name');
    const shape = { baseDn, scope: SCOPES[search.scope], attributes: ['1.1'], sizeLimit: 2 };
    const outcome = await this.#searchIn(connection, shape, filter);
    const isTemplate = search.baseDn.values.length > 0;
    if (isTemplate && outcome.kind === 'done' && outcome.resultCode === RESULT.noSuchObject)
      return passes('search', 'answered: nobody of an unknown domain');
    if (outcome.kind === 'done' && outcome.entries.length > 0)
      return fails(
        'search',
        `a name that nobody has finds ${outcome.entries[0]?.dn}`,
        'look at filters.user: it has to match the one entry of a name',
      );
    const failure = outcomeOf('search', outcome, 'base_dn');
    if (failure !== undefined) return failure;
    return passes('search', 'answered: nobody of a name that nobody has');
  }

  async *#list(connection: LdapConnection): AsyncGenerator<Told> {
    const { list, search, timeouts } = this.#config;
    if (list === undefined) return yield passes('list', 'none: filters.list is not set');
    const wanted = [...attributesToRequest(this.#config, search), PASSWORD_ATTRIBUTE];
    const shape = { baseDn: list.baseDn, scope: SCOPES[search.scope], attributes: wanted };
    const request = { search: prepareSearch(shape), filter: list.filter.encode(STRANGER) };
    const options = { pageSize: list.pageSize, limits: { timeoutMs: Math.max(10_000, timeouts.searchMs) } };
    let accounts = 0;
    let sample: SearchEntry | undefined;
    for await (const page of searchPages(connection, request, options)) {
      const failure = outcomeOf('list', page, 'list.base_dn');
      if (failure !== undefined) return yield { ...failure, message: `after ${accounts} accounts: ${failure.message}` };
      if (page.kind === 'done') accounts += page.entries.length;
      sample ??= page.kind === 'done' ? page.entries[0] : undefined;
    }
    if (sample === undefined)
      return yield warns(
        'list',
        'no account at all',
        'look at filters.list, and whether the service account sees accounts',
      );
    yield passes('list', `${accounts} accounts`);
    yield* this.#look(sample);
  }

  /** What the service account sees of an account. */
  *#look(entry: SearchEntry): Generator<Told> {
    const { name, search, disabled, passwordCheck } = this.#config;
    const account = accountOf(entry, name, search, disabled);
    if (typeof account === 'string')
      yield fails('account', `${entry.dn}: ${account}`, 'look at account_attribute, and at the access rules');
    const seesPassword = entry.values(PASSWORD_ATTRIBUTE).length > 0;
    if (passwordCheck === 'compare' && !seesPassword)
      yield fails(
        'account',
        `${entry.dn} shows no ${PASSWORD_ATTRIBUTE}`,
        'let the service account read it, or set password_check: bind',
      );
    if (passwordCheck === 'bind' && seesPassword)
      yield warns(
        'account',
        `the service account can read ${PASSWORD_ATTRIBUTE}`,
        'a bind does not need that: forbid it',
      );
  }

  async #bindNobody(): Promise<Told> {
    const { timeouts, startTls } = this.#config;
    const opened = await LdapConnection.open(addressOf(this.#server, startTls, this.#tls), {
      timeoutMs: timeouts.connectMs,
    });
    if (opened.kind !== 'open')
      return fails('login', `a second connection: ${opened.detail}`, connectionAdvice(opened.detail));
    const outcome = await opened.connection.bind(decoyOf(this.#config), { timeoutMs: timeouts.bindMs });
    opened.connection.close();
    if (outcome.kind !== 'done') return fails('login', outcome.detail, connectionAdvice(outcome.detail));
    if (outcome.resultCode === RESULT.invalidCredentials)
      return passes('login', 'a bind with a wrong password is refused as one');
    return fails('login', `a bind with a wrong password gives ${words(outcome)}`, bindAdvice(outcome.resultCode));
  }

  #searchIn(
    connection: LdapConnection,
    shape: Parameters<typeof prepareSearch>[0],
    filter: Buffer,
  ): Promise<SearchOutcome> {
    return connection.search({ search: prepareSearch(shape), filter }, { timeoutMs: this.#config.timeouts.searchMs });
  }
}

function outcomeOf(step: string, outcome: SearchOutcome, setting: string): Told | undefined {
  if (outcome.kind !== 'done') return fails(step, outcome.detail, connectionAdvice(outcome.detail));
  if (outcome.resultCode === RESULT.success) return undefined;
  return fails(step, words(outcome), searchAdvice(outcome.resultCode, setting));
}

function words({ resultCode, diagnostic }: { readonly resultCode: number; readonly diagnostic: string }): string {
  return diagnostic === '' ? resultCodeName(resultCode) : `${resultCodeName(resultCode)} (${diagnostic})`;
}

function passes(step: string, message: string): Told {
  return { step, result: 'ok', message };
}

function warns(step: string, message: string, advice: string): Told {
  return { step, result: 'warning', message, advice };
}

function fails(step: string, message: string, advice: string): Told {
  return { step, result: 'failed', message, advice };
}
