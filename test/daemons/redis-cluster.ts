import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './free-port.ts';
import { type RedisServer, type RedisServerOptions, startRedis } from './redis.ts';
import { runTool } from './run-tool.ts';

const SLOTS = 16_384;

/** Three servers that share the keys among them, without replicas. */
export interface RedisCluster extends AsyncDisposable {
  readonly nodes: readonly RedisServer[];
  /** Moves some of the first server's slots to the second, as redis-cli does, key by key. */
  reshard(slots: number): Promise<void>;
}

export async function startRedisCluster(options: RedisServerOptions = {}): Promise<RedisCluster> {
  // The port among nodes would be the other one and 10,000, which may be anybody's.
  const busPorts = await Promise.all([1, 2, 3].map(() => freePort()));
  const started = await Promise.allSettled(
    busPorts.map((busPort) => {
      const settings = ['cluster-enabled yes', `cluster-port ${busPort}`, 'cluster-node-timeout 1000'];
      return startRedis({ ...options, settings: [...settings, ...(options.settings ?? [])] });
    }),
  );
  const nodes = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const dispose = async () => {
    await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()));
  };
  try {
    for (const one of started) if (one.status === 'rejected') throw one.reason;
    await join(nodes, busPorts);
  } catch (error) {
    await dispose();
    throw error;
  }
  return { nodes, reshard: (slots) => reshard(nodes, slots), [Symbol.asyncDispose]: dispose };
}

async function join(nodes: readonly RedisServer[], busPorts: readonly number[]): Promise<void> {
  const [first] = nodes as [RedisServer];
  for (const [index, node] of nodes.entries()) {
    const from = Math.floor((SLOTS * index) / nodes.length);
    const to = Math.floor((SLOTS * (index + 1)) / nodes.length) - 1;
    await node.run('CLUSTER', 'ADDSLOTSRANGE', from, to);
    await node.run('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
  }
  for (const [index, node] of nodes.entries())
    if (index > 0) await first.run('CLUSTER', 'MEET', '127.0.0.1', node.port, busPorts[index] as number);
  for (const deadline = Date.now() + 20_000; !(await isWhole(nodes)); await sleep(50)) {
    if (Date.now() > deadline) throw new Error('the cluster does not come together within 20 s');
  }
}

async function isWhole(nodes: readonly RedisServer[]): Promise<boolean> {
  const infos = await Promise.all(nodes.map((node) => node.run('CLUSTER', 'INFO')));
  return infos.every((info) => /cluster_state:ok/.test(String(info)) && /cluster_known_nodes:3/.test(String(info)));
}

async function reshard(nodes: readonly RedisServer[], slots: number): Promise<void> {
  const [from, to] = await Promise.all(nodes.slice(0, 2).map((node) => node.run('CLUSTER', 'MYID')));
  const [first] = nodes as [RedisServer];
  const options = ['--cluster-from', String(from), '--cluster-to', String(to), '--cluster-slots', String(slots)];
  const command = ['redis-cli', '--cluster', 'reshard', `127.0.0.1:${first.port}`, ...options, '--cluster-yes'];
  await runTool([...command, '--cluster-pipeline', '1']);
}
