import type { Job, JobKind, JobQueue, JobWork } from '../../../decision/operating/job-queue.ts';
import type { CallerGate } from '../caller-gate.ts';
import type { Door, Exchange } from '../exchange.ts';
import { adminDoor, sendEnvelope } from './admin-door.ts';

const DEADLINE_MS = 5000;
const LONGEST_ID = 128;

export interface Order {
  readonly caller: string;
  readonly object: string;
  readonly type: JobKind;
  readonly work: JobWork;
}

/** Answers 202 with the id of a job that begins now or when its turn comes; 503 where too many wait. */
export function startJob(jobs: JobQueue, exchange: Exchange, { caller, object, type, work }: Order): void {
  const job = jobs.start(type, work);
  if (job === undefined) return exchange.reject({ status: 503, error: 'too many jobs wait already' }, caller);
  const result = { jobId: job.id, status: job.status };
  sendEnvelope(exchange, { object, operation: 'flush_async', result, status: 202 });
}

/** `GET /api/v1/async/jobs/{jobId}`: what became of a job, for an hour; 404 where nobody knows it. */
export function jobDoor(jobs: JobQueue, gate: CallerGate | undefined): Door {
  return adminDoor({
    name: 'job',
    methods: ['GET'],
    gate,
    async answer(exchange, caller) {
      const id = exchange.path.slice(exchange.path.lastIndexOf('/') + 1);
      const job = id.length > LONGEST_ID ? undefined : await jobs.find(id, AbortSignal.timeout(DEADLINE_MS));
      if (job === undefined) return exchange.reject({ status: 404, error: 'no job of this id is known' }, caller);
      if ('kind' in job)
        return exchange.reject({ status: 500, error: 'what became of the job cannot be had now' }, caller);
      sendEnvelope(exchange, { object: 'async', operation: 'status', result: viewOf(job) });
    },
  });
}

function viewOf({ id, type, status, resultCount, error, ...moments }: Job): object {
  const { createdAtMs, startedAtMs, finishedAtMs } = moments;
  return {
    jobId: id,
    status,
    type,
    createdAt: momentOf(createdAtMs),
    startedAt: momentOf(startedAtMs),
    finishedAt: momentOf(finishedAtMs),
    resultCount,
    error,
  };
}

function momentOf(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString();
}
