import { Counter, type Registry } from 'prom-client';

/** Counts how callers proved themselves, and why they were not let in. */
export class CallerMetrics {
  readonly #rejections: Counter<'reason'>;
  readonly #proofs: Counter<'proof'>;
  readonly #keys: Counter<'result'>;

  constructor(registry: Registry, prefix: string) {
    const registers = [registry];
    this.#rejections = new Counter({
      name: `${prefix}caller_rejections_total`,
      help: 'Requests of callers that were not let in.',
      labelNames: ['reason'],
      registers,
    });
    this.#proofs = new Counter({
      name: `${prefix}caller_proofs_total`,
      help: 'Callers that proved themselves anew, by secret, token or certificate; what is remembered of them does not count.',
      labelNames: ['proof'],
      registers,
    });
    this.#keys = new Counter({
      name: `${prefix}caller_key_loads_total`,
      help: "Times that the keys of callers' tokens were asked for.",
      labelNames: ['result'],
      registers,
    });
  }

  countRejection(reason: string): void {
    this.#rejections.labels(reason).inc();
  }

  countProof(proof: string): void {
    this.#proofs.labels(proof).inc();
  }

  countKeys(result: 'loaded' | 'failed'): void {
    this.#keys.labels(result).inc();
  }
}
