import type { FoundJob, Job, JobKind, Jobs, JobStatus } from '../jobs.ts';
import type { Unavailable } from '../outcome.ts';
import { isRecord } from './account-json.ts';
import type { RedisConnection } from './redis-connection.ts';

const TYPES = { CACHE_FLUSH: true, BF_FLUSH: true } as const satisfies Record<JobKind, true>;
const STATUSES = { QUEUED: true, INPROGRESS: true, DONE: true, ERROR: true } as const satisfies Record<JobStatus, true>;

/** Jobs in Redis, for all processes that share it. */
export class RedisJobs implements Jobs {
  readonly #connection: RedisConnection;
  readonly #prefix: string;

  /** `prefix` is what all keys begin with, their version included. */
  constructor(connection: RedisConnection, prefix: string) {
    this.#connection = connection;
    this.#prefix = prefix;
  }

  async put(job: Job, lifetimeMs: number, signal: AbortSignal): Promise<Unavailable | undefined> {
    const args = [this.#keyOf(job.id), JSON.stringify(job), 'PX', Math.ceil(lifetimeMs)];
    const answer = await this.#connection.send('set', args, signal);
    return answer.kind === 'reply' ? undefined : answer;
  }

  async find(id: string, signal: AbortSignal): Promise<FoundJob> {
    const answer = await this.#connection.send('get', [this.#keyOf(id)], signal);
    if (answer.kind !== 'reply') return answer;
    const job = Buffer.isBuffer(answer.value) ? parseJob(answer.value.toString('utf8')) : undefined;
    return job === undefined ? { kind: 'unknown' } : { kind: 'job', job };
  }

  #keyOf(id: string): string {
    return `${this.#prefix}job:${id}`;
  }
}

function parseJob(text: string): Job | undefined {
  let kept: unknown;
  try {
    kept = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isRecord(kept) && isJob(kept) ? (kept as unknown as Job) : undefined;
}

function isJob({ id, type, status, createdAtMs }: Readonly<Record<string, unknown>>): boolean {
  const isKnown = typeof type === 'string' && type in TYPES && typeof status === 'string' && status in STATUSES;
  return isKnown && typeof id === 'string' && typeof createdAtMs === 'number';
}
