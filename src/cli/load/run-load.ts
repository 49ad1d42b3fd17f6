import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadRow } from './load-rows.ts';
import type { LoadAnswer, LoadTally } from './load-tally.ts';

/** Asks one question; never rejected but when `signal` fires. */
export type Ask = (row: LoadRow, signal: AbortSignal) => Promise<LoadAnswer>;

export interface LoadPlan {
  readonly rows: AsyncIterator<LoadRow>;
  readonly ask: Ask;
  readonly tally: LoadTally;
  /** Questions under way at a time. */
  readonly concurrency: number;
  /** Questions begun per second at most; 0 for as many as can be. */
  readonly rate: number;
  /** Ends the run: nothing more is begun, and what is under way is given up. */
  readonly signal: AbortSignal;
  /** When nothing more is begun, in milliseconds of `now`. */
  readonly untilMs: number;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

/**
 * Asks row after row, many at a time. With a rate, how long an answer took is counted from the moment at which its question was
 * due, so that a service that stalls cannot hide it by being asked later.
 */
export async function runLoad(plan: LoadPlan): Promise<void> {
  const schedule = new Schedule(plan);
  await Promise.all(Array.from({ length: plan.concurrency }, () => askInTurn(plan, schedule)));
}

async function askInTurn(plan: LoadPlan, schedule: Schedule): Promise<void> {
  const { rows, ask, tally, signal, untilMs, now } = plan;
  while (!signal.aborted && now() < untilMs) {
    const dueMs = await schedule.next();
    if (signal.aborted || now() >= untilMs) return;
    const { value: row, done } = await rows.next();
    if (done === true) return;
    if (row.problem !== undefined) {
      tally.take(row, { kind: 'failed', detail: row.problem });
      continue;
    }
    const startedMs = dueMs ?? now();
    const answer = await ask(row, signal).catch((cause: unknown) => {
      if (signal.aborted) return undefined;
      throw cause;
    });
    if (answer === undefined) return;
    tally.take(row, answer, now() - startedMs);
  }
}

/** Says when the next question is due. */
class Schedule {
  readonly #plan: LoadPlan;
  readonly #startedMs: number;
  #begun = 0;

  constructor(plan: LoadPlan) {
    this.#plan = plan;
    this.#startedMs = plan.now();
  }

  /** Waits until one is due; gives the moment, or `undefined` where there is no rate. */
  async next(): Promise<number | undefined> {
    const { rate, now, signal, untilMs } = this.#plan;
    if (rate === 0) return undefined;
    const dueMs = this.#startedMs + (this.#begun * 1000) / rate;
    this.#begun += 1;
    const waitMs = Math.min(dueMs, untilMs) - now();
    if (waitMs > 0) await sleep(waitMs, undefined, { signal }).catch(() => undefined);
    return dueMs;
  }
}
