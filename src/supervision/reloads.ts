import { ConfigError, type ConfigProblem } from '../config/config-error.ts';
import type { Events } from '../telemetry/events.ts';

export type ReloadOutcome =
  | { readonly kind: 'reloaded'; readonly file: string; readonly ms: number }
  /** What was in force before goes on. */
  | { readonly kind: 'refused'; readonly file: string; readonly problems: readonly ConfigProblem[] };

/** Reloads of the configuration, one at a time. Those that are asked for while one runs share the next. */
export class Reloads {
  readonly #file: string;
  readonly #perform: () => Promise<void>;
  readonly #events: Events;
  #running: Promise<ReloadOutcome> | undefined;
  #next: Promise<ReloadOutcome> | undefined;

  /** @param perform reads the configuration and puts it in force; rejects where it cannot, and all is as it was */
  constructor(file: string, perform: () => Promise<void>, events: Events) {
    this.#file = file;
    this.#perform = perform;
    this.#events = events;
  }

  /** The configuration as it is when this is called, or later, is put in force or refused. Never rejects. */
  request(): Promise<ReloadOutcome> {
    if (this.#running === undefined) return this.#begin();
    this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      return this.#begin();
    });
    return this.#next;
  }

  /** Fulfilled when none runs. */
  async settled(): Promise<void> {
    while (this.#running !== undefined) await (this.#next ?? this.#running);
  }

  #begin(): Promise<ReloadOutcome> {
    const running = this.#reload();
    this.#running = running;
    return running;
  }

  async #reload(): Promise<ReloadOutcome> {
    const file = this.#file;
    const startedAt = performance.now();
    try {
      await this.#perform();
      const ms = Math.round(performance.now() - startedAt);
      this.#events.reloaded('configuration', { file, ms });
      return { kind: 'reloaded', file, ms };
    } catch (cause) {
      const { message } = cause as Error;
      this.#events.reloadRefused('configuration', { file, error: message });
      const problems =
        cause instanceof ConfigError ? cause.problems : [{ file, line: 0, column: 0, path: '', message }];
      return { kind: 'refused', file, problems };
    } finally {
      this.#running = undefined;
    }
  }
}
