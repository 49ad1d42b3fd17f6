import { setTimeout as sleep } from 'node:timers/promises';
import { type RedisServer, type RedisServerOptions, startRedis } from './redis.ts';

export const SENTINEL_NAME = 'mymaster';

/** A server with a replica, and a sentinel that puts the replica in its place. */
export interface RedisPair extends AsyncDisposable {
  readonly sentinel: RedisServer;
  readonly servers: readonly RedisServer[];
  /** The one that takes changes now. */
  current(): Promise<RedisServer>;
  /** Has the sentinel put the replica in the place of the server, and waits until it says so. */
  failOver(): Promise<void>;
  /** Waits until the replica has everything and the sentinel knows of it. */
  settle(): Promise<void>;
}

export async function startRedisPair(options: RedisServerOptions = {}): Promise<RedisPair> {
  const first = await startRedis(options);
  const replica = [`replicaof 127.0.0.1 ${first.port}`, ...(options.settings ?? [])];
  const second = await startRedis({ ...options, settings: replica });
  const settings = [
    `sentinel monitor ${SENTINEL_NAME} 127.0.0.1 ${first.port} 1`,
    `sentinel down-after-milliseconds ${SENTINEL_NAME} 500`,
    `sentinel failover-timeout ${SENTINEL_NAME} 3000`,
  ];
  const sentinel = await startRedis({ ...options, isSentinel: true, settings });
  const pair = new RunningPair(sentinel, [first, second]);
  try {
    await pair.settle();
    return pair;
  } catch (error) {
    await pair[Symbol.asyncDispose]();
    throw error;
  }
}

class RunningPair implements RedisPair {
  readonly sentinel: RedisServer;
  readonly servers: readonly RedisServer[];

  constructor(sentinel: RedisServer, servers: readonly RedisServer[]) {
    this.sentinel = sentinel;
    this.servers = servers;
  }

  async settle(): Promise<void> {
    for (const deadline = Date.now() + 20_000; ; await sleep(50)) {
      const known = await this.sentinel.run('SENTINEL', 'REPLICAS', SENTINEL_NAME);
      const flat = JSON.stringify(known);
      if (flat.includes('"master-link-status","ok"') && !/"flags","[^"]*(down|disconnected)/.test(flat)) return;
      if (Date.now() > deadline) throw new Error(`the sentinel does not know the replica within 20 s: ${flat}`);
    }
  }

  async current(): Promise<RedisServer> {
    const address = (await this.sentinel.run('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', SENTINEL_NAME)) as string[];
    const server = this.servers.find(({ port }) => String(port) === address[1]);
    if (server === undefined) throw new Error(`the sentinel names an unknown server: ${address.join(':')}`);
    return server;
  }

  async failOver(): Promise<void> {
    const before = await this.current();
    await this.sentinel.run('SENTINEL', 'FAILOVER', SENTINEL_NAME);
    for (const deadline = Date.now() + 20_000; (await this.current()) === before; await sleep(20)) {
      if (Date.now() > deadline) throw new Error('no fail-over within 20 s');
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sentinel[Symbol.asyncDispose]();
    await Promise.all(this.servers.map((server) => server[Symbol.asyncDispose]()));
  }
}
