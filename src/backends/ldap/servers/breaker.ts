/** How often in a row a server may fail before it is left alone, and for how long that is. */
export interface BreakerOptions {
  readonly failuresToOpen: number;
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  /** 0 to 1. */
  readonly random: () => number;
}

const SHORTEST_DELAY_MS = 20;

/**
 * Counts what a server does in a row. Delays double with each opening that no success came after, and are spread over their
 * whole length ("full jitter"), so that many services do not come back to a server all at once.
 */
export class Breaker {
  readonly #options: BreakerOptions;
  #failures = 0;
  #openings = 0;

  constructor(options: BreakerOptions) {
    this.#options = options;
  }

  /** Something that was asked for was answered. */
  sawSuccess(): void {
    this.#failures = 0;
    this.#openings = 0;
  }

  /** Gives whether that was one failure too many. */
  sawFailure(): boolean {
    this.#failures += 1;
    return this.#failures >= this.#options.failuresToOpen;
  }

  /** Gives how long the server is to be left alone. */
  open(): number {
    const { firstDelayMs, maxDelayMs, random } = this.#options;
    const longest = Math.min(maxDelayMs, firstDelayMs * 2 ** this.#openings);
    this.#openings += 1;
    return Math.max(SHORTEST_DELAY_MS, random() * longest);
  }

  /** The server seems well again: the next failure is one too many all the same, until something succeeds. */
  halfClose(): void {
    this.#failures = this.#options.failuresToOpen - 1;
  }
}
