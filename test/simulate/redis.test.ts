import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type RedisServer, startRedis } from '../daemons/redis.ts';
import { missedBars } from './bars.ts';
import { SCENARIOS } from './scenarios/all.ts';
import { openWorldState } from './shared.ts';
import { type Result, simulateShared, standardProtection } from './simulate.ts';

/** What has to have come of it besides the bars. */
const OVER_REDIS: Readonly<Record<string, (result: Result) => void>> = {
  'office NAT, 500 users, 5 % old passwords': ({ ownersLetIn }) =>
    assert.ok(ownersLetIn > 150, `${ownersLetIn} logins`),
  'forgotten password, 10 tries': ({ guesses }) => assert.equal(guesses, 10),
  'one address at one account': ({ guesses }) => assert.ok(guesses > 10, `${guesses} guesses`),
  'botnet of 10,000 addresses at one account': ({ guesses, ownersLetIn }) => {
    assert.ok(guesses > 40, `${guesses} guesses`);
    assert.ok(ownersLetIn > 10, `${ownersLetIn} logins`);
  },
  'locking an owner out': ({ ownersLetIn }) => assert.ok(ownersLetIn > 10, `${ownersLetIn} logins`),
  'spraying out of a /24': ({ sprayedAccounts }) => assert.ok(sprayedAccounts > 10, `${sprayedAccounts} accounts`),
  'rotating through a /48': ({ guesses }) => assert.ok(guesses > 1),
};

/** A busy machine may keep the server from answering in time, as an outage would; of that there may be little. */
function withoutDelays(result: Result): Result {
  return result.uncounted <= result.attempts / 50 ? { ...result, uncounted: 0 } : result;
}

describe('the protection over a real Redis, two processes, times scaled down', { concurrency: true }, () => {
  let server: RedisServer;
  before(async () => {
    server = await startRedis();
  });
  after(() => server[Symbol.asyncDispose]());

  for (const [i, scenario] of SCENARIOS.filter(({ name }) => name in OVER_REDIS).entries()) {
    it(`holds the bars: ${scenario.name}`, async () => {
      await using redis = await openWorldState(server, `world${i}`);
      const result = await simulateShared(scenario, redis, { scale: 'tiny', rules: standardProtection() });

      assert.deepEqual(missedBars(withoutDelays(result)), []);
      OVER_REDIS[scenario.name]?.(result);
    });
  }

  it('has a scenario for each name', () => {
    assert.equal(SCENARIOS.filter(({ name }) => name in OVER_REDIS).length, Object.keys(OVER_REDIS).length);
  });
});
