import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Instance } from './support/instance.ts';

const LADDER =
  'protection: { network_rules: enforce, networks: [{ name: address, window: 10m, limit: 3, block: 15m, longest_block: 1d, ipv4_prefix: 32, ipv6_prefix: 64 }] }';

interface Entry {
  readonly key: string;
  readonly network: string | null;
  readonly account: string | null;
  readonly bucket: string;
  readonly ban_time: number;
  readonly ttl: number;
  readonly reason: string;
  readonly by: string;
}

describe('blocks in the hands of operators', () => {
  let service: Instance;
  before(async () => {
    service = await Instance.start([LADDER]);
  });
  after(() => service[Symbol.asyncDispose]());

  async function guess(address: string, times: number, account = 'bob'): Promise<readonly number[]> {
    const statuses: number[] = [];
    for (let i = 0; i < times; i += 1)
      statuses.push(
        (await service.logIn({ username: `${account}@example.test`, password: `wrong ${address} ${i}`, address }))
          .status,
      );
    return statuses;
  }

  async function entries(query = ''): Promise<readonly Entry[]> {
    const { status, body } = await service.ask('GET', `/api/v1/bruteforce/list${query}`);
    assert.equal(status, 200);
    return (body as unknown as { result: [{ entries: Entry[] }] }).result[0].entries;
  }

  const networks = async (query = '') => (await entries(query)).map(({ network }) => network);

  it('are listed in the form of the management interface, with times in seconds', async () => {
    await guess('192.0.2.1', 5);

    const { body, session } = await service.ask('POST', '/api/v1/bruteforce/list', { ip_addresses: ['192.0.2.1'] });

    const { result, ...envelope } = body as unknown as { result: [{ entries: Entry[] }, { accounts: object }] };
    assert.deepEqual(envelope, { session, object: 'bruteforce', operation: 'list' });
    const [listed, accounts] = result;
    assert.deepEqual(accounts, { accounts: {}, error: null });
    const [entry, ...others] = listed.entries;
    assert.deepEqual(others, []);
    assert.equal(entry?.network, '192.0.2.1/32');
    assert.equal(entry?.bucket, 'address');
    assert.equal(entry?.ban_time, 900);
    assert.ok(entry.ttl > 890 && entry.ttl <= 900, String(entry.ttl));
    assert.deepEqual(await networks('?ip_address=192.0.2.2'), []);
    assert.deepEqual(await networks('?rule=nothing'), []);
    assert.deepEqual(await networks('?network=192.0.2.1/32&rule=address'), ['192.0.2.1/32']);
  });

  it('come in pages', async () => {
    for (const address of ['192.0.2.11', '192.0.2.12', '192.0.2.13']) await guess(address, 5);
    const seen = new Set<string | null>();
    let offset = 0;
    for (let hasMore = true; hasMore; ) {
      const { body } = await service.ask('GET', `/api/v1/bruteforce/list?limit=2&offset=${offset}`);
      const [{ entries: some, page }] = (
        body as unknown as { result: [{ entries: Entry[]; page: Record<string, number | boolean> }] }
      ).result;
      assert.ok(some.length <= 2);
      for (const { network } of some) seen.add(network);
      hasMore = page['has_more'] === true;
      offset = Number(page['next_offset']);
    }
    for (const address of ['192.0.2.11', '192.0.2.12', '192.0.2.13']) assert.ok(seen.has(`${address}/32`), address);
    for (const wrong of ['limit=0', 'limit=1001', 'limit=x', 'offset=-1', 'network=x', 'ip_address=x'])
      assert.equal((await service.ask('GET', `/api/v1/bruteforce/list?${wrong}`)).status, 400, wrong);
  });

  it('are put by hand, hold against everybody, and end when they are taken away', async () => {
    const put = await service.ask('POST', '/api/v1/block', {
      network: '198.51.100.0/24',
      reason: 'stolen passwords',
      ttl: 3600,
    });
    assert.equal(put.status, 200, JSON.stringify(put.body));
    const alice = { username: 'alice@example.test', password: 'alice-pw' };

    assert.equal((await service.logIn({ ...alice, address: '198.51.100.9' })).status, 403);
    assert.equal((await service.logIn({ ...alice, address: '198.51.101.9' })).status, 200);
    const [entry] = await entries('?ip_address=198.51.100.9');
    assert.deepEqual(
      [entry?.bucket, entry?.reason, entry?.by, entry?.ban_time],
      ['manual', 'stolen passwords', 'ops', 3600],
    );

    const removed = await service.ask('DELETE', '/api/v1/block', { ip_address: '198.51.100.200' });
    assert.equal(removed.status, 200);
    assert.equal((await service.logIn({ ...alice, address: '198.51.100.9' })).status, 200);
  });

  it('of accounts hold at once, whatever is remembered of their logins', async () => {
    const bob = { username: 'bob@example.test', password: 'bob-pw', address: '203.0.113.5' };
    assert.equal((await service.logIn(bob)).status, 200);
    const until = new Date(Date.now() + 60_000).toISOString();
    assert.equal(
      (await service.ask('POST', '/api/v1/block', { account: 'Bob@example.test', reason: 'left', until })).status,
      200,
    );

    assert.equal((await service.logIn(bob)).status, 403);
    const { body } = await service.ask('GET', '/api/v1/bruteforce/list?account=bob@example.test');
    assert.deepEqual((body as unknown as { result: object[] }).result[1], {
      accounts: { 'bob@example.test': [] },
      error: null,
    });

    await service.ask('DELETE', '/api/v1/block', { account: 'bob@example.test' });
    assert.equal((await service.logIn(bob)).status, 200);
  });

  it('of rules that are taken away do not come back with the next wrong password', async () => {
    const address = '192.0.2.99';
    const alice = { username: 'alice@example.test', password: 'alice-pw', address };
    await guess(address, 5);
    assert.equal((await service.logIn(alice)).status, 403);

    const { body } = await service.ask('DELETE', '/api/v1/block', { ip_address: address });
    assert.equal((body as unknown as { result: { removed: Entry[] } }).result.removed.length, 1);

    assert.deepEqual(await guess(address, 1), [403]);
    assert.deepEqual(await networks(`?ip_address=${address}`), []);
    assert.equal((await service.logIn(alice)).status, 200);
  });

  it('are not put where it is not clear whom they are for, until when and why', async () => {
    const good = { ip_address: '192.0.2.50', reason: 'test', ttl: 60 };
    const wrong: readonly (readonly [object, string])[] = [
      [{ ...good, ip_address: 'x' }, 'ip_address'],
      [{ ...good, ip_address: undefined }, 'ip_address'],
      [{ ...good, account: 'a b' }, 'account'],
      [{ ...good, account: 'alice' }, 'ip_address'],
      [{ ...good, reason: '' }, 'reason'],
      [{ ...good, reason: 'x'.repeat(300) }, 'reason'],
      [{ ...good, ttl: 1.5 }, 'ttl'],
      [{ ...good, ttl: undefined }, 'until'],
      [{ ...good, ttl: undefined, until: 'tomorrow' }, 'until'],
      [{ ...good, ttl: undefined, until: '2020-01-01T00:00:00Z' }, 'until'],
      [{ ...good, ip_address: undefined, network: '192.0.2.0/25' }, 'network'],
      [{ ...good, ip_address: undefined, network: '192.0.2.0/99' }, 'network'],
    ];
    for (const [body, field] of wrong) {
      const answer = await service.ask('POST', '/api/v1/block', body);
      assert.equal(answer.status, 400, JSON.stringify(body));
      assert.equal(
        (answer.body as unknown as { errors: { field: string }[] }).errors[0]?.field,
        field,
        JSON.stringify(body),
      );
    }
    assert.equal((await service.ask('DELETE', '/api/v1/block', {})).status, 400);
    assert.equal((await service.ask('GET', '/api/v1/block')).status, 405);
  });

  it('are for callers with the scope admin only', async () => {
    for (const [method, path] of [
      ['GET', '/api/v1/bruteforce/list'],
      ['POST', '/api/v1/bruteforce/flush'],
      ['POST', '/api/v1/block'],
      ['POST', '/api/v1/explain'],
      ['GET', '/api/v1/explain/01M863NHEW0000KNE3CJN6RR2T'],
    ] as const)
      assert.equal((await service.ask(method, path, method === 'GET' ? undefined : {}, 'mx')).status, 401, path);
  });

  it('are told in the log, with who ordered what', async () => {
    await service.ask('POST', '/api/v1/block', { ip_address: '192.0.2.77', reason: 'told', ttl: 60 });
    await service.ask('DELETE', '/api/v1/block', { ip_address: '192.0.2.77' });
    await service.ask('DELETE', '/api/v1/bruteforce/flush', { ip_address: '192.0.2.77', rule_name: '*' });
    await new Promise((resolve) => setTimeout(resolve, 200));
    const told = (await service.lines()).filter(({ msg }) => /by hand|forgotten/.test(String(msg))).slice(-3);

    assert.deepEqual(
      told.map(({ msg, caller }) => [msg, caller]),
      [
        ['blocked by hand', 'ops'],
        ['blocks ended by hand', 'ops'],
        ['guesses forgotten', 'ops'],
      ],
    );
  });
});
