import { setTimeout as sleep } from 'node:timers/promises';
import type { MaybePromise } from '../../state/outcome.ts';

const REMEMBERED = 64;
const LONGEST_MS = 2000;
const WORTH_WAITING_MS = 0.5;

/**
 * Makes refusals that no backend was asked about take as long as wrong passwords do, so that nobody learns from the time whether
 * he is blocked. A waiting refusal is a timer and nothing else, and there are at most `maxWaiting` of them: one more is answered
 * at once.
 */
export class RefusalPace {
  readonly #maxWaiting: number;
  readonly #random: () => number;
  readonly #recentMs: number[] = [];
  #next = 0;
  #waiting = 0;

  constructor(maxWaiting: number, random: () => number = Math.random) {
    this.#maxWaiting = maxWaiting;
    this.#random = random;
  }

  /** Refusals that wait now. */
  get waiting(): number {
    return this.#waiting;
  }

  /** A backend took so long to find a password wrong. */
  note(ms: number): void {
    this.#recentMs[this.#next] = ms;
    this.#next = (this.#next + 1) % REMEMBERED;
  }

  /** Waits as long as some wrong password took lately. */
  wait(signal: AbortSignal): MaybePromise<void> {
    const index = Math.floor(this.#random() * this.#recentMs.length);
    const ms = Math.min(LONGEST_MS, this.#recentMs[index] ?? 0);
    if (ms < WORTH_WAITING_MS || this.#waiting >= this.#maxWaiting) return undefined;
    this.#waiting += 1;
    return sleep(ms, undefined, { signal, ref: false })
      .catch(() => {})
      .finally(() => {
        this.#waiting -= 1;
      });
  }
}
