/** What {@link Overdue.wait} gives where nothing came in time. */
export const OVERDUE = Symbol('overdue');

/** Who is asked has this long to answer after the signal: its own words for what went wrong tell more. */
const GRACE_MS = 100;

/**
 * Waits for answers until a little after their signal fires. Whoever is asked has to heed the signal; this holds where it does
 * not. The waits of one signal share one listener, as adding to thousands of listeners would cost more than the answer.
 */
export class Overdue {
  readonly #waiting = new WeakMap<AbortSignal, Set<() => void>>();

  wait<T>(answer: Promise<T>, signal: AbortSignal): Promise<T | typeof OVERDUE> {
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(signal) ?? this.#watch(signal);
      const giveUp = () => resolve(OVERDUE);
      waiting.add(giveUp);
      answer.then(
        (value) => {
          waiting.delete(giveUp);
          resolve(value);
        },
        (cause: unknown) => {
          waiting.delete(giveUp);
          reject(cause);
        },
      );
    });
  }

  #watch(signal: AbortSignal): Set<() => void> {
    const waiting = new Set<() => void>();
    this.#waiting.set(signal, waiting);
    const giveUpSoon = () => {
      setTimeout(() => {
        this.#waiting.delete(signal);
        for (const giveUp of waiting) giveUp();
      }, GRACE_MS).unref();
    };
    if (signal.aborted) giveUpSoon();
    else signal.addEventListener('abort', giveUpSoon, { once: true });
    return waiting;
  }
}
