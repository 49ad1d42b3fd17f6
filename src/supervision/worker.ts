import cluster from 'node:cluster';
import { type App, start } from '../compose.ts';
import type { Crew } from '../compose/frame.ts';
import { ConfigError } from '../config/config-error.ts';
import { answerInProcess, type ControlRequest } from '../wire/control/control-relay.ts';
import type { KeptLines } from '../telemetry/kept-lines.ts';
import type { Readiness } from '../wire/http/health-doors.ts';
import type { ToPrimary, ToWorker } from './messages.ts';
import { Questions } from './questions.ts';
import type { ReadConfig } from './supervised.ts';

const ALIVE_EVERY_MS = 1000;
const METRICS_DEADLINE_MS = 2000;
const LINE_DEADLINE_MS = 2000;
const CONTROL_DEADLINE_MS = 30_000;
/** The primary decides what signals mean; they reach all processes of a terminal, or of a unit of systemd. */
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** Answers as one of several processes until the primary ends it. Never returns before. */
export function runWorker(version: string, readConfig: ReadConfig): Promise<never> {
  for (const signal of SIGNALS) process.on(signal, () => {});
  const worker = new WorkerSide(version, readConfig);
  process.on('message', (message: ToWorker) => worker.take(message));
  // Else the cluster module would exit at once, with requests under way.
  if (cluster.worker !== undefined) cluster.worker.exitedAfterDisconnect = true;
  process.once('disconnect', () => void worker.abandon());
  return new Promise<never>(() => {});
}

/** A worker's view of its primary. */
class WorkerSide implements Crew {
  readonly #version: string;
  readonly #readConfig: ReadConfig;
  readonly #metrics = new Questions<string>();
  readonly #lines = new Questions<string | undefined>();
  #service: Readiness | undefined;
  #app: App | undefined;
  #answerControl: ReturnType<typeof answerInProcess> | undefined;
  #alive: NodeJS.Timeout | undefined;

  constructor(version: string, readConfig: ReadConfig) {
    this.#version = version;
    this.#readConfig = readConfig;
  }

  readiness(own: Readiness): Readiness {
    return this.#service === undefined ? own : { ...this.#service, isReady: this.#service.isReady && own.isReady };
  }

  renderMetrics(): Promise<string> {
    return this.#metrics.ask((id) => this.#send({ kind: 'metrics-wanted', id }), METRICS_DEADLINE_MS);
  }

  async keptLine(session: string, own: KeptLines): Promise<string | undefined> {
    const line = own.find(session);
    if (line !== undefined) return line;
    const asked = this.#lines.ask((id) => this.#send({ kind: 'line-wanted', id, session }), LINE_DEADLINE_MS);
    return asked.catch(() => undefined);
  }

  take(message: ToWorker): void {
    switch (message.kind) {
      case 'begin':
        return void this.#begin(message);
      case 'readiness':
        this.#service = message.readiness;
        return undefined;
      case 'snapshot-wanted':
        return void this.#sendSnapshot(message.id);
      case 'metrics':
        return this.#metrics.answer(message.id, message.text);
      case 'line-wanted':
        return this.#send({ kind: 'line', id: message.id, line: this.#app?.events.kept.find(message.session) });
      case 'line':
        return this.#lines.answer(message.id, message.line);
      case 'control':
        return void this.#control(message.id, message.request);
      case 'stop':
        return void this.#stop(message.isPatient);
      case 'end':
        return process.exit(0);
    }
  }

  /** The primary is no more: nobody hands connections on, and nobody would notice when this process hangs. */
  async abandon(): Promise<void> {
    clearInterval(this.#alive);
    await this.#app?.stop({ isPatient: false });
    process.exit(0);
  }

  async #begin({ worker, source, nameKey }: Extract<ToWorker, { kind: 'begin' }>): Promise<void> {
    process.title = `nauthilus worker ${worker}`;
    this.#alive = setInterval(() => void this.#sendAlive(), ALIVE_EVERY_MS);
    void this.#sendAlive();
    try {
      const config = this.#readConfig(source);
      const app = await start(config, {
        version: this.#version,
        worker,
        nameKey: Buffer.from(nameKey),
        crew: this,
      });
      this.#app = app;
      this.#answerControl = answerInProcess((req, res) => app.answerControl(req, res));
      const { urls, paths, callers, backends } = app;
      this.#send({ kind: 'ready', summary: { urls, paths, callers, backends }, readiness: app.readiness() });
    } catch (cause) {
      if (!(cause instanceof ConfigError)) throw cause;
      this.#send({ kind: 'failed', problems: cause.problems, message: cause.message }, () => process.exit(1));
    }
  }

  async #sendAlive(): Promise<void> {
    const snapshot = (await this.#app?.metrics.snapshot()) ?? [];
    this.#send({ kind: 'alive', readiness: this.#app?.readiness(), snapshot });
  }

  async #sendSnapshot(id: number): Promise<void> {
    this.#send({ kind: 'snapshot', id, snapshot: (await this.#app?.metrics.snapshot()) ?? [] });
  }

  async #control(id: number, request: ControlRequest): Promise<void> {
    const answer = await this.#answerControl?.(request, AbortSignal.timeout(CONTROL_DEADLINE_MS)).catch(
      (cause: unknown) => ({
        status: 500,
        contentType: 'application/json',
        body: Buffer.from(JSON.stringify({ error: String(cause) })),
      }),
    );
    if (answer !== undefined) this.#send({ kind: 'control-answer', id, answer });
  }

  async #stop(isPatient: boolean): Promise<void> {
    await this.#app?.stop({ isPatient });
    this.#send({ kind: 'stopped', snapshot: (await this.#app?.metrics.snapshot()) ?? [] });
  }

  #send(message: ToPrimary, sent: () => void = () => {}): void {
    if (process.connected) process.send?.(message, undefined, undefined, sent);
  }
}
