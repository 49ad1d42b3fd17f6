import { type App, start } from '../compose.ts';
import type { Config } from '../config/config.ts';
import { openControl } from './control-doors.ts';
import type { ServiceSummary } from './messages.ts';
import { type ReloadOutcome, Reloads } from './reloads.ts';
import { refuseRestartOnly, type Supervised, type SupervisionOptions } from './supervised.ts';

/**
 * The service as one process. A reload swaps what the configuration makes within it, instead of replacing the process: nothing
 * that is counted or blocked in memory is lost, connections stay open, and there is no second process to pay for.
 */
export class LoneProcess {
  readonly #app: App;
  readonly #options: SupervisionOptions;
  readonly #reloads: Reloads;
  #config: Config;

  private constructor(app: App, config: Config, file: string, options: SupervisionOptions) {
    this.#app = app;
    this.#config = config;
    this.#options = options;
    this.#reloads = new Reloads(file, () => this.#change(), app.events);
  }

  /** @throws {ConfigError} */
  static async start(config: Config, options: SupervisionOptions): Promise<Supervised> {
    await using building = new AsyncDisposableStack();
    const { version, logDestination } = options;
    const app = building.use(
      await start(config, logDestination === undefined ? { version } : { version, logDestination }),
    );
    const lone = new LoneProcess(app, config, config.file, options);
    building.use(app.metrics.addGauge('workers', 'Processes that answer.', () => 1));
    const control = await openControl(config, app.log, {
      reload: () => lone.reload(),
      status: () => ({ version, pid: process.pid, workers: 1, ...lone.summary, readiness: app.readiness() }),
      others: (req, res) => app.answerControl(req, res),
      events: app.events,
    });
    if (control !== undefined) building.use(control);
    building.defer(() => lone.#reloads.settled());
    const running = building.move();
    return {
      get summary() {
        return lone.summary;
      },
      reload: () => lone.reload(),
      [Symbol.asyncDispose]: () => running.disposeAsync(),
    };
  }

  get summary(): ServiceSummary {
    const { urls, paths, callers, backends } = this.#app;
    return { urls, paths, callers, backends };
  }

  reload(): Promise<ReloadOutcome> {
    return this.#reloads.request();
  }

  async #change(): Promise<void> {
    const next = this.#options.readConfig(await this.#options.readSource());
    refuseRestartOnly(this.#config, next);
    await this.#app.change(next);
    this.#config = next;
  }
}
