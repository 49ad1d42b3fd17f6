import type { MaybePromise, Unavailable } from '../outcome.ts';
import type { RedisConnection } from './redis-connection.ts';
import { READ_CLOCK } from './script.ts';

/** What was read of the server's clock, and when that was on ours. */
export interface ClockReading {
  readonly kind: 'reading';
  readonly serverMs: number;
  /** Everything that was asked at or before this time of the server is void. */
  readonly voidUntilMs: number;
  readonly readAt: number;
}

/** A reading is used for so long; forgetting everything takes that long to be known everywhere. */
const LONGEST_USE_MS = 500;
const REFRESH_AFTER_MS = 300;
const NEVER = new AbortController().signal;

/**
 * The clock of the server, read now and then: what was forgotten when, and what was asked when, are times of this one clock,
 * whatever the clocks of our machines show.
 */
export class SharedClock {
  readonly #connection: RedisConnection;
  readonly #markKey: string;
  #last: ClockReading | undefined;
  #pending: Promise<ClockReading | Unavailable> | undefined;

  /** `markKey` holds the time until which everything is void. */
  constructor(connection: RedisConnection, markKey: string) {
    this.#connection = connection;
    this.#markKey = markKey;
  }

  /** A reading that is at most half a second old. */
  read(): MaybePromise<ClockReading | Unavailable> {
    const last = this.#last;
    const age = last === undefined ? Infinity : performance.now() - last.readAt;
    if (age > REFRESH_AFTER_MS) this.#pending ??= this.#refresh();
    if (last !== undefined && age < LONGEST_USE_MS) return last;
    return this.#pending as Promise<ClockReading | Unavailable>;
  }

  /** Throws the reading away, so that what was just forgotten is known here at once. */
  invalidate(): void {
    this.#last = undefined;
    this.#pending = undefined;
  }

  async #refresh(): Promise<ClockReading | Unavailable> {
    const answer = await this.#connection.run(READ_CLOCK, [this.#markKey], [], NEVER);
    const reading = answer.kind === 'reply' ? parseReading(answer.value) : answer;
    if (reading.kind === 'reading') this.#last = reading;
    this.#pending = undefined;
    return reading;
  }
}

/**
 * The time of the server that `wallMs` of our wall clock was, or an earlier one: never a later one, so that what was asked
 * before something was forgotten is never taken for younger.
 */
export function serverTimeOf(wallMs: number, reading: ClockReading): number {
  const elapsedMs = Math.max(0, Date.now() - wallMs);
  return Math.floor(reading.serverMs + (performance.now() - reading.readAt) - elapsedMs);
}

function parseReading(value: unknown): ClockReading | Unavailable {
  const [serverMs, voidUntilMs] = Array.isArray(value) ? (value as unknown[]) : [];
  if (typeof serverMs !== 'number' || typeof voidUntilMs !== 'number') {
    return { kind: 'unavailable', overloaded: false, detail: 'the server gave no time' };
  }
  return { kind: 'reading', serverMs, voidUntilMs, readAt: performance.now() };
}
