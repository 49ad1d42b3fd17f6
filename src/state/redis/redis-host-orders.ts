import type { FoundOrders, HostOrder, HostOrders } from '../host-orders.ts';
import type { Unavailable } from '../outcome.ts';
import { isRecord } from './account-json.ts';
import type { RedisConnection } from './redis-connection.ts';

/** Stays in the hash when all orders are removed: without it Redis has lost what it held. */
const MARK = ['', ''] as const;

/** Orders in Redis, for all processes that share it: one hash with a field for each. They stay until they are removed. */
export class RedisHostOrders implements HostOrders {
  readonly #connection: RedisConnection;
  readonly #key: string;

  /** `prefix` is what all keys begin with, their version included. */
  constructor(connection: RedisConnection, prefix: string) {
    this.#connection = connection;
    this.#key = `${prefix}host-orders`;
  }

  async put(order: HostOrder, signal: AbortSignal): Promise<Unavailable | undefined> {
    const answer = await this.#connection.send('hset', [this.#key, ...MARK, order.key, JSON.stringify(order)], signal);
    return answer.kind === 'reply' ? undefined : answer;
  }

  async list(signal: AbortSignal): Promise<FoundOrders | Unavailable> {
    const answer = await this.#connection.send('hvals', [this.#key], signal);
    if (answer.kind !== 'reply') return answer;
    const values: readonly unknown[] = Array.isArray(answer.value) ? answer.value : [];
    return { kind: 'orders', isBlank: values.length === 0, orders: values.flatMap((value) => parseOrder(value) ?? []) };
  }

  async remove(key: string, signal: AbortSignal): Promise<Unavailable | undefined> {
    const marked = await this.#connection.send('hset', [this.#key, ...MARK], signal);
    if (marked.kind !== 'reply') return marked;
    const answer = await this.#connection.send('hdel', [this.#key, key], signal);
    return answer.kind === 'reply' ? undefined : answer;
  }
}

function parseOrder(value: unknown): HostOrder | undefined {
  const order = parseJson(String(value));
  if (!isRecord(order)) return undefined;
  const { key, mode, sinceMs, reason, by } = order;
  if (typeof key !== 'string' || typeof sinceMs !== 'number') return undefined;
  if (typeof reason !== 'string' || typeof by !== 'string') return undefined;
  return mode === 'drain' || mode === 'maintain' ? { key, mode, sinceMs, reason, by } : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
