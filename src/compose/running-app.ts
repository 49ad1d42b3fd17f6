import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Config } from '../config/config.ts';
import type { Events } from '../telemetry/events.ts';
import type { Log, OpenLog } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { answerControl } from '../wire/control/answer-control.ts';
import type { Readiness } from '../wire/http/health-doors.ts';
import type { HttpListener } from '../wire/http/http-listener.ts';
import type { Frame } from './frame.ts';
import { type Inside, openInside } from './inside.ts';
import { LineListeners } from './line-listeners.ts';
import { Listeners } from './listeners.ts';

/** Who has not asked for so long after a listener was given up is not likely to do so in the moment its connection ends. */
const PATIENCE_MS = 3000;

export interface StopOptions {
  /** Whether clients get time to learn that they must ask on another connection: the service goes on without this process. */
  readonly isPatient: boolean;
}

/** The running service. Disposing of it stops accepting, finishes what is under way within the deadline, and closes all. */
export interface App extends AsyncDisposable {
  /** Where it answers, as URLs without a path. */
  readonly urls: readonly string[];
  readonly paths: readonly string[];
  readonly callers: readonly string[];
  readonly backends: readonly { readonly name: string; readonly detail: string }[];
  readonly log: Log;
  readonly events: Events;
  readonly metrics: Metrics;
  readiness(): Readiness;
  /** Answers a request that came over the control socket. */
  answerControl(req: IncomingMessage, res: ServerResponse): void;
  /**
   * Goes on with another configuration. Listeners that are in both stay open with their connections; requests under way are
   * finished by the old one.
   * @throws {ConfigError} where it cannot be used; then nothing has changed
   */
  change(config: Config): Promise<void>;
  /** As disposing of it. */
  stop(options: StopOptions): Promise<void>;
}

/** The parts that outlive a change of the configuration, and the inside that serves now. */
export class RunningApp implements App {
  readonly #opened: OpenLog;
  readonly #frame: Frame;
  readonly #listeners: Listeners;
  readonly #lines: LineListeners;
  #config: Config;
  #inside: Inside;

  private constructor(config: Config, opened: OpenLog, frame: Frame, inside: Inside) {
    this.#opened = opened;
    this.#frame = frame;
    this.#listeners = new Listeners(frame.events);
    this.#lines = new LineListeners(frame);
    this.#config = config;
    this.#inside = inside;
  }

  /** Builds the inside and begins to answer; closes the log when it stops. @throws {ConfigError} */
  static async open(config: Config, opened: OpenLog, frame: Frame): Promise<RunningApp> {
    await using building = new AsyncDisposableStack();
    const inside = building.use(await openInside(config, frame));
    const app = new RunningApp(config, opened, frame, inside);
    building.defer(() => app.#listeners.close((listener) => listener.close(AbortSignal.abort())));
    building.defer(() => app.#lines.close((listener) => listener.close(AbortSignal.abort())));
    await app.#listen(config, inside);
    building.move();
    frame.events.notify(inside.notices);
    return app;
  }

  get urls(): readonly string[] {
    return this.#listeners.urls;
  }

  get paths(): readonly string[] {
    return this.#inside.paths;
  }

  get callers(): readonly string[] {
    return this.#inside.callers;
  }

  get backends(): App['backends'] {
    return this.#inside.backends;
  }

  get log(): Log {
    return this.#opened.log;
  }

  get events(): Events {
    return this.#frame.events;
  }

  get metrics(): Metrics {
    return this.#frame.metrics;
  }

  readiness(): Readiness {
    return this.#inside.readiness();
  }

  answerControl(req: IncomingMessage, res: ServerResponse): void {
    answerControl(this.#inside.controlRouter, req, res);
  }

  async change(config: Config): Promise<void> {
    await using building = new AsyncDisposableStack();
    const next = building.use(await openInside(config, this.#frame, this.#inside.remembered));
    await this.#listen(config, next);
    building.move();
    const last = this.#inside;
    this.#inside = next;
    this.#config = config;
    this.#opened.log.level = config.log.level;
    this.#frame.events.showNames(config.log.names);
    this.#frame.events.kept.resize(config.explain);
    this.#frame.events.notify(next.notices);
    await last.idle(AbortSignal.timeout(config.shutdown.deadlineMs));
    await last[Symbol.asyncDispose]();
  }

  async stop({ isPatient }: StopOptions): Promise<void> {
    this.#opened.log.info('stopping');
    const { deadlineMs } = this.#config.shutdown;
    const deadline = AbortSignal.timeout(deadlineMs);
    const patienceMs = isPatient ? Math.min(PATIENCE_MS, deadlineMs / 2) : 0;
    await Promise.all([
      this.#listeners.close((listener) => listener.close(deadline, { patienceMs })),
      this.#lines.close((listener) => listener.close(deadline)),
    ]);
    await this.#inside.idle(deadline);
    await this.#inside[Symbol.asyncDispose]();
    await this.#opened.settled();
    this.#opened[Symbol.dispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop({ isPatient: false });
  }

  async #listen(config: Config, inside: Inside): Promise<void> {
    const lines = await this.#lines.prepare(config, inside.lineDoors);
    try {
      await this.#listeners.change({ config, ...inside }, (listener) => this.#leave(listener));
    } catch (cause) {
      await lines.abandon();
      throw cause;
    }
    const { deadlineMs } = config.shutdown;
    await lines.adopt((listener) => listener.close(AbortSignal.timeout(deadlineMs)));
  }

  #leave(listener: HttpListener): Promise<void> {
    const { deadlineMs } = this.#config.shutdown;
    const patienceMs = Math.min(PATIENCE_MS, deadlineMs / 2);
    return listener.close(AbortSignal.timeout(deadlineMs), { patienceMs });
  }
}
