import { createHistogram } from 'node:perf_hooks';

/** Upper ends of the buckets, in milliseconds. */
const EDGES_MS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000] as const;
const LONGEST_US = 3_600_000_000;

export interface LatencySummary {
  readonly p50_ms: number;
  readonly p90_ms: number;
  readonly p99_ms: number;
  readonly max_ms: number;
  /** How many took at most so many milliseconds, and longer than the bucket before; `undefined` for all that took longer. */
  readonly buckets: readonly { readonly up_to_ms: number | null; readonly count: number }[];
}

/** How long answers took, in as much memory for millions as for ten. */
export class Latencies {
  readonly #histogram = createHistogram({ lowest: 1, highest: LONGEST_US, figures: 3 });
  readonly #counts = Array.from({ length: EDGES_MS.length + 1 }, () => 0);

  record(ms: number): void {
    this.#histogram.record(Math.min(LONGEST_US, Math.max(1, Math.round(ms * 1000))));
    const edge = EDGES_MS.findIndex((upTo) => ms <= upTo);
    const bucket = edge < 0 ? EDGES_MS.length : edge;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
  }

  summary(): LatencySummary {
    const isEmpty = this.#histogram.count === 0;
    const ms = (us: number) => (isEmpty ? 0 : Math.round(us) / 1000);
    return {
      p50_ms: ms(this.#histogram.percentile(50)),
      p90_ms: ms(this.#histogram.percentile(90)),
      p99_ms: ms(this.#histogram.percentile(99)),
      max_ms: ms(this.#histogram.max),
      buckets: this.#counts.map((count, i) => ({ up_to_ms: EDGES_MS[i] ?? null, count })),
    };
  }
}
