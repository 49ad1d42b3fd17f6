import { readFileSync } from 'node:fs';
import { pauseBefore } from './breaker.ts';
import type { RedisConfig, RedisServers, RedisTls } from './redis-settings.ts';
import { SteadyConnector } from './steady-connector.ts';

/** Milliseconds before the next try to connect, after so many that failed: uneven, so that processes do not come all at once. */
function pauseBeforeConnecting(tries: number): number {
  return pauseBefore(tries - 1, { firstMs: 100, longestMs: 5000 }, Math.random);
}

/**
 * What every connection has: nothing waits in a queue for a server that is away, nothing is sent twice, and a connection that
 * is given up is gone at once.
 */
export function connectionOptions(config: RedisConfig) {
  const { username, password, tls, connectTimeoutMs } = config;
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password: password.reveal().toString('utf8') }),
    ...(tls === undefined ? {} : { tls: tlsOptions(tls) }),
    protocol: 2 as const,
    connectTimeout: connectTimeoutMs,
    connectionName: 'nauthilus',
    disableClientInfo: true,
    disconnectTimeout: 50,
    maxRetriesPerRequest: 0,
    maxLoadingRetryTime: 1000,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    keepAlive: 10_000,
  };
}

/** Options of a client that is no Cluster client. */
export function clientOptions(config: RedisConfig, servers: Exclude<RedisServers, { readonly kind: 'cluster' }>) {
  return {
    ...connectionOptions(config),
    ...serverOptions(config, servers),
    db: config.database,
    enableOfflineQueue: false,
    retryStrategy: pauseBeforeConnecting,
  };
}

export function clusterOptions(config: RedisConfig) {
  return {
    redisOptions: { ...connectionOptions(config), Connector: SteadyConnector },
    enableOfflineQueue: false,
    clusterRetryStrategy: pauseBeforeConnecting,
    slotsRefreshTimeout: config.connectTimeoutMs,
    slotsRefreshInterval: 5000,
    maxRedirections: 8,
    retryDelayOnFailover: 50,
    retryDelayOnTryAgain: 20,
    retryDelayOnClusterDown: 50,
    // Names need not be looked up before they are connected to, and certificates name them.
    dnsLookup: (host: string, done: (error: null, address: string) => void) => done(null, host),
  };
}

function serverOptions(config: RedisConfig, servers: Exclude<RedisServers, { readonly kind: 'cluster' }>) {
  switch (servers.kind) {
    case 'single':
      return { Connector: SteadyConnector, host: servers.address.host, port: servers.address.port };
    case 'socket':
      return { Connector: SteadyConnector, path: servers.path };
    case 'sentinel':
      return {
        sentinels: servers.addresses.map(({ host, port }) => ({ host, port })),
        name: servers.name,
        ...(servers.username === undefined ? {} : { sentinelUsername: servers.username }),
        ...(servers.password === undefined ? {} : { sentinelPassword: servers.password.reveal().toString('utf8') }),
        ...(config.tls === undefined ? {} : { enableTLSForSentinelMode: true, sentinelTLS: tlsOptions(config.tls) }),
        sentinelCommandTimeout: config.connectTimeoutMs,
        sentinelRetryStrategy: pauseBeforeConnecting,
        failoverDetector: true,
      };
  }
}

function tlsOptions({ ca, certificate, key, serverName }: RedisTls) {
  return {
    ...(ca === undefined ? {} : { ca: readFileSync(ca) }),
    ...(certificate === undefined ? {} : { cert: readFileSync(certificate) }),
    ...(key === undefined ? {} : { key: readFileSync(key) }),
    ...(serverName === undefined ? {} : { servername: serverName }),
    minVersion: 'TLSv1.2' as const,
  };
}
