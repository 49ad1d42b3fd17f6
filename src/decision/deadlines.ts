import { setMaxListeners } from 'node:events';

const SLOT_MS = 50;

/**
 * Gives abort signals that fire a fixed time after they were asked for. Requests that start within the same 50 ms share one
 * signal and one timer: a decision that ends at once pays next to nothing for its deadline, and none fires early.
 */
export class Deadlines implements Disposable {
  readonly #deadlineMs: number;
  readonly #now: () => number;
  readonly #pending = new Set<NodeJS.Timeout>();
  #current: AbortSignal | undefined;
  #openedAt = Number.NEGATIVE_INFINITY;

  /**
   * @param deadlineMs time from the question to the signal, up to 50 ms more
   * @param now milliseconds of a clock that never goes back
   */
  constructor(deadlineMs: number, now: () => number = () => performance.now()) {
    this.#deadlineMs = deadlineMs;
    this.#now = now;
  }

  signal(): AbortSignal {
    // By the clock, not by a timer: a timer that a busy event loop holds up would leave an old signal in use.
    const now = this.#now();
    if (this.#current === undefined || now - this.#openedAt >= SLOT_MS) {
      this.#current = this.#open();
      this.#openedAt = now;
    }
    return this.#current;
  }

  #open(): AbortSignal {
    const controller = new AbortController();
    setMaxListeners(0, controller.signal);
    const timer = setTimeout(() => {
      this.#pending.delete(timer);
      controller.abort(new DOMException('the deadline of the decision has passed', 'TimeoutError'));
    }, this.#deadlineMs + SLOT_MS);
    timer.unref();
    this.#pending.add(timer);
    return controller.signal;
  }

  /** Stops all timers: signals that were given fire no more. */
  [Symbol.dispose](): void {
    for (const timer of this.#pending) clearTimeout(timer);
    this.#pending.clear();
    this.#current = undefined;
  }
}
