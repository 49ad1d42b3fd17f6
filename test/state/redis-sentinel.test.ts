import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { accountOf, named, noHurry } from '../../src/state/conformance/harness.ts';
import type { Counter } from '../../src/state/counters.ts';
import type { RedisConfig } from '../../src/state/redis/redis-settings.ts';
import { type RedisPair, SENTINEL_NAME, startRedisPair } from '../daemons/redis-sentinel.ts';
import { describeAllState } from './support/all-suites.ts';
import { configFor, openReadyState } from './support/shared-state.ts';

describe('with a sentinel that fails over in the middle', () => {
  let pair: RedisPair;
  before(async () => {
    pair = await startRedisPair();
  });
  after(() => pair[Symbol.asyncDispose]());

  const config = (): RedisConfig => {
    const addresses = [{ host: '127.0.0.1', port: pair.sentinel.port }];
    return configFor({
      kind: 'sentinel',
      name: SENTINEL_NAME,
      addresses,
      username: undefined,
      password: undefined,
    });
  };

  it('goes on with what was kept; of the hits that were acknowledged last, some may be lost', async () => {
    await using here = await openReadyState(config());
    await using there = await openReadyState(config());
    const counter: Counter = { owner: 'account:alice', name: 'failures', windowMs: 600_000, limit: 1_000_000 };
    const key = { loginName: named('alice@example.test'), scope: 'imap', passwordTag: 'tag' };
    const login = { account: accountOf('alice@example.test'), provenAtMs: Date.now() };
    await here.verifiedLogins.remember(key, login, 600_000, noHurry);
    await sleep(100);
    const before = await pair.current();
    let acknowledged = 0;
    let isFailingOver = true;
    const through = new Map<number, number>();
    const hammer = async (state: typeof here) => {
      for (let round = 0; isFailingOver; round += 1) {
        const counted = await state.counters.hit(counter, noHurry);
        if (counted.kind === 'counted') acknowledged += 1;
        else await sleep(2);
        const limited: Counter = { owner: `round:${round >> 3}`, name: 'failures', windowMs: 600_000, limit: 5 };
        const hit = await state.counters.hit(limited, noHurry);
        if (hit.kind === 'counted' && !hit.isOver) through.set(round >> 3, (through.get(round >> 3) ?? 0) + 1);
      }
    };

    const hammering = [hammer(here), hammer(there)];
    await pair.failOver();
    const failedOver = performance.now();
    await untilCounted(there.counters, counter);
    const healedMs = performance.now() - failedOver;
    isFailingOver = false;
    await Promise.all(hammering);

    assert.notEqual(await pair.current(), before);
    assert.ok(healedMs < 5000, `answers again only after ${healedMs} ms`);
    const after = await untilCounted(here.counters, counter);
    assert.ok(acknowledged > 0 && after.count > 0);
    // Replication goes on behind the answers: what was acknowledged last may not have reached the replica.
    assert.ok(acknowledged - after.count <= 500, `${acknowledged} acknowledged, ${after.count} kept`);
    // A counter that is lost begins anew: each fail-over lets the limit through once more at the worst.
    for (const [round, hits] of through) assert.ok(hits <= 10, `${hits} of 5 in round ${round}`);
    assert.equal((await here.verifiedLogins.recall(key, noHurry)).kind, 'remembered');
  });

  describe('afterwards', { concurrency: true }, () => {
    // Who has just connected is sent away once more while the sentinel tells of the switch.
    before(async () => {
      await pair.settle();
      await sleep(1000);
    });
    describeAllState('the servers of a sentinel', config);
  });
});

async function untilCounted(counters: Awaited<ReturnType<typeof openReadyState>>['counters'], counter: Counter) {
  for (const deadline = Date.now() + 10_000; ; await sleep(20)) {
    const counted = await counters.peek(counter, noHurry);
    if (counted.kind === 'counted') return counted;
    assert.ok(Date.now() < deadline, `no answer within 10 s: ${counted.detail}`);
  }
}
