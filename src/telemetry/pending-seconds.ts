import type { Histogram } from 'prom-client';

const MAX_PENDING = 512;

/** Observations of a histogram that wait to be handed over together: one by one they cost several times as much. */
export class PendingSeconds {
  readonly #histogram: Histogram.Internal<string>;
  readonly #pending = new Float64Array(MAX_PENDING);
  #count = 0;

  constructor(histogram: Histogram.Internal<string>) {
    this.#histogram = histogram;
  }

  add(seconds: number): void {
    this.#pending[this.#count] = seconds;
    this.#count += 1;
    if (this.#count === MAX_PENDING) this.handOver();
  }

  /** To be called before the histogram is read. */
  handOver(): void {
    for (let i = 0; i < this.#count; i += 1) this.#histogram.observe(this.#pending[i] as number);
    this.#count = 0;
  }
}
