import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Job, Jobs } from '../jobs.ts';
import { noHurry, type OpenState, type StateHarness } from './harness.ts';

const LIFETIME_MS = 60_000;

/** Declares the tests that all stores of jobs must pass. */
export function describeJobs(name: string, harness: StateHarness<Jobs>): void {
  describe(`jobs in ${name}`, { concurrency: false }, () => {
    let state: OpenState<Jobs>;
    before(async () => {
      state = await harness.open();
    });
    after(async () => {
      await state[Symbol.asyncDispose]();
    });

    it('are found in every process as they were kept last', async () => {
      const job: Job = { id: 'one', type: 'CACHE_FLUSH', status: 'QUEUED', createdAtMs: 1_900_000_000_000 };
      const done: Job = { ...job, status: 'DONE', startedAtMs: 2, finishedAtMs: 3, resultCount: 4 };
      await state.port.put(job, LIFETIME_MS, noHurry);
      assert.deepEqual(await state.other.find('one', noHurry), { kind: 'job', job });

      await state.port.put(done, LIFETIME_MS, noHurry);

      assert.deepEqual(await state.other.find('one', noHurry), { kind: 'job', job: done });
      assert.deepEqual(await state.port.find('another', noHurry), { kind: 'unknown' });
    });

    it('end after their lifetime', async () => {
      const job: Job = { id: 'short', type: 'BF_FLUSH', status: 'ERROR', createdAtMs: 1, error: 'it failed' };
      await state.port.put(job, 300, noHurry);
      assert.deepEqual(await state.port.find('short', noHurry), { kind: 'job', job });

      await sleep(350);

      assert.deepEqual(await state.port.find('short', noHurry), { kind: 'unknown' });
    });
  });
}
