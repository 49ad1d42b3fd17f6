import type { ProbeResult } from './probes/probe.ts';

/** Probes in a row that make a change. */
export interface Thresholds {
  readonly failures: number;
  readonly successes: number;
}

export interface LatestProbe {
  readonly result: ProbeResult;
  /** Wall clock in milliseconds. */
  readonly atMs: number;
  readonly tookMs: number;
}

/** Whether a host is alive as far as probes tell. It outlives a change of the configuration. */
export class HostHealth {
  #isAlive = true;
  #latest: LatestProbe | undefined;
  /** Probes in a row that speak against the present state. */
  #against = 0;

  /** Nothing is known before the first probe: then it is taken as alive. */
  get isAlive(): boolean {
    return this.#isAlive;
  }

  get latest(): LatestProbe | undefined {
    return this.#latest;
  }

  /** Takes the result of a probe. The first one counts at once. */
  take(probe: LatestProbe, { failures, successes }: Thresholds): void {
    const isFirst = this.#latest === undefined;
    this.#latest = probe;
    const isAlive = probe.result.kind === 'alive';
    if (isAlive === this.#isAlive) {
      this.#against = 0;
      return;
    }
    this.#against += 1;
    if (!isFirst && this.#against < (isAlive ? successes : failures)) return;
    this.#against = 0;
    this.#isAlive = isAlive;
  }
}
