/** How long an attempt may be under way before it is taken for one whose end nobody told, in milliseconds. */
const LONGEST_MS = 120_000;

/** A place among the attempts that are under way. */
export interface Ticket {
  readonly sinceMs: number;
}

/**
 * Attempts that are counted and not settled yet, in the order in which they came. What is counted of them may be taken back: a
 * limit that is passed only together with them is no reason to refuse anybody.
 */
export class UnderWay {
  readonly #tickets = new Set<Ticket>();
  readonly #ticks: () => number;

  /** @param ticks milliseconds of a clock that never goes back */
  constructor(ticks: () => number) {
    this.#ticks = ticks;
  }

  /** Attempts that are under way. */
  get size(): number {
    return this.#tickets.size;
  }

  enter(): Ticket {
    const ticket: Ticket = { sinceMs: this.#ticks() };
    this.#tickets.add(ticket);
    return ticket;
  }

  /** The attempt is settled. */
  leave(ticket: Ticket): void {
    this.#tickets.delete(ticket);
  }

  /** Whether an attempt that came at `ms` of the clock or before is under way still. */
  hasFrom(ms: number): boolean {
    for (const ticket of this.#tickets) {
      if (this.#ticks() - ticket.sinceMs <= LONGEST_MS) return ticket.sinceMs <= ms;
      this.#tickets.delete(ticket);
    }
    return false;
  }
}
