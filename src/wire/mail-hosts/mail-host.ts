import type { MailHostConfig, ProbeConfig } from './mail-hosts-config.ts';

/** What a probe came to. */
export type ProbeResult = { readonly kind: 'alive' } | { readonly kind: 'failed'; readonly detail: string };

export type StateChange = { readonly kind: 'down'; readonly detail: string } | { readonly kind: 'up' };

/** One host of a pool, and whether it is alive as far as probes tell. */
export class MailHost {
  readonly host: string;
  readonly port: number;
  readonly weight: number;
  readonly key: string;
  readonly #thresholds: Pick<ProbeConfig, 'failures' | 'successes'>;
  /** Nothing is known before the first probe: then it is taken as alive. */
  #isProbed = false;
  #isAlive = true;
  /** Probes in a row that speak against the present state. */
  #against = 0;

  constructor({ host, port, weight }: MailHostConfig, thresholds: Pick<ProbeConfig, 'failures' | 'successes'>) {
    this.host = host;
    this.port = port;
    this.weight = weight;
    this.key = `${host.toLowerCase()} ${port}`;
    this.#thresholds = thresholds;
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Takes the result of a probe; tells of a change. The first one counts at once. */
  take(result: ProbeResult): StateChange | undefined {
    const isFirst = !this.#isProbed;
    this.#isProbed = true;
    const isAlive = result.kind === 'alive';
    if (isAlive === this.#isAlive) {
      this.#against = 0;
      return undefined;
    }
    this.#against += 1;
    const { failures, successes } = this.#thresholds;
    if (!isFirst && this.#against < (isAlive ? successes : failures)) return undefined;
    this.#against = 0;
    this.#isAlive = isAlive;
    return result.kind === 'alive' ? { kind: 'up' } : { kind: 'down', detail: result.detail };
  }
}
