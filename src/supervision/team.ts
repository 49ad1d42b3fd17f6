import cluster from 'node:cluster';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Config } from '../config/config.ts';
import { ConfigError } from '../config/config-error.ts';
import type { OpenLog } from '../telemetry/log.ts';
import type { MetricsSnapshot } from '../telemetry/metrics.ts';
import { activatedSockets } from '../wire/sockets/activated-sockets.ts';
import { backOffMs } from './back-off.ts';
import { relayLines } from './line-relay.ts';
import type { ConfigSource, ServiceSummary, ToPrimary } from './messages.ts';
import { WorkerProcess } from './worker-process.ts';

/** A configuration as text and as what it means. */
export interface Force {
  readonly source: ConfigSource;
  readonly config: Config;
}

export interface TeamParts {
  readonly opened: OpenLog;
  readonly nameKey: Uint8Array;
  message(from: WorkerProcess, message: ToPrimary): void;
  /** A worker has taken its place, or lost it. */
  changed(): void;
  restarted(): void;
  gone(last: MetricsSnapshot): void;
}

const WORKER = fileURLToPath(new URL('./worker-main.ts', import.meta.url));
const START_TRIES = 3;
/** Who lived so long did not die of its start. */
const SETTLED_MS = 60_000;
const RELAY_DEADLINE_MS = 2000;
/** Threads for files and names beside one for each costly password hash. */
const SPARE_THREADS = 4;

/** The workers, each at its place: 1, 2, 3 … A place that falls vacant is filled again. */
export class Team {
  readonly #parts: TeamParts;
  readonly #places = new Map<number, WorkerProcess>();
  /** All that have a process, those that start or stop included. */
  readonly #alive = new Set<WorkerProcess>();
  readonly #relays = new Set<Promise<void>>();
  readonly #failures = new Map<number, number>();
  readonly #ending = new AbortController();
  #force: Force;

  constructor(force: Force, parts: TeamParts) {
    this.#force = force;
    this.#parts = parts;
    cluster.schedulingPolicy = cluster.SCHED_RR;
    cluster.setupPrimary({
      exec: WORKER,
      args: [],
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      serialization: 'advanced',
    });
  }

  /** Workers that answer, in the order of their places. */
  get serving(): readonly WorkerProcess[] {
    return [...this.#places.values()].filter((worker) => worker.isServing).toSorted((a, b) => a.number - b.number);
  }

  get alive(): readonly WorkerProcess[] {
    return [...this.#alive];
  }

  get config(): Config {
    return this.#force.config;
  }

  /** Fills all places. @throws {ConfigError | WorkerStartError} where a worker cannot start, tried again or not */
  async start(): Promise<ServiceSummary> {
    const summary = await this.#fill(1);
    const others = Array.from({ length: this.config.workers - 1 }, (_, i) => this.#fill(i + 2));
    await Promise.all(others);
    return summary;
  }

  /**
   * Replaces workers one by one, each new one before its old one goes. When the first cannot start nothing changes; from then on
   * the new configuration is in force, and a place whose new worker cannot start is tried again until it can.
   * @throws {ConfigError | WorkerStartError} where the first cannot start
   */
  async replaceAll(next: Force): Promise<ServiceSummary> {
    const last = this.config.shutdown.deadlineMs;
    const first = await this.#startAt(1, next, START_TRIES);
    this.#force = next;
    await this.#seat(first, last);
    for (let place = 2; place <= next.config.workers; place += 1) {
      await this.#startAt(place, next, START_TRIES).then(
        (fresh) => this.#seat(fresh, last),
        (cause: Error) => {
          this.#parts.opened.log.error({ worker: place, error: cause.message }, 'no worker with the new configuration');
          return this.#vacate(place, last).finally(() => void this.#refill(place));
        },
      );
    }
    for (const place of this.#places.keys()) if (place > next.config.workers) await this.#vacate(place, last);
    return first.ready;
  }

  /** Ends all of them. */
  async stop(): Promise<void> {
    this.#ending.abort();
    const { deadlineMs } = this.config.shutdown;
    await Promise.all([...this.#alive].map((worker) => worker.stop(false, deadlineMs)));
    await Promise.race([Promise.all(this.#relays), sleep(RELAY_DEADLINE_MS, undefined, { ref: false })]);
  }

  async #fill(place: number): Promise<ServiceSummary> {
    const worker = await this.#startAt(place, this.#force, START_TRIES);
    await this.#seat(worker, 0);
    return worker.ready;
  }

  /** Gives a worker its place; who had it before finishes what is under way and goes. */
  async #seat(worker: WorkerProcess, lastDeadlineMs: number): Promise<void> {
    const { number: place } = worker;
    const before = this.#places.get(place);
    this.#places.set(place, worker);
    this.#parts.changed();
    void worker.ended.then((how) => {
      if (this.#places.get(place) !== worker || this.#ending.signal.aborted) return;
      this.#places.delete(place);
      this.#parts.changed();
      this.#parts.restarted();
      this.#parts.opened.log.error({ worker: place, pid: worker.pid, ended: how }, 'worker ended; another follows');
      if (performance.now() - worker.startedAt >= SETTLED_MS) this.#failures.delete(place);
      void this.#refill(place);
    });
    await before?.stop(true, lastDeadlineMs);
  }

  async #vacate(place: number, lastDeadlineMs: number): Promise<void> {
    const before = this.#places.get(place);
    this.#places.delete(place);
    this.#parts.changed();
    await before?.stop(true, lastDeadlineMs);
  }

  /** Fills a place again, however long it takes, unless it is filled or given up meanwhile. */
  async #refill(place: number): Promise<void> {
    while (!this.#ending.signal.aborted) {
      const failures = (this.#failures.get(place) ?? 0) + 1;
      this.#failures.set(place, failures);
      await this.#pause(backOffMs(failures));
      if (this.#places.has(place) || place > this.config.workers) return;
      const force = this.#force;
      const worker = await this.#startAt(place, force, 1).catch((cause: Error) => {
        if (!this.#ending.signal.aborted)
          this.#parts.opened.log.error({ worker: place, error: cause.message }, 'worker cannot start');
      });
      if (worker === undefined) continue;
      if (this.#force === force && !this.#places.has(place)) return this.#seat(worker, 0);
      await worker.stop(true, force.config.shutdown.deadlineMs);
    }
  }

  async #startAt(place: number, force: Force, tries: number): Promise<WorkerProcess> {
    for (let failures = 1; ; failures += 1) {
      this.#ending.signal.throwIfAborted();
      const worker = this.#fork(place, force);
      try {
        await worker.ready;
        return worker;
      } catch (cause) {
        if (cause instanceof ConfigError || failures >= tries || this.#ending.signal.aborted) throw cause;
        this.#parts.opened.log.warn({ worker: place, error: (cause as Error).message }, 'worker is started again');
        await this.#pause(backOffMs(failures));
      }
    }
  }

  #fork(place: number, { source, config }: Force): WorkerProcess {
    const { nameKey, opened } = this.#parts;
    const threads = Math.max(1, Math.floor(config.passwords.concurrency / config.workers)) + SPARE_THREADS;
    const sockets = activatedSockets().handOn();
    const env = { UV_THREADPOOL_SIZE: String(threads), NOTIFY_SOCKET: undefined, ...sockets };
    const worker = new WorkerProcess({ kind: 'begin', worker: place, source, nameKey }, env, {
      message: (from, message) => this.#parts.message(from, message),
      hung: ({ pid }) => opened.log.error({ worker: place, pid }, 'worker hangs; it is killed'),
      gone: (one, last) => {
        this.#alive.delete(one);
        this.#parts.gone(last);
      },
    });
    this.#alive.add(worker);
    if (worker.stdout !== null) {
      const relay = relayLines(worker.stdout, (lines) => opened.writeLine(lines));
      this.#relays.add(relay);
      void relay.then(() => this.#relays.delete(relay));
    }
    return worker;
  }

  /** Ends early, without an error, when the service ends. */
  #pause(ms: number): Promise<void> {
    return sleep(ms, undefined, { signal: this.#ending.signal }).catch(() => undefined);
  }
}
