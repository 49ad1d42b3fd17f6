import type { constants } from 'node:os';
import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { ConfigError } from '../config/config-error.ts';
import type { MetricsSnapshot } from '../telemetry/metrics.ts';
import type { Readiness } from '../wire/http/health-doors.ts';
import type { ServiceSummary, ToPrimary, ToWorker } from './messages.ts';

const LOOK_EVERY_MS = 1000;
/** Looks in a row without a sign of life after which a worker is taken to hang. */
const SILENT_LOOKS = 10;
/** A start has to load the program before its first sign of life. */
const SILENT_LOOKS_AT_START = 30;
const START_DEADLINE_MS = 300_000;
/** Beyond the time that a worker gives itself to end. */
const END_GRACE_MS = 5000;

/** A worker could not start; the message is for operators. */
export class WorkerStartError extends Error {
  override readonly name = 'WorkerStartError';
  readonly code = 'worker-start';
}

export interface WorkerEvents {
  /** Any message that is not about the life of the worker itself. */
  message(from: WorkerProcess, message: ToPrimary): void;
  /** Its process is no more; `last` holds what it had counted. */
  gone(worker: WorkerProcess, last: MetricsSnapshot): void;
  hung(worker: WorkerProcess): void;
}

/** A worker as the primary sees it, from its start to its end. */
export class WorkerProcess {
  readonly number: number;
  /** When it was started, by a clock that never goes back. */
  readonly startedAt = performance.now();
  /** Fulfilled when it answers, rejected with a ConfigError or {@link WorkerStartError} where it never will. */
  readonly ready: Promise<ServiceSummary>;
  /** Fulfilled when its process is no more, with how it ended. */
  readonly ended: Promise<string>;
  readonly #worker: Worker;
  readonly #events: WorkerEvents;
  readonly #starting = Promise.withResolvers<ServiceSummary>();
  readonly #watch: NodeJS.Timeout;
  #state: 'starting' | 'ready' | 'stopping' | 'ended' = 'starting';
  #readiness: Readiness | undefined;
  #snapshot: MetricsSnapshot = [];
  #silentLooks = 0;

  constructor(begin: Extract<ToWorker, { kind: 'begin' }>, env: NodeJS.ProcessEnv, events: WorkerEvents) {
    this.number = begin.worker;
    this.#events = events;
    this.ready = this.#starting.promise;
    // Who waits for it sees the failure; where nobody waits it shows in the log all the same.
    this.ready.catch(() => {});
    this.#worker = cluster.fork(env);
    this.#worker.on('message', (message: ToPrimary) => this.#take(message));
    this.#worker.on('error', () => {});
    this.#watch = setInterval(() => this.#look(), LOOK_EVERY_MS);
    this.ended = this.#untilEnded();
    this.send(begin);
  }

  get pid(): number | undefined {
    return this.#worker.process.pid;
  }

  get stdout(): Worker['process']['stdout'] {
    return this.#worker.process.stdout;
  }

  get isServing(): boolean {
    return this.#state === 'ready';
  }

  /** What it last told of its backends; `undefined` before it is ready. */
  get readiness(): Readiness | undefined {
    return this.#readiness;
  }

  get snapshot(): MetricsSnapshot {
    return this.#snapshot;
  }

  send(message: ToWorker): void {
    if (this.#worker.isConnected()) this.#worker.send(message, () => {});
  }

  /** Has it finish what is under way within `deadlineMs`, and end; kills it where it does not. */
  async stop(isPatient: boolean, deadlineMs: number): Promise<void> {
    if (this.#state === 'ended') return;
    this.#state = 'stopping';
    this.send({ kind: 'stop', isPatient });
    const timer = setTimeout(() => this.kill(), deadlineMs + END_GRACE_MS);
    await this.ended;
    clearTimeout(timer);
  }

  kill(): void {
    this.#worker.process.kill('SIGKILL');
  }

  #take(message: ToPrimary): void {
    this.#silentLooks = 0;
    switch (message.kind) {
      case 'ready':
        this.#readiness = message.readiness;
        if (this.#state === 'starting') this.#state = 'ready';
        return this.#starting.resolve(message.summary);
      case 'failed':
        return this.#starting.reject(failureOf(message));
      case 'alive':
        this.#readiness = message.readiness ?? this.#readiness;
        this.#snapshot = message.snapshot;
        break;
      case 'stopped':
        this.#snapshot = message.snapshot;
        // Connections that were on their way when it stopped to listen have come back by now.
        return this.send({ kind: 'end' });
      case 'snapshot':
        this.#snapshot = message.snapshot;
        break;
      case 'metrics-wanted':
      case 'control-answer':
      case 'line-wanted':
      case 'line':
        break;
    }
    this.#events.message(this, message);
  }

  /** Looks are counted instead of time: when this process was held up itself, all workers seem silent. */
  #look(): void {
    this.#silentLooks += 1;
    if (this.#silentLooks >= (this.#snapshot.length === 0 ? SILENT_LOOKS_AT_START : SILENT_LOOKS)) {
      this.#events.hung(this);
      this.kill();
      this.#silentLooks = 0;
    } else if (this.#state === 'starting' && performance.now() - this.startedAt > START_DEADLINE_MS) this.kill();
  }

  async #untilEnded(): Promise<string> {
    const [code, signal] = (await once(this.#worker, 'exit')) as [number | null, keyof typeof constants.signals | null];
    clearInterval(this.#watch);
    this.#state = 'ended';
    const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
    this.#starting.reject(new WorkerStartError(`worker ${this.number} ended ${how} while it started`));
    this.#events.gone(this, this.#snapshot);
    return how;
  }
}

function failureOf({ problems, message }: Extract<ToPrimary, { kind: 'failed' }>): Error {
  return problems.length > 0 ? new ConfigError(problems) : new WorkerStartError(message);
}
