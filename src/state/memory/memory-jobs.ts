import { LRUCache } from 'lru-cache';
import type { FoundJob, Job, Jobs } from '../jobs.ts';

/** Jobs in the memory of this process; the oldest go where there are too many. */
export class MemoryJobs implements Jobs {
  readonly #jobs: LRUCache<string, Job>;

  constructor(maxJobs: number) {
    this.#jobs = new LRUCache({ max: maxJobs });
  }

  put(job: Job, lifetimeMs: number): undefined {
    this.#jobs.set(job.id, job, { ttl: lifetimeMs });
  }

  find(id: string): FoundJob {
    const job = this.#jobs.get(id);
    return job === undefined ? { kind: 'unknown' } : { kind: 'job', job };
  }
}
