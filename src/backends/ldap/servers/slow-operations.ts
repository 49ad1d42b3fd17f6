import type { LdapOperation, ServerEvents } from './server-events.ts';

const TELL_EVERY_MS = 10_000;

/** Tells of operations that take more than half of their time, a few words for many of them. */
export class SlowOperations {
  readonly #server: string;
  readonly #events: ServerEvents;
  #toldAt = Number.NEGATIVE_INFINITY;
  #count = 0;
  #longestMs = 0;

  constructor(server: string, events: ServerEvents) {
    this.#server = server;
    this.#events = events;
  }

  saw(operation: LdapOperation, ms: number, now: number): void {
    this.#count += 1;
    this.#longestMs = Math.max(this.#longestMs, ms);
    if (now - this.#toldAt < TELL_EVERY_MS) return;
    this.#events.slow({ server: this.#server, operation }, { count: this.#count, longestMs: this.#longestMs });
    this.#toldAt = now;
    this.#count = 0;
    this.#longestMs = 0;
  }
}
