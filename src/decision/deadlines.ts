import { setMaxListeners } from 'node:events';

const SLOT_MS = 50;

/**
 * Gives abort signals that fire a fixed time after they were asked for. Requests that start within the same 50 ms share one
 * signal and one timer: a decision that ends at once pays next to nothing for its deadline, and none fires early.
 */
export class Deadlines implements Disposable {
  readonly #deadlineMs: number;
  readonly #pending = new Set<NodeJS.Timeout>();
  #current: AbortSignal | undefined;

  /** @param deadlineMs time from the question to the signal, up to 50 ms more */
  constructor(deadlineMs: number) {
    this.#deadlineMs = deadlineMs;
  }

  signal(): AbortSignal {
    this.#current ??= this.#open();
    return this.#current;
  }

  #open(): AbortSignal {
    const controller = new AbortController();
    setMaxListeners(0, controller.signal);
    setTimeout(() => {
      this.#current = undefined;
    }, SLOT_MS).unref();
    const timer = setTimeout(() => {
      this.#pending.delete(timer);
      controller.abort(new DOMException('the deadline of the decision has passed', 'TimeoutError'));
    }, this.#deadlineMs + SLOT_MS);
    timer.unref();
    this.#pending.add(timer);
    return controller.signal;
  }

  [Symbol.dispose](): void {
    for (const timer of this.#pending) clearTimeout(timer);
    this.#pending.clear();
  }
}
