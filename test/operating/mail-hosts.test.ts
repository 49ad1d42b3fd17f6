import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '../../src/config/load.ts';
import { type RedisServer, startRedis } from '../daemons/redis.ts';
import { Instance } from './support/instance.ts';

const PATH = '/api/v1/mail-hosts';
// Nobody listens there; what is down can be drained all the same.
const MAIL_HOSTS =
  "mail_hosts: { pools: [{ name: imap, protocols: [imap], hosts: [{ host: 127.0.0.1, port: 1 }, { host: '::1', port: 1 }] }, { name: pop3, protocols: [pop3], hosts: [{ host: 127.0.0.1, port: 2 }] }] }";

interface Listed {
  readonly pool: string;
  readonly host: string;
  readonly state: string;
  readonly order: { readonly mode: string; readonly by: string; readonly reason: string } | null;
}

async function statesAt(instance: Instance): Promise<readonly string[]> {
  const { body } = await instance.ask('GET', PATH);
  const { hosts } = (body as unknown as { result: { hosts: readonly Listed[] } }).result;
  return hosts.map(({ pool, host, state }) => `${pool} ${host} ${state}`);
}

/** Waits until an instance sees hosts so; what others have ordered may take a moment. */
async function comesTo(instance: Instance, states: readonly string[], withinMs = 15_000): Promise<void> {
  let seen: readonly string[] = [];
  for (const deadline = Date.now() + withinMs; Date.now() < deadline; await sleep(20)) {
    seen = await statesAt(instance);
    if (seen.join() === states.join()) return;
  }
  assert.deepEqual(seen, states);
}

/** The line of a request; lines are written in batches. */
async function lineOf(instance: Instance, session: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  for (const deadline = Date.now() + 15_000; Date.now() < deadline; await sleep(20)) {
    const found = (await instance.lines()).find((line) => line['session'] === session);
    if (found !== undefined) return found;
  }
  return undefined;
}

const NONE = ['imap 127.0.0.1 down', 'imap ::1 down', 'pop3 127.0.0.1 down'];
const MAINTAINED = ['imap 127.0.0.1 maintain', 'imap ::1 down', 'pop3 127.0.0.1 maintain'];

describe('mail hosts in the hands of operators', () => {
  let service: Instance;
  before(async () => {
    service = await Instance.start([MAIL_HOSTS]);
    await comesTo(service, NONE);
  });
  after(() => service[Symbol.asyncDispose]());

  it('are ordered with all their ports, by who may, and the log says by whom', async () => {
    const body = { host: '127.0.0.1', mode: 'maintain', reason: 'a new disk' };
    assert.equal((await service.ask('POST', PATH, body, 'mx')).status, 401);
    assert.equal((await service.ask('GET', PATH, undefined, 'mx')).status, 401);
    const answer = await service.ask('POST', PATH, body);

    assert.equal(answer.status, 200);
    assert.deepEqual(await statesAt(service), MAINTAINED);
    const { hosts } = (answer.body as unknown as { result: { hosts: readonly Listed[] } }).result;
    assert.deepEqual(
      hosts.map(({ pool, order }) => [pool, order?.by, order?.reason]),
      [
        ['imap', 'ops', 'a new disk'],
        ['pop3', 'ops', 'a new disk'],
      ],
    );
    const line = await lineOf(service, answer.session);
    assert.deepEqual(
      [line?.['msg'], line?.['caller'], line?.['hosts'], line?.['reason']],
      ['mail host taken out by hand', 'ops', ['127.0.0.1 port 1', '127.0.0.1 port 2'], 'a new disk'],
    );
  });

  it('are in metrics with the state they are in', async () => {
    const text = await service.app.metrics.render();

    assert.match(text, /^nauthilus_mail_host_state\{pool="imap",host="127\.0\.0\.1:1",state="maintain"\} 1$/m);
    assert.match(text, /^nauthilus_mail_host_state\{pool="imap",host="127\.0\.0\.1:1",state="up"\} 0$/m);
    assert.match(text, /^nauthilus_mail_host_state\{pool="imap",host="::1:1",state="down"\} 1$/m);
  });

  it('keep their orders over a reload', async () => {
    await service.app.change(await loadConfig(join(service.folder, 'nauthilus.yaml'), {}));

    assert.deepEqual(await statesAt(service), MAINTAINED);
    await service.ask('POST', PATH, { host: '127.0.0.1', mode: 'resume' });
    assert.deepEqual(await statesAt(service), NONE);
  });

  for (const [what, status, body] of [
    ['no host', 400, { mode: 'drain' }],
    ['no mode', 400, { host: '127.0.0.1' }],
    ['an unknown mode', 400, { host: '127.0.0.1', mode: 'stop' }],
    ['what is no host', 400, { host: 'a b', mode: 'drain' }],
    ['a reason that is too long', 400, { host: '127.0.0.1', mode: 'drain', reason: 'x'.repeat(257) }],
    ['a host of no pool', 404, { host: 'mail9.test', mode: 'drain' }],
    ['a port of no pool', 404, { host: '127.0.0.1:3', mode: 'drain' }],
  ] as const)
    it(`are left alone by an order with ${what}`, async () => {
      assert.equal((await service.ask('POST', PATH, body)).status, status);
      assert.deepEqual(await statesAt(service), NONE);
    });
});

describe('mail hosts of two services that share a Redis', () => {
  const opened = new AsyncDisposableStack();
  let redis: RedisServer;
  let more: readonly string[];
  let here: Instance;
  let there: Instance;
  before(async () => {
    redis = opened.use(await startRedis());
    more = [`state: { redis: { url: 'unix:${redis.socket}', secret: { file: state-secret } } }`, MAIL_HOSTS];
    here = opened.use(await Instance.start(more));
    there = opened.use(await Instance.start(more));
    for (const one of [here, there]) await comesTo(one, NONE);
  });
  after(() => opened.disposeAsync());

  it('are ordered for both, and for one that starts later', async () => {
    assert.equal((await here.ask('POST', PATH, { host: '127.0.0.1', mode: 'maintain' })).status, 200);
    await comesTo(there, MAINTAINED);
    await using later = await Instance.start(more);
    assert.match((await statesAt(later))[0] ?? '', /maintain/);

    await there.ask('POST', PATH, { host: '127.0.0.1', mode: 'resume' });
    await comesTo(here, NONE);
  });

  it('are ordered here alone while Redis is away, which is told, and for both once it is back', async () => {
    await redis.stop();
    const { status, body } = await here.ask('POST', PATH, { host: '127.0.0.1', mode: 'maintain' });
    const { error } = (body as unknown as { result: { error?: string } }).result;

    assert.equal(status, 500);
    assert.ok(error !== undefined && error !== '');
    assert.deepEqual(await statesAt(here), MAINTAINED);
    assert.deepEqual(await statesAt(there), NONE);

    await redis.start();
    await comesTo(there, MAINTAINED, 30_000);

    // It has kept nothing on disk.
    await redis.stop();
    await redis.start();
    await using later = await Instance.start(more);
    await comesTo(later, MAINTAINED, 30_000);
  });
});
