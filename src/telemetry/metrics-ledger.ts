import { AggregatorRegistry } from 'prom-client';
import type { MetricsSnapshot } from './metrics.ts';

/** Puts the metrics of several processes together, those of processes that are no more included. */
export class MetricsLedger {
  #past: MetricsSnapshot = [];

  /** Keeps what a process has counted that has come to its end. Its gauges say nothing any more. */
  async retire(last: MetricsSnapshot): Promise<void> {
    const counted = last.filter((metric) => 'type' in metric && metric.type !== 'gauge');
    // Taken over at once, so that no other process that ends meanwhile is forgotten.
    this.#past = [...this.#past, ...counted];
    const before = this.#past;
    const sum = (await sumOf([before]).getMetricsAsJSON()) as MetricsSnapshot;
    if (this.#past === before) this.#past = sum;
  }

  /** The sum of the processes that run and of those that ran, in Prometheus' text form. */
  render(running: readonly MetricsSnapshot[]): Promise<string> {
    return sumOf([...running, this.#past]).metrics();
  }
}

function sumOf(snapshots: readonly MetricsSnapshot[]): ReturnType<typeof AggregatorRegistry.aggregate> {
  return AggregatorRegistry.aggregate(snapshots as object[][]);
}
