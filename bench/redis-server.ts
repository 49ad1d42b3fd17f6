import { readdirSync, readFileSync } from 'node:fs';
import { type RedisServer, startRedis } from '../test/daemons/redis.ts';

let running: Promise<RedisServer> | undefined;

/** One Redis for all servers of a run; each has keys of its own. */
export function sharedRedis(): Promise<RedisServer> {
  running ??= startRedis();
  return running;
}

/** Ends the Redis, where one was started. */
export async function stopRedis(): Promise<void> {
  const redis = await running;
  running = undefined;
  await redis?.[Symbol.asyncDispose]();
}

/** Processes that a process has started (proc(5), `task/TID/children`). */
export function childrenOf(pid: number): readonly number[] {
  const tasks = readdirSync(`/proc/${pid}/task`);
  const lists = tasks.map((task) => readFileSync(`/proc/${pid}/task/${task}/children`, 'latin1'));
  return lists.flatMap((list) => list.trim().split(' ').filter(Boolean).map(Number));
}
