import { Counter, Histogram, type Registry } from 'prom-client';
import { PendingSeconds } from './pending-seconds.ts';

const OPERATION_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** What a server that holds accounts was asked. All of them come from the configuration or from a fixed set. */
export interface OperationLabels {
  readonly backend: string;
  readonly server: string;
  readonly operation: string;
}

interface OperationTally {
  readonly seconds: PendingSeconds;
  /** By result. */
  readonly counts: Map<string, { readonly labels: OperationLabels & { readonly result: string }; count: number }>;
}

/**
 * Operations on the servers of backends: how many went how, and how long they took. Both are tallied here and handed over when
 * somebody looks.
 */
export class OperationMetrics {
  readonly #seconds: Histogram<keyof OperationLabels>;
  /** By backend, server and operation, in this order. */
  readonly #tallies = new Map<string, Map<string, Map<string, OperationTally>>>();

  constructor(registry: Registry, prefix: string) {
    const registers = [registry];
    const all = (): OperationTally[] =>
      [...this.#tallies.values()].flatMap((servers) =>
        [...servers.values()].flatMap((operations) => [...operations.values()]),
      );
    this.#seconds = new Histogram({
      name: `${prefix}backend_operation_seconds`,
      help: 'Time from asking a server of a backend to its answer.',
      labelNames: ['backend', 'server', 'operation'],
      buckets: OPERATION_SECONDS,
      registers,
      collect() {
        for (const { seconds } of all()) seconds.handOver();
      },
    });
    new Counter({
      name: `${prefix}backend_operations_total`,
      help: 'Operations on the servers of backends by result.',
      labelNames: ['backend', 'server', 'operation', 'result'],
      registers,
      collect() {
        for (const tally of all().flatMap(({ counts }) => [...counts.values()])) {
          if (tally.count > 0) this.inc({ ...tally.labels }, tally.count);
          tally.count = 0;
        }
      },
    });
  }

  count(labels: OperationLabels, result: string, seconds: number): void {
    const { backend, server, operation } = labels;
    const tally = this.#tallies.get(backend)?.get(server)?.get(operation) ?? this.#begin(labels);
    tally.seconds.add(seconds);
    const known = tally.counts.get(result);
    if (known === undefined) tally.counts.set(result, { labels: { backend, server, operation, result }, count: 1 });
    else known.count += 1;
  }

  #begin({ backend, server, operation }: OperationLabels): OperationTally {
    const seconds = new PendingSeconds(this.#seconds.labels({ backend, server, operation }));
    const tally: OperationTally = { seconds, counts: new Map() };
    const servers = this.#tallies.get(backend) ?? new Map<string, Map<string, OperationTally>>();
    const operations = servers.get(server) ?? new Map<string, OperationTally>();
    this.#tallies.set(backend, servers.set(server, operations.set(operation, tally)));
    return tally;
  }
}
