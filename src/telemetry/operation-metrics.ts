import { Counter, Histogram, type Registry } from 'prom-client';

const OPERATION_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** What a server that holds accounts was asked. All of them come from the configuration or from a fixed set. */
export interface OperationLabels {
  readonly backend: string;
  readonly server: string;
  readonly operation: string;
}

interface OperationTally {
  readonly labels: OperationLabels & { readonly result: string };
  readonly seconds: Histogram.Internal<keyof OperationLabels>;
  count: number;
}

/** Operations on the servers of backends: how many went how, and how long they took. */
export class OperationMetrics {
  readonly #seconds: Histogram<keyof OperationLabels>;
  readonly #tallies = new Map<string, OperationTally>();

  constructor(registry: Registry, prefix: string) {
    const registers = [registry];
    const tallies = this.#tallies;
    this.#seconds = new Histogram({
      name: `${prefix}backend_operation_seconds`,
      help: 'Time from asking a server of a backend to its answer.',
      labelNames: ['backend', 'server', 'operation'],
      buckets: OPERATION_SECONDS,
      registers,
    });
    new Counter({
      name: `${prefix}backend_operations_total`,
      help: 'Operations on the servers of backends by result.',
      labelNames: ['backend', 'server', 'operation', 'result'],
      registers,
      collect() {
        for (const tally of tallies.values()) {
          if (tally.count > 0) this.inc({ ...tally.labels }, tally.count);
          tally.count = 0;
        }
      },
    });
  }

  count(labels: OperationLabels, result: string, seconds: number): void {
    const { backend, server, operation } = labels;
    const key = `${backend} ${server} ${operation} ${result}`;
    let tally = this.#tallies.get(key);
    if (tally === undefined) {
      const whose = { backend, server, operation };
      tally = { labels: { ...whose, result }, count: 0, seconds: this.#seconds.labels(whose) };
      this.#tallies.set(key, tally);
    }
    tally.count += 1;
    tally.seconds.observe(seconds);
  }
}
