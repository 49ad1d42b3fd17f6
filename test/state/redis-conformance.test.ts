import { after, before, describe } from 'node:test';
import { type RedisServer, startRedis } from '../daemons/redis.ts';
import { describeAllState } from './support/all-suites.ts';
import { configFor } from './support/shared-state.ts';

// They wait for time to pass more than they work, and touch each other's keys nowhere.
describe('with one Redis', { concurrency: true }, () => {
  let server: RedisServer;
  before(async () => {
    server = await startRedis();
  });
  after(() => server[Symbol.asyncDispose]());

  describeAllState('Redis', () => configFor({ kind: 'socket', path: server.socket }));
});
