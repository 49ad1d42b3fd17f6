/** What {@link Overdue.wait} gives where nothing came in time. */
export const OVERDUE = Symbol('overdue');

/** Who is asked has this long to answer after the signal: its own words for what went wrong tell more. */
const GRACE_MS = 100;

/** Emptied when it ends: old tables of the set may keep it for longer, and with it all that the answer was made of. */
interface Wait {
  giveUp: (() => void) | undefined;
}

/**
 * Waits for answers until a little after their signal fires. Whoever is asked has to heed the signal; this holds where it does
 * not. The waits of one signal share one listener, as adding to thousands of listeners would cost more than the answer.
 */
export class Overdue {
  readonly #waiting = new WeakMap<AbortSignal, Set<Wait>>();

  wait<T>(answer: Promise<T>, signal: AbortSignal): Promise<T | typeof OVERDUE> {
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(signal) ?? this.#watch(signal);
      const wait: Wait = { giveUp: () => resolve(OVERDUE) };
      waiting.add(wait);
      const end = () => {
        waiting.delete(wait);
        wait.giveUp = undefined;
      };
      answer.then(
        (value) => {
          end();
          resolve(value);
        },
        (cause: unknown) => {
          end();
          reject(cause);
        },
      );
    });
  }

  #watch(signal: AbortSignal): Set<Wait> {
    const waiting = new Set<Wait>();
    this.#waiting.set(signal, waiting);
    const giveUpSoon = () => {
      setTimeout(() => {
        this.#waiting.delete(signal);
        for (const { giveUp } of waiting) giveUp?.();
      }, GRACE_MS).unref();
    };
    if (signal.aborted) giveUpSoon();
    else signal.addEventListener('abort', giveUpSoon, { once: true });
    return waiting;
  }
}
