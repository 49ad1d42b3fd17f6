import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '../../src/config/load.ts';
import { type RedisServer, startRedis } from '../daemons/redis.ts';
import { Instance } from './support/instance.ts';

interface JobView {
  readonly jobId: string;
  readonly status: string;
  readonly type: string;
  readonly createdAt: string;
  readonly startedAt?: string;
  readonly finishedAt?: string;
  readonly resultCount?: number;
  readonly error?: string;
}

interface Reply {
  readonly session: string;
  readonly object: string;
  readonly operation: string;
  readonly result: JobView;
}

async function order(service: Instance, path: string, body: object): Promise<Reply> {
  const answer = await service.ask('DELETE', path, body);
  assert.equal(answer.status, 202, JSON.stringify(answer.body));
  return answer.body as unknown as Reply;
}

async function outcome(service: Instance, id: string): Promise<JobView> {
  for (;;) {
    const answer = await service.ask('GET', `/api/v1/async/jobs/${id}`);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    const { object, operation, result } = answer.body as unknown as Reply;
    assert.deepEqual([object, operation, result.jobId], ['async', 'status', id]);
    if (result.status === 'DONE' || result.status === 'ERROR') return result;
    await sleep(10);
  }
}

/** The log is written a moment later. */
async function lineOf(service: Instance, wanted: string): Promise<Readonly<Record<string, unknown>>> {
  for (;;) {
    const found = (await service.lines()).findLast(({ msg }) => msg === wanted);
    if (found !== undefined) return found;
    await sleep(20);
  }
}

describe('flushes that are not waited for', { timeout: 60_000 }, () => {
  const opened = new AsyncDisposableStack();
  let redis: RedisServer;
  let alone: Instance;
  let here: Instance;
  let there: Instance;
  before(async () => {
    redis = opened.use(await startRedis());
    const shared = [
      `state: { redis: { url: 'unix:${redis.socket}', secret: { file: state-secret }, command_timeout: 1s } }`,
    ];
    alone = opened.use(await Instance.start());
    here = opened.use(await Instance.start(shared));
    there = opened.use(await Instance.start(shared));
  });
  after(() => opened.disposeAsync());

  it('are answered with a job, which tells how it went', async () => {
    const { session, object, operation, result } = await order(alone, '/api/v1/cache/flush/async', {
      user: 'alice@example.test',
    });
    assert.match(session, /^[0-9A-Z]{26}$/);
    assert.deepEqual([object, operation, result.status], ['cache', 'flush_async', 'QUEUED']);

    const { status, type, resultCount, ...moments } = await outcome(alone, result.jobId);

    assert.deepEqual([status, type, resultCount], ['DONE', 'CACHE_FLUSH', 2]);
    for (const moment of [moments.createdAt, moments.startedAt, moments.finishedAt])
      assert.ok(Math.abs(Date.parse(moment ?? '') - Date.now()) < 60_000, moment);
  });

  it('do what those do that are waited for', async () => {
    const address = '192.0.2.44';
    const alice = { username: 'alice@example.test', password: 'alice-pw', address };
    await alone.ask('POST', '/api/v1/block', { ip_address: address, reason: 'test', ttl: 600 });
    assert.equal((await alone.logIn(alice)).status, 403);

    const { object, result } = await order(alone, '/api/v1/bruteforce/flush/async', {
      ip_address: address,
      rule_name: '*',
    });
    assert.equal(object, 'bruteforce');
    const { status, type, resultCount = 0 } = await outcome(alone, result.jobId);

    assert.deepEqual([status, type], ['DONE', 'BF_FLUSH']);
    assert.ok(resultCount >= 1);
    assert.equal((await alone.logIn(alice)).status, 200);
    assert.equal((await lineOf(alone, 'guesses forgotten'))['network'], `${address}/32`);
  });

  it('are found by every process that shares the state', async () => {
    const { result } = await order(here, '/api/v1/cache/flush/async', { user: '*' });

    await outcome(here, result.jobId);

    assert.equal((await outcome(there, result.jobId)).status, 'DONE');
  });

  it('outlive a change of the configuration', async () => {
    const { result } = await order(alone, '/api/v1/cache/flush/async', { user: 'bob@example.test' });

    await alone.app.change(await loadConfig(`${alone.folder}/nauthilus.yaml`, {}));

    assert.equal((await outcome(alone, result.jobId)).status, 'DONE');
  });

  it('that are wrong are refused at once', async () => {
    const wrong = [
      ['/api/v1/cache/flush/async', {}, 'user'],
      ['/api/v1/cache/flush/async', { user: 'a b' }, 'user'],
      ['/api/v1/bruteforce/flush/async', {}, 'ip_address'],
      ['/api/v1/bruteforce/flush/async', { ip_address: 7 }, 'ip_address'],
    ] as const;
    for (const [path, body, field] of wrong) {
      const answer = await alone.ask('DELETE', path, body);
      assert.equal(answer.status, 400);
      assert.equal((answer.body as unknown as { errors: { field: string }[] }).errors[0]?.field, field);
    }
    for (const id of ['no-such-job', '..', 'x'.repeat(200)])
      assert.equal((await alone.ask('GET', `/api/v1/async/jobs/${id}`)).status, 404, id);
    assert.equal((await alone.ask('GET', '/api/v1/cache/flush/async')).status, 405);
    assert.equal((await alone.ask('GET', '/api/v1/async/jobs/x', undefined, 'mx')).status, 401);
  });

  it('say what could not be reached', async () => {
    await redis.stop();
    const { result } = await order(here, '/api/v1/cache/flush/async', { user: 'alice@example.test' });

    const { status, error } = await outcome(here, result.jobId);

    assert.equal(status, 'ERROR');
    assert.notEqual(error ?? '', '');
    assert.equal((await there.ask('GET', `/api/v1/async/jobs/${result.jobId}`)).status, 500);
  });
});
