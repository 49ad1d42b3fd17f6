import { Cluster, Redis } from 'ioredis';
import { clientOptions, clusterOptions } from './client-options.ts';
import type { HostAddress, RedisConfig, RedisServers } from './redis-settings.ts';

export type RedisClient = Redis | Cluster;

/** Opens what commands are sent by. It connects by itself, and again after each loss. */
export function openClient(config: RedisConfig): RedisClient {
  const { servers } = config;
  if (servers.kind !== 'cluster') return new Redis(clientOptions(config, servers));
  return new Cluster([...servers.addresses], clusterOptions(config));
}

/**
 * Opens a connection that only listens, to one server. It does not connect again: who listens has to know of each loss.
 * In a Cluster every node hears everything; `attempt` picks which one.
 */
export function openListener(config: RedisConfig, attempt: number): Redis {
  const servers = listenedServers(config.servers, attempt);
  return new Redis({ ...clientOptions(config, servers), retryStrategy: () => null, sentinelRetryStrategy: () => null });
}

function listenedServers(servers: RedisServers, attempt: number): Exclude<RedisServers, { readonly kind: 'cluster' }> {
  if (servers.kind !== 'cluster') return servers;
  const { addresses } = servers;
  return { kind: 'single', address: addresses[attempt % addresses.length] as HostAddress };
}

/** For operators: which servers are meant. */
export function describeServers({ servers }: RedisConfig): string {
  switch (servers.kind) {
    case 'single':
      return `server ${textOf(servers.address)}`;
    case 'socket':
      return `server ${servers.path}`;
    case 'cluster':
      return `cluster of ${servers.addresses.map(textOf).join(', ')}`;
    case 'sentinel':
      return `servers that sentinels call ${servers.name}`;
  }
}

function textOf({ host, port }: HostAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
