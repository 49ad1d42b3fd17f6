import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RedisServer, startRedis } from '../daemons/redis.ts';
import { Instance, openFolder, writeAccounts } from './support/instance.ts';

const ACCOUNTS = 100;
const NUMBERS = Array.from({ length: ACCOUNTS }, (_, i) => i);

describe('two instances that share a Redis', () => {
  const opened = new AsyncDisposableStack();
  let folder: string;
  let redis: RedisServer;
  let here: Instance;
  let there: Instance;

  before(async () => {
    folder = opened.use(await openFolder()).path;
    redis = opened.use(await startRedis());
    await writeFile(join(folder, 'state-secret'), 'a secret of the installation', { mode: 0o600 });
    await changePasswords('old');
    here = await open('here');
    there = await open('there');
  });

  after(() => opened.disposeAsync());

  async function open(name: string): Promise<Instance> {
    return opened.use(
      await Instance.open(
        folder,
        [
          'backends: [{ name: accounts, type: file, path: accounts.passwd }]',
          `state: { redis: { url: 'redis://127.0.0.1:${redis.port}', secret: { file: state-secret } } }`,
        ],
        name,
      ),
    );
  }

  /** Gives all accounts other passwords: `new0`, `new1` … */
  async function changePasswords(to: string): Promise<void> {
    const names = Array.from({ length: ACCOUNTS }, (_, i) => [`user${i}@example.test`, `${to}${i}`] as const);
    await writeAccounts(folder, Object.fromEntries(names));
  }

  const logIn = (instance: Instance, i: number, password: string) => instance.logIn(`user${i}@example.test`, password);

  it('prove a password once for both', async () => {
    const first = await logIn(here, 0, 'old0');
    const second = await logIn(there, 0, 'old0');
    const third = await logIn(there, 0, 'old0');

    assert.deepEqual([first.status, second.status, third.status], [200, 200, 200]);
    assert.equal(await here.sourceOf(first), 'backend');
    assert.equal(await there.sourceOf(second), 'shared');
    assert.equal(await there.sourceOf(third), 'memory');
  });

  it('keep nothing in Redis that shows a name, a password or a hash', async () => {
    const keys = (await redis.run('keys', '*')) as string[];
    const dump = JSON.stringify(await Promise.all(keys.map((key) => redis.run('dump', key))));

    assert.ok(keys.length > 0);
    assert.doesNotMatch(dump, /old0|argon2/);
  });

  it('end a remembered login on both when it is flushed on one', async () => {
    const flushed = await there.flush('user0@example.test');
    const again = await logIn(here, 0, 'old0');

    assert.equal(flushed.status, 200);
    assert.match(flushed.session, /^[0-9A-Z]{26}$/);
    const { session, ...body } = flushed.body;
    assert.equal(session, flushed.session);
    assert.deepEqual(body, {
      object: 'cache',
      operation: 'flush',
      result: {
        user: 'user0@example.test',
        removed_keys: ['login:user0@example.test', 'look-up:user0@example.test'],
        status: '2 keys flushed',
      },
    });
    assert.equal(await here.sourceOf(again), 'backend');
  });

  it('accept a new password at once and no old one after a second, when all are changed under load', async () => {
    const everywhere = [here, there].flatMap((instance) => NUMBERS.map((i) => ({ instance, i })));
    await inTurns(everywhere, async ({ instance, i }) =>
      assert.equal((await logIn(instance, i, `old${i}`)).status, 200),
    );
    const firstNew = new Map<Instance, number>();
    const faults: string[] = [];
    let isOver = false;
    const load = async (generation: 'old' | 'new', instance: Instance): Promise<void> => {
      for (let n = 0; !isOver; n += 1) {
        const begun = performance.now();
        const { status } = await logIn(instance, n % ACCOUNTS, `${generation}${n % ACCOUNTS}`);
        const others = Math.min(...firstNew.values());
        if (generation === 'old') {
          if (status === 200 && begun > others + 1000) faults.push(`old${n % ACCOUNTS} accepted`);
        } else if (status === 200) firstNew.set(instance, Math.min(begun, firstNew.get(instance) ?? begun));
        else if (begun > (firstNew.get(instance) ?? Infinity)) faults.push(`new${n % ACCOUNTS} answered ${status}`);
        await sleep(5);
      }
    };
    const loads = [here, there].flatMap((instance) => [load('old', instance), load('new', instance)]);

    await sleep(300);
    await changePasswords('new');
    const changed = performance.now();
    while (firstNew.size < 2) {
      assert.ok(performance.now() - changed < 10_000, 'no new password was accepted within 10 s');
      await sleep(20);
    }
    await sleep(1000);
    await inTurns(everywhere, async ({ instance, i }) => {
      assert.equal((await logIn(instance, i, `new${i}`)).status, 200);
      assert.equal((await logIn(instance, i, `old${i}`)).status, 403);
    });
    isOver = true;
    await Promise.all(loads);

    assert.deepEqual(faults, []);
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
    assert.equal(await there.sourceOf(await logIn(there, 4, 'new4')), 'shared');
  });

  async function untilReady(instance: Instance, status: string): Promise<void> {
    for (const until = Date.now() + 20_000; Date.now() < until; await sleep(50)) {
      const response = await fetch(`${instance.app.urls[0]}/healthz/ready`);
      const body = (await response.json()) as { status: string };
      if (response.status === 200 && body.status === status) return;
    }
    throw new Error(`never ${status}`);
  }
});

/** Does something with each item, a few at a time. */
async function inTurns<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const left = items.values();
  const workOff = async () => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: 8 }, workOff));
}
