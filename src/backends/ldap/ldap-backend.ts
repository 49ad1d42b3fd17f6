/**
 * Accounts in LDAP directories. A login is a search for the entry and a proof of its password, by a bind as that entry or by a
 * comparison here; what a server cannot say, another one is asked, and what none can say is `unavailable`.
 *
 * @module
 */
import type { Attempt } from '../../login/attempt.ts';
import type { AccountName } from '../../login/account-name.ts';
import { DecoyHashes } from '../../passwords/decoy-hashes.ts';
import type { PasswordChecks } from '../../passwords/password-checks.ts';
import type {
  AccountQuery,
  Backend,
  BackendHealth,
  LookupResult,
  MaybePromise,
  PasswordQuery,
  VerifyResult,
} from '../backend.ts';
import { answerScope } from './answer-scope.ts';
import { AccountDetails } from './account-details.ts';
import { AccountFinder, type EntryResult, WITHDRAWN } from './account-finder.ts';
import { AccountLister } from './account-lister.ts';
import { AccountSearches, factsOf } from './account-search.ts';
import { type LdapBackendConfig, servesDomainOf } from './ldap-config.ts';
import { LdapLogin } from './ldap-login.ts';
import type { AccountSearch } from './ldap-search-config.ts';
import { parseLoginName } from './names/master-name.ts';
import type { NameFacts } from './names/name-template.ts';
import { ProofByBind } from './proof-by-bind.ts';
import { ProofByComparison } from './proof-by-comparison.ts';
import type { DirectoryServer } from './servers/directory-server.ts';
import { LiveTls, type TlsEvents } from './servers/live-tls.ts';
import { buildServers } from './servers/open-servers.ts';
import type { ServerEvents } from './servers/server-events.ts';
import { ServerSet } from './servers/server-set.ts';

/** Who is told what happens in the backend. */
export interface LdapEvents extends ServerEvents, TlsEvents {
  /** More than one entry matches a login name. */
  ambiguous(found: { readonly user: string; readonly protocol: string; readonly dns: readonly string[] }): void;
  /** Entries were left out of the list of accounts because of their names. */
  unlisted(count: number): void;
}

export interface LdapBackendParts {
  readonly checks: PasswordChecks;
  readonly events: LdapEvents;
}

export interface OpenLdapBackend extends Backend {
  /** For metrics. */
  readonly servers: readonly DirectoryServer[];
}

/**
 * Opens the backend; is fulfilled once it is known of each server whether it answers. That none does is no error: the backend
 * goes on trying.
 * @throws {LdapTlsError} where a file of `tls` cannot be used
 */
export async function openLdapBackend(config: LdapBackendConfig, parts: LdapBackendParts): Promise<OpenLdapBackend> {
  const tls = await LiveTls.open(config.tls, parts.events);
  const servers = new ServerSet(buildServers(config, tls, parts.events));
  await servers.open();
  return new LdapBackend(config, parts, { servers, tls });
}

class LdapBackend implements OpenLdapBackend {
  readonly name: string;
  readonly type = 'ldap';
  readonly #config: LdapBackendConfig;
  readonly #scope: (attempt: Attempt) => string;
  readonly #servers: ServerSet;
  readonly #tls: LiveTls;
  readonly #searches: AccountSearches;
  readonly #finder: AccountFinder;
  readonly #details: AccountDetails;
  readonly #login: LdapLogin;
  readonly #lister: AccountLister;

  constructor(
    config: LdapBackendConfig,
    { checks, events }: LdapBackendParts,
    { servers, tls }: { readonly servers: ServerSet; readonly tls: LiveTls },
  ) {
    this.name = config.name;
    this.#config = config;
    this.#scope = answerScope(config);
    this.#servers = servers;
    this.#tls = tls;
    this.#searches = new AccountSearches(config);
    this.#finder = new AccountFinder({
      servers,
      coalesce: config.coalesce,
      onAmbiguous: ({ user, protocol }, dns) => events.ambiguous({ user, protocol, dns }),
    });
    this.#details = new AccountDetails(config, servers);
    this.#login = new LdapLogin(config, {
      searches: this.#searches,
      finder: this.#finder,
      details: this.#details,
      proof:
        config.passwordCheck === 'bind'
          ? new ProofByBind(servers, config.passwordPolicy)
          : new ProofByComparison(checks, new DecoyHashes()),
    });
    this.#lister = new AccountLister(config, servers, (count) => events.unlisted(count));
  }

  get servers(): readonly DirectoryServer[] {
    return this.#servers.servers;
  }

  servesName(name: AccountName): boolean {
    return servesDomainOf(this.#config, parseLoginName(name, this.#config.master?.separator).account);
  }

  scopeOf(attempt: Attempt): string {
    return this.#scope(attempt);
  }

  /** Every operation has a deadline of its own; `signal` is looked at between them. */
  verifyPassword(query: PasswordQuery, signal: AbortSignal): Promise<VerifyResult> {
    return this.#login.verify(query, signal);
  }

  /** See {@link verifyPassword}. */
  lookUpAccount({ name, attempt }: AccountQuery, signal: AbortSignal): MaybePromise<LookupResult> {
    if (signal.aborted) return WITHDRAWN;
    const facts = factsOf(name, attempt);
    const { lookUp, rules } = this.#searches.for(facts.protocol);
    const found = this.#finder.find(lookUp, facts, 'under-way');
    return found instanceof Promise
      ? found.then((later) => this.#lookedUp(later, facts, rules))
      : this.#lookedUp(found, facts, rules);
  }

  listAccounts(signal: AbortSignal): AsyncIterable<readonly AccountName[]> {
    return this.#lister.list(signal);
  }

  health(): BackendHealth {
    return { isReady: this.#servers.isUsable, detail: this.#servers.describe() };
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#tls[Symbol.dispose]();
    this.#servers[Symbol.dispose]();
    return Promise.resolve();
  }

  #lookedUp(found: EntryResult, facts: NameFacts, rules: AccountSearch): MaybePromise<LookupResult> {
    if (found.kind !== 'found') return found;
    const read = this.#details.read(found, rules, false);
    if (read.kind === 'unavailable') return read;
    const { account } = read;
    if (!this.#details.isMoreNeeded) return { kind: 'found', account };
    return this.#details
      .complete(account, found, facts)
      .then((whole) => (whole.kind === 'unavailable' ? whole : { kind: 'found', account: whole.account }));
  }
}
