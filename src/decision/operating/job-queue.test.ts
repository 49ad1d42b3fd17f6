import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FoundJob, Job, Jobs } from '../../state/jobs.ts';
import { JobQueue, type JobQueueParts, MAX_WAITING_JOBS } from './job-queue.ts';

const noHurry = new AbortController().signal;

class KeptJobs implements Jobs {
  readonly jobs = new Map<string, Job>();
  readonly statuses: string[] = [];

  put(job: Job): undefined {
    this.jobs.set(job.id, job);
    this.statuses.push(job.status);
  }

  find(id: string): FoundJob {
    const job = this.jobs.get(id);
    return job === undefined ? { kind: 'unknown' } : { kind: 'job', job };
  }
}

function queueWith(parts: Partial<JobQueueParts> = {}) {
  const here = new KeptJobs();
  const shared = new KeptJobs();
  return { here, shared, queue: new JobQueue({ here, shared, now: Date.now, ...parts }) };
}

async function ended(queue: JobQueue, id: string): Promise<Job> {
  for (;;) {
    const job = await queue.find(id, noHurry);
    assert.ok(job !== undefined && !('kind' in job));
    if (job.status === 'DONE' || job.status === 'ERROR') return job;
    await sleep(2);
  }
}

describe('jobs', () => {
  it('are queued, under way and done, here and for all processes', async () => {
    const { queue, here, shared } = queueWith();
    const job = queue.start('CACHE_FLUSH', async () => ({ count: 3 }));
    assert.ok(job !== undefined);
    assert.equal(job.status, 'QUEUED');

    const done = await ended(queue, job.id);

    assert.deepEqual([done.status, done.resultCount, done.error], ['DONE', 3, undefined]);
    assert.ok(
      (done.finishedAtMs ?? 0) >= (done.startedAtMs ?? Infinity) && (done.startedAtMs ?? 0) >= done.createdAtMs,
    );
    await sleep(5);
    for (const store of [here, shared]) assert.deepEqual(store.statuses, ['QUEUED', 'INPROGRESS', 'DONE']);
    assert.equal(queue.inFlight, 0);
  });

  it('are done one after the other, in the order in which they came', async () => {
    const { queue } = queueWith();
    const order: string[] = [];
    const work = (name: string, ms: number) => async () => {
      order.push(`${name} begins`);
      await sleep(ms);
      order.push(`${name} ends`);
      return { count: 1 };
    };
    queue.start('BF_FLUSH', work('first', 20));
    const last = queue.start('BF_FLUSH', work('second', 1));

    await ended(queue, last?.id ?? '');

    assert.deepEqual(order, ['first begins', 'first ends', 'second begins', 'second ends']);
  });

  it('tell what went wrong, and hold up none after them', async () => {
    const { queue } = queueWith({ longestRunMs: 30 });
    const partly = queue.start('BF_FLUSH', async () => ({ count: 2, problem: 'nobody answers' }));
    const thrown = queue.start('BF_FLUSH', () => Promise.reject(new Error('it broke')));
    const endless = queue.start('BF_FLUSH', () => new Promise(() => {}));
    const next = queue.start('BF_FLUSH', async () => ({ count: 1 }));

    assert.equal((await ended(queue, next?.id ?? '')).status, 'DONE');
    const told = await Promise.all([partly, thrown, endless].map((job) => ended(queue, job?.id ?? '')));

    assert.deepEqual(
      told.map(({ status, resultCount }) => [status, resultCount]),
      [
        ['ERROR', 2],
        ['ERROR', undefined],
        ['ERROR', undefined],
      ],
    );
    assert.deepEqual(
      told.slice(0, 2).map(({ error }) => error),
      ['nobody answers', 'it broke'],
    );
  });

  it('that are too many are turned away', async () => {
    const { queue } = queueWith();
    const { promise, resolve } = Promise.withResolvers<void>();
    const work = () => promise.then(() => ({ count: 0 }));
    queue.start('CACHE_FLUSH', work);
    await sleep(5);
    for (let i = 0; i < MAX_WAITING_JOBS; i += 1) assert.ok(queue.start('CACHE_FLUSH', work) !== undefined);

    assert.equal(queue.start('CACHE_FLUSH', work), undefined);

    resolve();
    await queue[Symbol.asyncDispose]();
  });

  it('that the service cannot finish before it stops have failed', async () => {
    const { queue, shared } = queueWith();
    const running = queue.start('CACHE_FLUSH', () => new Promise(() => {}));
    const waiting = queue.start('CACHE_FLUSH', async () => ({ count: 1 }));
    await sleep(5);

    await queue[Symbol.asyncDispose]();

    for (const job of [running, waiting]) assert.equal(shared.jobs.get(job?.id ?? '')?.status, 'ERROR');
    assert.equal(
      queue.start('CACHE_FLUSH', async () => ({ count: 1 })),
      undefined,
    );
  });

  it('whose process has ended are told as failed when their time is over', async () => {
    const clock = { ms: 1_000_000 };
    const { queue, shared } = queueWith({ now: () => clock.ms });
    const job: Job = { id: 'theirs', type: 'BF_FLUSH', status: 'INPROGRESS', createdAtMs: 1, startedAtMs: 1_000_000 };
    shared.put(job);
    assert.deepEqual(await queue.find('theirs', noHurry), job);

    clock.ms += 60_000;

    const lost = await queue.find('theirs', noHurry);
    assert.deepEqual(lost, { ...job, status: 'ERROR', error: 'the process that was to do it has ended' });
  });

  it('that are unknown are told from those of which nothing can be learnt', async () => {
    const away = { kind: 'unavailable', overloaded: false, detail: 'gone' } as const;
    const shared: Jobs = { put: () => away, find: () => away };
    const { queue } = queueWith({ shared });
    assert.deepEqual(await queue.find('theirs', noHurry), away);
    assert.equal(await queueWith().queue.find('theirs', noHurry), undefined);

    const own = queue.start('CACHE_FLUSH', async () => ({ count: 1 }));
    assert.equal((await ended(queue, own?.id ?? '')).status, 'DONE');
  });
});
