import type { MaybePromise, Unavailable } from './outcome.ts';

export type JobKind = 'CACHE_FLUSH' | 'BF_FLUSH';
export type JobStatus = 'QUEUED' | 'INPROGRESS' | 'DONE' | 'ERROR';

/** Work of an operator that goes on after its order was answered. Moments are wall clocks in milliseconds. */
export interface Job {
  readonly id: string;
  readonly type: JobKind;
  readonly status: JobStatus;
  readonly createdAtMs: number;
  readonly startedAtMs?: number | undefined;
  readonly finishedAtMs?: number | undefined;
  /** How much was flushed, once it is done. */
  readonly resultCount?: number | undefined;
  /** What went wrong, for operators. */
  readonly error?: string | undefined;
}

export type FoundJob = { readonly kind: 'job'; readonly job: Job } | { readonly kind: 'unknown' } | Unavailable;

/** What became of jobs, for as long as somebody may ask. Names nobody: neither accounts nor addresses are in it. */
export interface Jobs {
  /** Keeps the job as it is now in the place of what it was before. `undefined` says done. */
  put(job: Job, lifetimeMs: number, signal: AbortSignal): MaybePromise<Unavailable | undefined>;
  find(id: string, signal: AbortSignal): MaybePromise<FoundJob>;
}
