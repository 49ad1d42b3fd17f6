import assert from 'node:assert/strict';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type App, start } from '../../src/compose.ts';
import { loadConfig } from '../../src/config/load.ts';
import { Secret } from '../../src/login/secret.ts';
import { hashPassword } from '../../src/passwords/hash-password.ts';
import { type RedisServer, startRedis } from '../daemons/redis.ts';

const AUTHORIZATION = `Basic ${Buffer.from('mx:secret').toString('base64')}`;
const ACCOUNTS = 20;

interface Instance {
  readonly app: App;
  readonly url: string;
  readonly log: string;
}

describe('two instances that share a Redis', () => {
  const opened = new AsyncDisposableStack();
  let folder: string;
  let redis: RedisServer;
  let here: Instance;
  let there: Instance;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nauthilus-shared-'));
    redis = opened.use(await startRedis());
    await writeFile(join(folder, 'state-secret'), 'a secret of the installation', { mode: 0o600 });
    await writeAccounts('old');
    here = await openInstance('here');
    there = await openInstance('there');
  });

  after(async () => {
    await opened.disposeAsync();
    await rm(folder, { recursive: true, force: true });
  });

  async function writeAccounts(password: string): Promise<void> {
    const lines: string[] = [];
    for (let i = 0; i < ACCOUNTS; i += 1)
      lines.push(`user${i}@example.test:${await hashPassword(Secret.fromText(`${password}${i}`))}`);
    await writeFile(join(folder, 'accounts.new'), `${lines.join('\n')}\n`);
    await rename(join(folder, 'accounts.new'), join(folder, 'accounts.passwd'));
  }

  async function openInstance(name: string): Promise<Instance> {
    const file = join(folder, `${name}.yaml`);
    const hash = await hashPassword(Secret.fromText('secret'), 'SSHA256');
    await writeFile(
      file,
      `listeners: [{ address: 127.0.0.1, port: 0 }]
callers: [{ name: mx, secret: '${hash}', scopes: [authenticate, admin] }]
backends: [{ name: accounts, type: file, path: accounts.passwd }]
state: { redis: { url: 'redis://127.0.0.1:${redis.port}', secret: { file: state-secret } } }
`,
    );
    const log = join(folder, `${name}.log`);
    const app = opened.use(await start(await loadConfig(file, {}), { version: 'test', logDestination: log }));
    return { app, url: app.urls[0] as string, log };
  }

  function post(instance: Instance, path: string, body: object): Promise<Response> {
    const headers = { Authorization: AUTHORIZATION, 'Content-Type': 'application/json' };
    return fetch(`${instance.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  }

  async function logIn(instance: Instance, i: number, password: string): Promise<{ status: number; session: string }> {
    const response = await post(instance, '/api/v1/auth/json', { username: `user${i}@example.test`, password });
    await response.arrayBuffer();
    return { status: response.status, session: response.headers.get('x-nauthilus-session') ?? '' };
  }

  /** Who has vouched for a login, as its log line has it. */
  async function sourceOf(instance: Instance, session: string): Promise<string> {
    for (const until = Date.now() + 5000; Date.now() < until; await sleep(20)) {
      const line = (await readFile(instance.log, 'utf8')).split('\n').find((text) => text.includes(session));
      if (line !== undefined) return (JSON.parse(line) as { source?: string }).source ?? 'backend';
    }
    throw new Error('the login was never logged');
  }

  it('prove a password once for both', async () => {
    const first = await logIn(here, 0, 'old0');
    const second = await logIn(there, 0, 'old0');
    const third = await logIn(there, 0, 'old0');

    assert.deepEqual([first.status, second.status, third.status], [200, 200, 200]);
    assert.equal(await sourceOf(here, first.session), 'backend');
    assert.equal(await sourceOf(there, second.session), 'shared');
    assert.equal(await sourceOf(there, third.session), 'memory');
  });

  it('keep nothing in Redis that shows a name, a password or a hash', async () => {
    const keys = (await redis.run('keys', '*')) as string[];
    const dump = JSON.stringify(await Promise.all(keys.map((key) => redis.run('dump', key))));

    assert.ok(keys.length > 0);
    assert.doesNotMatch(dump, /old0|argon2/);
  });

  it('end a remembered login on both when it is flushed on one', async () => {
    const flushed = await post(there, '/api/v1/cache/flush', { user: 'user0@example.test' });
    const again = await logIn(here, 0, 'old0');

    assert.equal(flushed.status, 200);
    const { session, ...body } = (await flushed.json()) as Record<string, unknown>;
    assert.match(String(session), /^[0-9A-Z]{26}$/);
    assert.deepEqual(body, {
      object: 'cache',
      operation: 'flush',
      result: { user: 'user0@example.test', status: 'flushed' },
    });
    assert.equal(await sourceOf(here, again.session), 'backend');
  });

  it('take a new password at once everywhere, and no old one a second after it was first refused', async () => {
    for (let i = 0; i < ACCOUNTS; i += 1)
      assert.equal((await logIn(i % 2 === 0 ? here : there, i, `old${i}`)).status, 200);
    await writeAccounts('new');
    while ((await logIn(here, 0, 'new0')).status !== 200) await sleep(50);
    while ((await logIn(there, 0, 'new0')).status !== 200) await sleep(50);

    await sleep(1000);
    for (const instance of [here, there]) {
      for (let i = 0; i < ACCOUNTS; i += 1) {
        assert.equal((await logIn(instance, i, `new${i}`)).status, 200);
        assert.equal((await logIn(instance, i, `old${i}`)).status, 403);
      }
    }
  });

  it('go on alone while Redis is away, say so, and share again when it is back', async () => {
    await logIn(here, 1, 'new1');
    redis.pause();
    const paused = Date.now();
    assert.equal((await logIn(here, 1, 'new1')).status, 200);
    assert.equal((await logIn(there, 2, 'new2')).status, 200);
    assert.equal((await logIn(there, 2, 'wrong')).status, 403);
    assert.ok(Date.now() - paused < 8000);

    redis.resume();
    await redis.stop();
    await untilReady(here, 'degraded');
    assert.equal((await logIn(there, 3, 'new3')).status, 200);
    await redis.start();
    await untilReady(here, 'ok');
    await untilReady(there, 'ok');

    await logIn(here, 4, 'new4');
    assert.equal(await sourceOf(there, (await logIn(there, 4, 'new4')).session), 'shared');
  });

  async function untilReady(instance: Instance, status: string): Promise<void> {
    for (const until = Date.now() + 20_000; Date.now() < until; await sleep(50)) {
      const response = await fetch(`${instance.url}/healthz/ready`);
      const body = (await response.json()) as { status: string };
      if (response.status === 200 && body.status === status) return;
    }
    throw new Error(`never ${status}`);
  }
});
