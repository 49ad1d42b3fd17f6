import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { Redis } from 'ioredis';
import { type RedisServer, startRedis } from '../daemons/redis.ts';
import { Instance } from './support/instance.ts';
import { dump } from './support/keyspace.ts';

/** Says until when what was remembered of a name is void, so that what is under way does not come back. Ends by itself. */
const MARK = /login-forgotten:\{/;

describe('a flush, with a Redis that two services share', () => {
  const opened = new AsyncDisposableStack();
  let redis: RedisServer;
  let here: Instance;
  let there: Instance;
  before(async () => {
    redis = opened.use(await startRedis());
    const more = [
      `state: { redis: { url: 'unix:${redis.socket}', secret: { file: state-secret }, command_timeout: 3s } }`,
      'protection: { network_rules: enforce, networks: [{ name: address, window: 10m, limit: 3, block: 15m, longest_block: 1d, ipv4_prefix: 32, ipv6_prefix: 64 }, { name: subnet, window: 10m, limit: 30, block: 15m, longest_block: 1d, ipv4_prefix: 24, ipv6_prefix: 56 }] }',
    ];
    here = opened.use(await Instance.start(more));
    there = opened.use(await Instance.start(more));
  });
  after(() => opened.disposeAsync());
  beforeEach(async () => {
    const client = new Redis(redis.socket);
    await client.flushall();
    client.disconnect();
  });

  /** All that is kept but for marks, as one text. */
  const kept = async (): Promise<Readonly<Record<string, unknown>>> => {
    const found = Object.entries(await dump(redis.socket)).filter(([key]) => !MARK.test(key));
    return Object.fromEntries(found);
  };

  async function attack(account: string, address: string, times: number): Promise<void> {
    for (let i = 0; i < times; i += 1)
      await (i % 2 === 0 ? here : there).logIn({ username: account, password: `wrong ${i}`, address });
  }

  for (const [family, address, other] of [
    ['IPv4', '192.0.2.7', '198.51.100.9'],
    ['IPv6', '2001:db8::7', '2001:db8:1::9'],
  ] as const)
    it(`of an account leaves nothing of it, and all of others (${family})`, async () => {
      const bob = { username: 'bob@example.test', password: 'bob-pw', address };
      await here.logIn(bob);
      await attack('bob@example.test', other, 2);
      const before = await kept();

      await here.logIn({ username: 'alice@example.test', password: 'alice-pw', address });
      await attack('alice@example.test', address, 6);
      await attack('Alice@example.test', other, 3);
      await attack('alice@example.test', '203.0.113.80', 6);
      await here.ask('POST', '/api/v1/block', { account: 'alice@example.test', reason: 'test', ttl: 600 });
      assert.match(JSON.stringify(await kept()), /alice/i);

      const { status, body } = await there.ask('POST', '/api/v1/bruteforce/flush', { account: 'alice@example.test' });
      assert.equal(status, 200, JSON.stringify(body));

      const after = await kept();
      assert.doesNotMatch(JSON.stringify(without(after, 'login:')), /alice/i);
      // Blocks of networks that alice was guessed at from are the networks', and so is how often they were blocked.
      for (const [key, value] of Object.entries(before))
        if (!key.includes(':counters:')) assert.deepEqual(after[key], value, key);
      assert.equal(
        (await here.logIn({ username: 'alice@example.test', password: 'alice-pw', address: '203.0.113.9' })).status,
        200,
      );
    });

  for (const [family, address] of [
    ['IPv4', '192.0.2.7'],
    ['IPv6', '2001:db8::7'],
  ] as const)
    it(`of an address leaves the store as it was before it came (${family})`, async () => {
      await attack('bob@example.test', '198.51.100.9', 2);
      const before = await kept();

      await here.logIn({ username: 'alice@example.test', password: 'alice-pw', address });
      await attack('nobody@example.test', address, 6);
      for (const account of ['bob', 'alice', 'carol', 'dave'])
        await there.logIn({ username: `${account}@example.test`, password: 'one password for all', address });
      await here.ask('POST', '/api/v1/block', { ip_address: address, reason: 'test', ttl: 600 });

      const { status, body } = await there.ask('DELETE', '/api/v1/bruteforce/flush', {
        ip_address: address,
        rule_name: '*',
      });
      assert.equal(status, 200, JSON.stringify(body));
      const { result } = body as unknown as { result: { removed_keys: string[]; status: string } };
      assert.match(result.status, /^\d+ keys flushed$/);
      assert.ok(result.removed_keys.length >= 2, result.removed_keys.join());

      const after = without(without(await kept(), 'login:'), ':{oaccount:');
      assert.deepEqual(after, without(without(before, 'login:'), ':{oaccount:'));
      // What is counted of accounts stays, without a word of where it came from.
      assert.doesNotMatch(JSON.stringify(await kept()), address.includes(':') ? /2001:db8/ : /192\.0\.2\./);
      assert.equal((await here.logIn({ username: 'alice@example.test', password: 'alice-pw', address })).status, 200);
    });

  it('of one rule leaves what others have counted', async () => {
    await attack('nobody@example.test', '192.0.2.7', 6);
    await here.ask('POST', '/api/v1/bruteforce/flush', { ip_address: '192.0.2.7', rule_name: 'address' });
    const names = Object.values(await kept())
      .flat()
      .join(' ');
    assert.match(names, /guesses subnet/);
    assert.doesNotMatch(names, /guesses address|blocks address/);
  });

  it('is as good where nothing is left to flush', async () => {
    const { status, body } = await here.ask('POST', '/api/v1/bruteforce/flush', { ip_address: '192.0.2.250' });
    assert.equal(status, 200);
    assert.equal((body as unknown as { result: { status: string } }).result.status, 'not flushed');
  });

  it('that cannot reach the Redis says so', async () => {
    await using server = await startRedis();
    await using alone = await Instance.start([
      `state: { redis: { url: 'unix:${server.socket}', secret: { file: state-secret }, command_timeout: 3s } }`,
    ]);
    await server[Symbol.asyncDispose]();
    const { status, body } = await alone.ask('POST', '/api/v1/bruteforce/flush', { account: 'alice@example.test' });
    assert.equal(status, 500);
    assert.ok((body as unknown as { result: { error: string } }).result.error.length > 0);
  });
});

function without(found: Readonly<Record<string, unknown>>, part: string): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(found).filter(([key]) => !key.includes(part)));
}
