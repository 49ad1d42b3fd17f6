import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { RunningService, runCommand } from '../supervision/support/running-service.ts';
import { login } from '../supervision/support/load.ts';
import { startRedis } from '../daemons/redis.ts';
import { Instance } from './support/instance.ts';

const RULES =
  'protection: { network_rules: enforce, accounts: { from_new_networks: 3 }, networks: [{ name: address, window: 10m, limit: 5, block: 15m, longest_block: 1d, ipv4_prefix: 32, ipv6_prefix: 64 }], denied_networks: { networks: [203.0.113.0/24] } }';

interface Explained {
  readonly kind: string;
  readonly outcome: string;
  readonly reason: string;
  readonly decided_by: string;
  readonly why: string;
  readonly account?: string;
  readonly steps: readonly {
    readonly step: string;
    readonly effect: string;
    readonly rule?: string;
    readonly count?: number;
  }[];
  readonly would_differ: readonly string[];
}

describe('an explanation', () => {
  let service: Instance;
  before(async () => {
    service = await Instance.start([RULES]);
  });
  after(() => service[Symbol.asyncDispose]());

  async function past(session: string): Promise<Explained> {
    const { status, body } = await service.ask('GET', `/api/v1/explain/${session}`);
    assert.equal(status, 200, JSON.stringify(body));
    return (body as unknown as { result: Explained }).result;
  }

  async function hypothetical(asked: object): Promise<Explained> {
    const { status, body } = await service.ask('POST', '/api/v1/explain', asked);
    assert.equal(status, 200, JSON.stringify(body));
    return (body as unknown as { result: Explained }).result;
  }

  it('of a past decision says what decided, and never holds a password', async () => {
    const password = 'a password that nobody may see';
    const { session } = await service.logIn({ username: 'bob@example.test', password, address: '192.0.2.40' });
    const wrong = await past(session);
    assert.deepEqual(
      [wrong.kind, wrong.outcome, wrong.reason, wrong.decided_by],
      ['past', 'refuse', 'wrong-password', 'verify-with-backends'],
    );
    assert.deepEqual(wrong.would_differ, ['the right password']);
    assert.doesNotMatch(JSON.stringify(wrong), /nobody may see/);

    const right = await service.logIn({ username: 'bob@example.test', password: 'bob-pw', address: '192.0.2.40' });
    const accepted = await past(right.session);
    assert.deepEqual([accepted.outcome, accepted.account], ['accept', 'bob@example.test']);
    assert.deepEqual(accepted.would_differ, []);

    const denied = await service.logIn({ username: 'bob@example.test', password: 'bob-pw', address: '203.0.113.1' });
    const { decided_by: step, why } = await past(denied.session);
    assert.deepEqual([step, why], ['check-denied-networks', 'the address is in a denied network']);
  });

  it('of a past decision names the trace that the request was part of', async () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const headers = { traceparent: `00-${traceId}-00f067aa0ba902b7-01`, 'X-Request-Id': 'one' };
    const { session } = await service.logIn({ username: 'bob@example.test', password: 'bob-pw', headers });

    assert.partialDeepStrictEqual(await past(session), { trace_id: traceId, request_id: 'one' });
  });

  it('of a decision by a rule says which, how much was counted, and what helps', async () => {
    let session = '';
    for (let i = 0; i < 5; i += 1)
      session = (
        await service.logIn({ username: 'alice@example.test', password: `wrong ${i}`, address: `192.0.2.${100 + i}` })
      ).session;

    const explained = await past(session);

    assert.deepEqual(
      [explained.outcome, explained.reason, explained.decided_by],
      ['refuse', 'blocked', 'check-guesses'],
    );
    assert.match(
      explained.why,
      /^3 different wrong passwords were tried for the account out of networks that are new to it/,
    );
    const step = explained.steps.find(({ effect }) => effect === 'refused');
    assert.deepEqual([step?.rule, step?.count], ['account', 3]);
    assert.ok(
      explained.would_differ.some((text) => text.includes('nauthilus block flush --account alice@example.test')),
    );
  });

  it('of a login that might be says the same before it is tried, and counts nothing', async () => {
    const asked = { account: 'carol@example.test', ip_address: '192.0.2.60', protocol: 'imap' };
    assert.deepEqual((await hypothetical(asked)).reason, 'unknown-user');

    const bob = { username: 'bob@example.test', client_ip: '192.0.2.61' };
    for (let i = 0; i < 20; i += 1) assert.equal((await hypothetical(bob)).outcome, 'open');
    for (let i = 0; i < 7; i += 1)
      await service.logIn({ username: `nobody${i}@example.test`, password: `wrong ${i}`, address: '192.0.2.61' });

    const blocked = await hypothetical({ ...bob, username: 'alice@example.test' });
    assert.deepEqual([blocked.outcome, blocked.reason], ['refuse', 'blocked']);
    assert.deepEqual(
      blocked.steps.filter(({ effect }) => effect === 'refused').map(({ rule }) => rule),
      ['address', 'account'],
    );
    assert.ok(blocked.would_differ.includes('nauthilus block remove --address 192.0.2.61 --rule address'));
    assert.equal((await hypothetical({ client_ip: '203.0.113.9' })).why, 'the address is in a denied network');
    const cleartext = await hypothetical({ ...bob, client_ip: '192.0.2.9', ssl: false });
    assert.ok(cleartext.outcome === 'open' || cleartext.reason === 'tls-required');
  });

  it('is not given for what is not kept, and takes no password', async () => {
    assert.equal((await service.ask('GET', '/api/v1/explain/01M863NHEW0000KNE3CJN6RR2T')).status, 404);
    assert.equal((await service.ask('GET', '/api/v1/explain/x')).status, 400);
    assert.equal((await service.ask('GET', '/api/v1/explain/a/b')).status, 404);
    for (const wrong of [{ username: 'a', password: 'x' }, {}, { client_ip: 'x' }, { username: 'a', ssl: 'yes' }])
      assert.equal((await service.ask('POST', '/api/v1/explain', wrong)).status, 400, JSON.stringify(wrong));
  });
});

describe('nauthilus explain', () => {
  it('asks all workers for a past decision', async () => {
    await using redis = await startRedis();
    const port = 20_000 + (process.pid % 20_000);
    await using service = await RunningService.start({
      ports: [port],
      more: ['workers: 2', `state: { redis: { url: 'unix:${redis.socket}', secret: { file: state-secret } } }`],
    });
    for (let i = 0; i < 4; i += 1) await login({ port, password: `wrong ${i}` });
    await new Promise((resolve) => setTimeout(resolve, 300));
    const decided = (await service.lines()).filter(({ msg }) => msg === 'login refused');
    assert.equal(new Set(decided.map(({ worker }) => worker)).size, 2, 'both workers decided');

    for (const { session } of decided) {
      const { code, out, err } = await runCommand(['explain', String(session), '--config', service.config]);
      assert.equal(code, 1, err);
      assert.match(out, /refused \(wrong-password\) by verify-with-backends: the backend found the password wrong/);
    }
    const unknown = await runCommand(['explain', '01M863NHEW0000KNE3CJN6RR2T', '--config', service.config]);
    assert.deepEqual([unknown.code, unknown.err], [1, 'nauthilus: no decision of this session is kept\n']);
  });
});
