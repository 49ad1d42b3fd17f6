import type { LdapBackendConfig } from '../backends/ldap/ldap-config.ts';
import { type LdapEvents, type OpenLdapBackend, openLdapBackend } from '../backends/ldap/ldap-backend.ts';
import type { DirectoryServer } from '../backends/ldap/servers/directory-server.ts';
import { LdapTlsError } from '../backends/ldap/servers/tls-files.ts';
import type { Config } from '../config/config.ts';
import { ConfigError } from '../config/config-error.ts';
import type { Events } from '../telemetry/events.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { BackendParts } from './backends.ts';

type GaugeReader = (server: DirectoryServer) => number;

/** Opens an LDAP backend with its metrics. @throws {ConfigError} where its certificates cannot be used */
export async function openLdap(
  own: LdapBackendConfig,
  path: string,
  config: Config,
  parts: BackendParts,
): Promise<OpenLdapBackend> {
  const { checks, events, metrics, building } = parts;
  let backend: OpenLdapBackend;
  try {
    backend = await openLdapBackend(own, { checks, events: eventsOf(own.name, events, metrics) });
  } catch (cause) {
    if (cause instanceof LdapTlsError) throw ConfigError.at(config, `${path}.tls`, cause.message);
    throw cause;
  }
  for (const server of backend.servers) {
    const labels = { backend: own.name, server: server.url };
    const add = (name: string, help: string, read: GaugeReader, more: Readonly<Record<string, string>> = {}) =>
      building.use(metrics.addGauge(name, help, () => read(server), { ...labels, ...more }));
    add('backend_server_up', 'Whether a server of a backend is asked.', ({ isAskable }) => Number(isAskable));
    addPoolGauges(add, 'lookup', (one) => one.lookupGauges);
    if (own.passwordCheck === 'bind') addPoolGauges(add, 'bind', (one) => one.bindGauges);
    add('backend_lists_running', 'Account lists being read from a server.', (one) => one.listsUnderWay);
  }
  return backend;
}

type PoolFigures = (
  server: DirectoryServer,
) => { readonly open: number; readonly inFlight: number; readonly waiting: number } | undefined;

function addPoolGauges(
  add: (name: string, help: string, read: GaugeReader, more: Readonly<Record<string, string>>) => void,
  pool: string,
  figures: PoolFigures,
): void {
  const labels = { pool };
  add('backend_connections_open', 'Connections to a server.', (one) => figures(one)?.open ?? 0, labels);
  add(
    'backend_operations_in_flight',
    'Operations under way on a server.',
    (one) => figures(one)?.inFlight ?? 0,
    labels,
  );
  add(
    'backend_operations_waiting',
    'Operations that wait for a connection to a server.',
    (one) => figures(one)?.waiting ?? 0,
    labels,
  );
}

function eventsOf(backend: string, events: Events, metrics: Metrics): LdapEvents {
  return {
    down: (server, detail) => events.serverDown({ backend, server, detail }),
    up: (server, downMs) => events.serverUp({ backend, server, downMs }),
    slow: (operation, slowness) => events.serverSlow({ backend, ...operation, ...slowness }),
    operation: ({ server, operation, result, ms }) =>
      metrics.operations.count({ backend, server, operation }, result, ms / 1000),
    ambiguous: (found) => events.accountAmbiguous({ backend, ...found }),
    tlsReloaded: (files) => events.reloaded('certificate', { file: files.join(', '), backend }),
    tlsRefused: (files, error) => events.reloadRefused('certificate', { file: files.join(', '), backend, error }),
    unlisted: (count) => events.accountsUnlisted({ backend, count }),
  };
}
