import type { RedisState } from '../../src/state/redis/redis-state.ts';
import { type RedisServer, startRedis } from '../daemons/redis.ts';
import { configFor, openReadyState } from '../state/support/shared-state.ts';

/** A busy machine is slow, and the store is not away for that. */
const PATIENCE_MS = 60_000;

/** A store of its own in a server. */
export function openWorldState({ socket }: RedisServer, prefix: string): Promise<RedisState> {
  return openReadyState(configFor({ kind: 'socket', path: socket }, { prefix, commandTimeoutMs: PATIENCE_MS }));
}

/** Does something with a Redis that holds nothing yet, and stops it. */
export async function withRedis<Done>(act: (redis: RedisState) => Promise<Done>): Promise<Done> {
  await using server = await startRedis();
  await using state = await openWorldState(server, 'world');
  return await act(state);
}
