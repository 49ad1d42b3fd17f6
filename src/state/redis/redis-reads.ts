import { type Unavailable, WITHDRAWN } from '../outcome.ts';
import { notAsked, type RedisConnection } from './redis-connection.ts';
import { TickBatch } from './tick-batch.ts';

/** What keys hold, in their order: `Buffer`s, and `null` where there is nothing or something of another type. */
export type ReadValues = readonly unknown[];

const MOST_AT_ONCE = 64;

/** Reads keys. Where one server has all of them, those that are wanted in one turn of the event loop are read by one command. */
export class RedisReads {
  readonly #connection: RedisConnection;
  readonly #batch: TickBatch<readonly string[], ReadValues | Unavailable>;

  constructor(connection: RedisConnection) {
    this.#connection = connection;
    this.#batch = new TickBatch({
      ask: (asked) => this.#readAll(asked),
      withdrawn: WITHDRAWN,
      failed: notAsked,
      most: MOST_AT_ONCE,
    });
  }

  /** Reads keys, which are of one slot each time where there are slots. */
  read(keys: readonly string[], signal: AbortSignal): Promise<ReadValues | Unavailable> {
    return this.#connection.hasSlots ? this.#mget(keys, signal) : this.#batch.ask(keys, signal);
  }

  async #readAll(asked: readonly (readonly string[])[]): Promise<readonly (ReadValues | Unavailable)[]> {
    const [first = []] = asked;
    if (asked.length === 1) return [await this.#mget(first)];
    const values = await this.#mget(asked.flat());
    if (isUnavailable(values)) return asked.map(() => values);
    let next = 0;
    return asked.map(({ length }) => values.slice(next, (next += length)));
  }

  async #mget(keys: readonly string[], signal?: AbortSignal): Promise<ReadValues | Unavailable> {
    const answer = await this.#connection.send('mget', keys, signal);
    if (answer.kind !== 'reply') return answer;
    return Array.isArray(answer.value) ? (answer.value as unknown[]) : [];
  }
}

/** Whether nothing could be read. */
export function isUnavailable(values: ReadValues | Unavailable): values is Unavailable {
  return !Array.isArray(values);
}
