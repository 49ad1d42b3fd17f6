/**
 * The service as several workers: this process, the primary, owns the listening sockets and hands connections to workers in
 * turn. It decides no login; it replaces workers that die or hang, and puts together what they tell.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Events } from '../telemetry/events.ts';
import { type OpenLog, openLog } from '../telemetry/log.ts';
import { Metrics } from '../telemetry/metrics.ts';
import { MetricsLedger } from '../telemetry/metrics-ledger.ts';
import { type ControlAnswer, giveAnswer, takeRequest } from '../wire/control/control-relay.ts';
import { sendJson } from '../wire/http/answer.ts';
import { openControl } from './control-doors.ts';
import { crewReadiness } from './crew-report.ts';
import type { ServiceSummary, ToPrimary } from './messages.ts';
import { Questions } from './questions.ts';
import { type ReloadOutcome, Reloads } from './reloads.ts';
import { refuseRestartOnly, type Supervised, type SupervisionOptions } from './supervised.ts';
import { type Force, Team } from './team.ts';
import type { WorkerProcess } from './worker-process.ts';

const SNAPSHOT_DEADLINE_MS = 500;
const LINE_DEADLINE_MS = 1000;
const CONTROL_DEADLINE_MS = 30_000;

export class Crew {
  readonly #options: SupervisionOptions;
  readonly #opened: OpenLog;
  readonly #metrics: Metrics;
  readonly #events: Events;
  readonly #ledger = new MetricsLedger();
  readonly #snapshots = new Questions<void>();
  readonly #lines = new Questions<string | undefined>();
  readonly #controls = new Questions<ControlAnswer>();
  readonly #team: Team;
  readonly #reloads: Reloads;
  #summary: ServiceSummary = { urls: [], paths: [], callers: [], backends: [] };
  #told = '';

  private constructor(force: Force, opened: OpenLog, options: SupervisionOptions) {
    const nameKey = randomBytes(32);
    this.#options = options;
    this.#opened = opened;
    this.#metrics = new Metrics(options.version);
    this.#events = new Events(opened, this.#metrics, force.config.log.names, nameKey);
    this.#reloads = new Reloads(force.source.file, () => this.#replace(), this.#events);
    this.#metrics.addGauge('workers', 'Processes that answer.', () => this.#team.serving.length);
    this.#team = new Team(force, {
      opened,
      nameKey,
      message: (from, message) => this.#take(from, message),
      changed: () => this.#tellReadiness(),
      restarted: () => this.#metrics.countWorkerRestart(),
      gone: (last) => void this.#ledger.retire(last),
    });
  }

  /** @throws {ConfigError | WorkerStartError} where it cannot start */
  static async start(force: Force, options: SupervisionOptions): Promise<Supervised> {
    await using building = new AsyncDisposableStack();
    const { config } = force;
    const { logDestination: destination, version } = options;
    const opened = building.use(
      openLog(destination === undefined ? { level: config.log.level } : { level: config.log.level, destination }),
    );
    const crew = new Crew(force, opened, options);
    // Before the first worker, so that a service that runs already is found before anything is touched.
    const control = await openControl(config, opened.log, {
      reload: () => crew.#reloads.request(),
      status: () => crew.#status(),
      others: (req, res) => void crew.#forward(req, res),
      events: crew.#events,
    });
    building.defer(() => crew.#team.stop());
    if (control !== undefined) building.use(control);
    crew.#summary = await crew.#team.start();
    opened.log.info({ version, workers: config.workers, urls: crew.#summary.urls }, 'all workers ready');
    const running = building.move();
    return {
      get summary() {
        return crew.#summary;
      },
      reload: () => crew.reload(),
      [Symbol.asyncDispose]: () => running.disposeAsync(),
    };
  }

  reload(): Promise<ReloadOutcome> {
    return this.#reloads.request();
  }

  async #replace(): Promise<void> {
    const source = await this.#options.readSource();
    const config = this.#options.readConfig(source);
    refuseRestartOnly(this.#team.config, config);
    this.#summary = await this.#team.replaceAll({ source, config });
    this.#opened.log.level = config.log.level;
    this.#events.showNames(config.log.names);
  }

  #take(from: WorkerProcess, message: ToPrimary): void {
    switch (message.kind) {
      case 'alive':
        return this.#tellReadiness();
      case 'snapshot':
        return this.#snapshots.answer(message.id, undefined);
      case 'metrics-wanted':
        return void this.#sendMetrics(from, message.id);
      case 'line-wanted':
        return void this.#sendLine(from, message.id, message.session);
      case 'line':
        return this.#lines.answer(message.id, message.line);
      case 'control-answer':
        return this.#controls.answer(message.id, message.answer);
      case 'ready':
      case 'failed':
      case 'stopped':
        return undefined;
    }
  }

  /** A worker that does not answer in time is shown as it was when it last told. */
  async #sendMetrics(to: WorkerProcess, id: number): Promise<void> {
    const answers = this.#team.alive.map((worker) =>
      this.#snapshots
        .ask((snapshotId) => worker.send({ kind: 'snapshot-wanted', id: snapshotId }), SNAPSHOT_DEADLINE_MS)
        .catch(() => undefined),
    );
    await Promise.all(answers);
    const own = await this.#metrics.snapshot();
    const text = await this.#ledger.render([...this.#team.alive.map((worker) => worker.snapshot), own]);
    to.send({ kind: 'metrics', id, text });
  }

  /** Asks the other workers for a decision; one that does not answer in time has none. */
  async #sendLine(to: WorkerProcess, id: number, session: string): Promise<void> {
    const others = this.#team.alive.filter((worker) => worker !== to);
    const answers = others.map((worker) =>
      this.#lines
        .ask((lineId) => worker.send({ kind: 'line-wanted', id: lineId, session }), LINE_DEADLINE_MS)
        .catch(() => undefined),
    );
    const lines = await Promise.all(answers);
    to.send({ kind: 'line', id, line: lines.find((line) => line !== undefined) });
  }

  #tellReadiness(): void {
    const readiness = this.#readiness();
    const text = JSON.stringify([readiness, this.#team.serving.map(({ pid }) => pid)]);
    if (text === this.#told) return;
    this.#told = text;
    for (const worker of this.#team.alive) worker.send({ kind: 'readiness', readiness });
  }

  #readiness() {
    const told = this.#team.serving.flatMap(({ readiness }) => (readiness === undefined ? [] : [readiness]));
    return crewReadiness(told, this.#team.config.workers);
  }

  #status(): object {
    const { workers: wanted } = this.#team.config;
    const workers = this.#team.serving.map(({ number, pid }) => ({ worker: number, pid }));
    const { version } = this.#options;
    return { version, pid: process.pid, wanted, workers, ...this.#summary, readiness: this.#readiness() };
  }

  /** Has a worker answer what came over the control socket: the parts that the configuration made are there. */
  async #forward(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const request = await takeRequest(req);
    if (request === undefined) return sendJson(res, 413, [], '{"error":"the body is larger than 64 KiB"}');
    const [worker] = this.#team.serving;
    if (worker === undefined) return sendJson(res, 503, [], '{"error":"no worker is ready"}');
    try {
      giveAnswer(
        res,
        await this.#controls.ask((id) => worker.send({ kind: 'control', id, request }), CONTROL_DEADLINE_MS),
      );
    } catch (cause) {
      sendJson(res, 504, [], JSON.stringify({ error: (cause as Error).message }));
    }
  }
}
