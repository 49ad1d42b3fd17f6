import { randomBytes } from 'node:crypto';
import type { Job, JobKind, Jobs } from '../../state/jobs.ts';
import type { Unavailable } from '../../state/outcome.ts';

export type { Job, JobKind } from '../../state/jobs.ts';

/** What the work of a job has come to. `problem` says what could not be reached, for operators. */
export interface JobResult {
  readonly count: number;
  readonly problem?: string | undefined;
}

export type JobWork = (signal: AbortSignal) => Promise<JobResult>;

export interface JobQueueParts {
  /** Jobs of this process; outlives a change of the configuration. */
  readonly here: Jobs;
  /** What processes share; absent where each is alone. */
  readonly shared: Jobs | undefined;
  /** Wall clock in milliseconds. */
  readonly now: () => number;
  /** How long the work of one job may take; {@link LONGEST_RUN_MS} where absent. */
  readonly longestRunMs?: number;
}

/** Jobs that wait for their turn; more are turned away. */
export const MAX_WAITING_JOBS = 30;
/** How long may be asked what became of a job. */
export const JOB_LIFETIME_MS = 60 * 60_000;
const LONGEST_RUN_MS = 30_000;
/** Clocks of two machines, and the last word of a job on its way. */
const GRACE_MS = 5000;
const WRITE_DEADLINE_MS = 2000;

interface Waiting {
  readonly job: Job;
  readonly work: JobWork;
}

/**
 * Does what operators have ordered and do not wait for, one after the other. What became of it is kept in this process, and
 * where state is shared for all others. A job whose process ends before it is told as failed once its time is over: nobody goes
 * on with it.
 */
export class JobQueue implements AsyncDisposable {
  readonly #parts: JobQueueParts;
  readonly #longestRunMs: number;
  readonly #stopping = new AbortController();
  readonly #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;

  constructor(parts: JobQueueParts) {
    this.#parts = parts;
    this.#longestRunMs = parts.longestRunMs ?? LONGEST_RUN_MS;
  }

  /** Jobs that wait or are being done. */
  get inFlight(): number {
    return this.#waiting.length + (this.#running === undefined ? 0 : 1);
  }

  /** Takes an order. `undefined` where too many wait already. */
  start(type: JobKind, work: JobWork): Job | undefined {
    if (this.#waiting.length >= MAX_WAITING_JOBS || this.#stopping.signal.aborted) return undefined;
    const job: Job = { id: newJobId(this.#parts.now()), type, status: 'QUEUED', createdAtMs: this.#parts.now() };
    this.#waiting.push({ job, work });
    void this.#parts.here.put(job, JOB_LIFETIME_MS, AbortSignal.timeout(WRITE_DEADLINE_MS));
    this.#running ??= this.#runAll(job);
    return job;
  }

  /** What became of a job; `undefined` where nobody knows it, or no longer. */
  async find(id: string, signal: AbortSignal): Promise<Job | undefined | Unavailable> {
    const { here, shared, now } = this.#parts;
    const own = await here.find(id, signal);
    if (own.kind === 'job') return own.job;
    const found = (await shared?.find(id, signal)) ?? own;
    if (found.kind === 'unavailable') return found;
    return found.kind === 'job' ? this.#unlessLost(found.job, now()) : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort(new Error('the service was stopped'));
    await this.#running;
  }

  async #runAll(first: Job): Promise<void> {
    await this.#keepShared(first);
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) await this.#run(next);
    this.#running = undefined;
  }

  async #run({ job: queued, work }: Waiting): Promise<void> {
    const { now } = this.#parts;
    const job: Job = { ...queued, status: 'INPROGRESS', startedAtMs: now() };
    await this.#keep(job);
    const ended = await this.#outcomeOf(work);
    await this.#keep({ ...job, ...ended, finishedAtMs: now() });
  }

  async #outcomeOf(work: JobWork): Promise<Pick<Job, 'status' | 'resultCount' | 'error'>> {
    const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(this.#longestRunMs)]);
    try {
      signal.throwIfAborted();
      const { count, problem } = await unlessAborted(work(signal), signal);
      if (problem === undefined) return { status: 'DONE', resultCount: count };
      return { status: 'ERROR', resultCount: count, error: problem };
    } catch (cause) {
      return { status: 'ERROR', error: cause instanceof Error ? cause.message : String(cause) };
    }
  }

  async #keep(job: Job): Promise<void> {
    await this.#parts.here.put(job, JOB_LIFETIME_MS, AbortSignal.timeout(WRITE_DEADLINE_MS));
    await this.#keepShared(job);
  }

  /** Where that fails, this process still knows. */
  async #keepShared(job: Job): Promise<void> {
    await this.#parts.shared?.put(job, JOB_LIFETIME_MS, AbortSignal.timeout(WRITE_DEADLINE_MS));
  }

  #unlessLost(job: Job, nowMs: number): Job {
    const { status, createdAtMs, startedAtMs } = job;
    const longestMs = startedAtMs === undefined ? this.#longestRunMs * (MAX_WAITING_JOBS + 1) : this.#longestRunMs;
    const isLost =
      (status === 'QUEUED' || status === 'INPROGRESS') && nowMs > (startedAtMs ?? createdAtMs) + longestMs + GRACE_MS;
    return isLost ? { ...job, status: 'ERROR', error: 'the process that was to do it has ended' } : job;
  }
}

/** Sortable by time, and not to be guessed. */
function newJobId(nowMs: number): string {
  return `${nowMs}-${randomBytes(16).toString('hex')}`;
}

/** Work that does not look at its signal must not hold up all after it. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason instanceof Error ? signal.reason : new Error('it took too long'));
  signal.addEventListener('abort', abort);
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
