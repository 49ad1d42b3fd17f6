import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Secret } from '../../src/login/secret.ts';
import { LEAST_RIGHTS, LEAST_USER } from './support/least-rights.ts';
import { noHurry } from '../../src/state/conformance/harness.ts';
import type { Counter } from '../../src/state/counters.ts';
import type { RedisConfig } from '../../src/state/redis/redis-settings.ts';
import { type RedisCluster, startRedisCluster } from '../daemons/redis-cluster.ts';
import { describeAllState } from './support/all-suites.ts';
import { configFor, openReadyState } from './support/shared-state.ts';

describe('with a Cluster of three nodes', { concurrency: true }, () => {
  let cluster: RedisCluster;
  before(async () => {
    cluster = await startRedisCluster({ settings: [LEAST_RIGHTS] });
  });
  after(() => cluster[Symbol.asyncDispose]());

  const config = (): RedisConfig => {
    const addresses = cluster.nodes.map(({ port }) => ({ host: '127.0.0.1', port }));
    const { username, password } = LEAST_USER;
    return configFor({ kind: 'cluster', addresses }, { username, password: Secret.fromText(password) });
  };
  describeAllState('a Cluster', config, 'any');

  it('never lets more through than the limit while slots move from node to node', async () => {
    await using here = await openReadyState(config());
    await using there = await openReadyState(config());
    const through = new Map<string, number>();
    let isMoving = true;
    let rounds = 0;
    // Each round has a counter of its own that everybody hits, so that counters are at work all the while.
    const hammer = async (state: typeof here) => {
      for (let round = 0; isMoving || round < 500; round += 1) {
        const counter: Counter = { owner: `moving:${round}`, name: 'failures', windowMs: 600_000, limit: 10 };
        const hits = await Promise.all([1, 2, 3, 4, 5].map(() => state.counters.hit(counter, noHurry)));
        const passed = hits.filter((hit) => hit.kind === 'counted' && !hit.isOver).length;
        through.set(counter.owner, (through.get(counter.owner) ?? 0) + passed);
        rounds = Math.max(rounds, round);
        // Answers that come at once must not keep the process from everything else.
        await setImmediate();
      }
    };

    const hammering = [hammer(here), hammer(there), hammer(there)];
    await cluster.reshard(1500).finally(() => {
      isMoving = false;
    });
    const roundsWhileMoving = rounds;
    await Promise.all(hammering);

    assert.ok(roundsWhileMoving > 100, `${roundsWhileMoving} counters while slots moved`);
    for (const [owner, hits] of through) assert.ok(hits <= 10, `${hits} of 10 for ${owner}`);
    const full = [...through.values()].filter((hits) => hits === 10).length;
    assert.ok(full > through.size * 0.8, `${full} of ${through.size} counters let their limit through`);
  });
});
