import assert from 'node:assert/strict';
import type { LdapBackendConfig } from '../../../src/backends/ldap/ldap-config.ts';
import { type LdapEvents, type OpenLdapBackend, openLdapBackend } from '../../../src/backends/ldap/ldap-backend.ts';
import type { LookupResult, VerifyResult } from '../../../src/backends/backend.ts';
import { readConfigText } from '../../../src/config/load.ts';
import type { Attempt } from '../../../src/login/attempt.ts';
import { Secret } from '../../../src/login/secret.ts';
import { PasswordChecks } from '../../../src/passwords/password-checks.ts';
import { accountName } from '../../support/accounts.ts';
import { anAttempt, aLookUp } from '../../support/attempts.ts';
import type { Slapd } from '../../daemons/slapd.ts';

const SECRETS = { SERVICE_PASSWORD: 'nauthilus-secret', CALLER: '{SSHA}0GUhEOmNTPyJDJXsHvibOnEARxx9f+A7' };

/** Settings of an LDAP backend as the file has them; what is not named is as {@link settingsFor} has it. */
export type LdapSettings = Readonly<Record<string, unknown>>;

/** Everything that an LDAP backend has told, in its order. */
export class ToldEvents implements LdapEvents {
  readonly told: string[] = [];
  readonly operations = new Map<string, number>();

  down(server: string, detail: string): void {
    this.told.push(`down ${server} ${detail}`);
  }

  up(server: string): void {
    this.told.push(`up ${server}`);
  }

  slow({ server, operation }: { readonly server: string; readonly operation: string }): void {
    this.told.push(`slow ${server} ${operation}`);
  }

  operation({ operation, result }: { readonly operation: string; readonly result: string }): void {
    const key = `${operation} ${result}`;
    this.operations.set(key, (this.operations.get(key) ?? 0) + 1);
  }

  ambiguous({ user, dns }: { readonly user: string; readonly dns: readonly string[] }): void {
    this.told.push(`ambiguous ${user} ${dns.length}`);
  }

  tlsReloaded(): void {
    this.told.push('tls reloaded');
  }

  tlsRefused(_: readonly string[], error: string): void {
    this.told.push(`tls refused ${error}`);
  }

  unlisted(count: number): void {
    this.told.push(`unlisted ${count}`);
  }
}

/** Settings that fit the schema of integrations/openldap on these servers. */
export function settingsFor(slapds: readonly Slapd[], settings: LdapSettings = {}): LdapSettings {
  const [slapd] = slapds;
  assert.ok(slapd !== undefined);
  return {
    type: 'ldap',
    name: 'directory',
    servers: slapds.map(({ url }) => url),
    bind: { dn: slapd.serviceDn, password: '${SERVICE_PASSWORD}' },
    base_dn: `ou=people,${slapd.baseDn}`,
    filters: {
      user: '(&(objectClass=nauthilusMailbox)(|(nauthilusAccount=%{user})(nauthilusMailAlias=%{user})))',
      list: '(objectClass=nauthilusMailbox)',
    },
    account_attribute: 'nauthilusAccount',
    attributes: ['mail'],
    disabled: { attribute: 'nauthilusEnabled', values: [false] },
    ...settings,
  };
}

/** Reads settings as those of the file are read. */
export function ldapConfig(settings: LdapSettings): LdapBackendConfig {
  const text = JSON.stringify({
    listeners: [{ address: '127.0.0.1', port: 1 }],
    callers: [{ name: 'c', secret: '${CALLER}', scopes: ['authenticate'] }],
    backends: [settings],
  });
  const { config } = readConfigText(text, '/etc/nauthilus.yaml', SECRETS);
  const [backend] = config.backends;
  assert.ok(backend?.type === 'ldap');
  return backend;
}

export interface TestedBackend extends AsyncDisposable {
  readonly backend: OpenLdapBackend;
  readonly events: ToldEvents;
  verify(name: string, password: string, attempt?: Partial<Attempt>): Promise<VerifyResult>;
  lookUp(name: string, attempt?: Partial<Attempt>): Promise<LookupResult>;
  list(): Promise<string[]>;
}

/** Opens a backend with these settings. */
export async function openTestBackend(settings: LdapSettings): Promise<TestedBackend> {
  const events = new ToldEvents();
  const backend = await openLdapBackend(ldapConfig(settings), { checks: new PasswordChecks(), events });
  const signal = new AbortController().signal;
  return {
    backend,
    events,
    async verify(name, password, changes = {}) {
      const secret = Secret.fromText(password);
      const attempt = { ...anAttempt(), loginName: name, password: secret, ...changes };
      return backend.verifyPassword({ name: accountName(name), attempt, password: secret }, signal);
    },
    async lookUp(name, changes = {}) {
      return backend.lookUpAccount({ name: accountName(name), attempt: { ...aLookUp(name), ...changes } }, signal);
    },
    async list() {
      const listed: string[] = [];
      for await (const page of backend.listAccounts(signal)) listed.push(...page);
      return listed.toSorted();
    },
    [Symbol.asyncDispose]: () => backend[Symbol.asyncDispose](),
  };
}
