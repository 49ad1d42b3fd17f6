import { randomBytes } from 'node:crypto';
import { parseFilter } from '../client/filter/filter.ts';
import { prepareSearch } from '../client/message/request.ts';
import type { BindCredentials, SearchRequest } from '../client/outcome.ts';
import { BindPool } from '../client/pool/bind-pool.ts';
import { createConnector } from '../client/pool/connector.ts';
import { ListReader } from '../client/pool/list-reader.ts';
import { LookupPool } from '../client/pool/lookup-pool.ts';
import type { ServerAddress, TlsSettings } from '../client/server-address.ts';
import type { LdapBackendConfig } from '../ldap-config.ts';
import type { LdapIdentity } from '../ldap-connection-config.ts';
import type { LdapServer } from '../ldap-server.ts';
import { Breaker } from './breaker.ts';
import { DirectoryServer } from './directory-server.ts';
import type { ServerEvents } from './server-events.ts';

const PROBE_EVERY_MS = 5000;
const MAX_LISTS = 4;
const SILENCE_MS = 500;
const BREAKER = { failuresToOpen: 5, firstDelayMs: 250, maxDelayMs: 2000, random: Math.random } as const;

/** Builds the servers of a backend without connecting to them. */
export function buildServers(config: LdapBackendConfig, tls: TlsSettings, events: ServerEvents): DirectoryServer[] {
  return config.servers.map((server) => buildServer(server, config, tls, events));
}

function buildServer(
  server: LdapServer,
  config: LdapBackendConfig,
  tls: TlsSettings,
  events: ServerEvents,
): DirectoryServer {
  const { pools, timeouts } = config;
  const address = addressOf(server, config.startTls, tls);
  const connect = createConnector({
    address,
    connectTimeoutMs: timeouts.connectMs,
    account: credentialsOf(config.identity),
    connection: { maxInFlight: pools.lookup.inFlight + 1 },
  });
  const times = { maxWaitMs: timeouts.waitMs, idleCloseMs: timeouts.idleMs, maxAgeMs: timeouts.maxAgeMs };
  const probeMs = Math.max(250, Math.ceil((timeouts.searchMs * 2) / 3));
  const lookups = new LookupPool({
    ...times,
    connect,
    maxConnections: pools.lookup.connections,
    maxInFlight: pools.lookup.inFlight,
    maxWaiting: pools.lookup.queue,
    probeEveryMs: PROBE_EVERY_MS,
    probeTimeoutMs: probeMs,
    silenceMs: Math.min(SILENCE_MS, timeouts.searchMs),
  });
  const binds = new BindPool({
    ...times,
    connect: createConnector({ address, connectTimeoutMs: timeouts.connectMs }),
    maxConnections: pools.bind.connections,
    maxWaiting: pools.bind.queue,
  });
  return new DirectoryServer({
    url: server.url,
    lookups,
    binds: config.passwordCheck === 'bind' ? binds : undefined,
    lists: new ListReader(connect, MAX_LISTS),
    breaker: new Breaker(BREAKER),
    events,
    timeouts: { searchMs: timeouts.searchMs, bindMs: timeouts.bindMs, probeMs },
    probe: probeOf(config),
    decoy: decoyOf(config),
  });
}

/** How a server is spoken to. */
export function addressOf(server: LdapServer, startTls: boolean, tls: TlsSettings): ServerAddress {
  switch (server.kind) {
    case 'ldapi':
      return { kind: 'ldapi', path: server.path };
    case 'ldaps':
      return { kind: 'ldaps', host: server.host, port: server.port, tls };
    case 'ldap': {
      const { host, port } = server;
      return startTls ? { kind: 'ldap+starttls', host, port, tls } : { kind: 'ldap', host, port };
    }
  }
}

/** As whom searches are made; `undefined` for anonymous ones. */
export function credentialsOf(identity: LdapIdentity): BindCredentials | undefined {
  switch (identity.kind) {
    case 'simple':
      return { kind: 'simple', dn: identity.dn, password: identity.password.reveal() };
    case 'external':
      return { kind: 'external' };
    case 'anonymous':
      return undefined;
  }
}

/** The base DN, or the root DSE where placeholders stand in it. */
function probeOf({ search }: LdapBackendConfig): SearchRequest {
  const { values, source } = search.baseDn;
  const baseDn = values.length === 0 ? source.replaceAll('%%', '%') : '';
  return {
    search: prepareSearch({ baseDn, scope: 'base', attributes: ['1.1'] }),
    filter: parseFilter('(objectClass=*)'),
  };
}

/** A name that nobody has, below the accounts where that is one place. */
export function decoyOf({ search }: LdapBackendConfig): BindCredentials {
  const { values, source } = search.baseDn;
  const name = `cn=nauthilus-decoy-${randomBytes(8).toString('hex')}`;
  const dn = values.length === 0 && source !== '' ? `${name},${source.replaceAll('%%', '%')}` : name;
  return { kind: 'simple', dn, password: randomBytes(12) };
}
