import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RedisServer, startRedis } from '../daemons/redis.ts';
import { type Answered, Instance, openFolder, writeAccounts } from './support/instance.ts';
import { openTripProxy, type TripProxy } from './support/trip-proxy.ts';

const LIFETIME_MS = 2000;
const HOME = '192.0.2.17';
const NAMES = ['stranger', 'familiar', 'changed', 'known', 'shared', 'held', 'forgetful'] as const;

for (const outageLifetime of ['0s', '1h'])
  describe(`trips to Redis, with logins kept ${outageLifetime} for outages`, () => {
    const opened = new AsyncDisposableStack();
    let redis: RedisServer;
    let proxy: TripProxy;
    /** Asks Redis through the proxy. */
    let here: Instance;
    let there: Instance;

    before(async () => {
      const folder = opened.use(await openFolder()).path;
      redis = opened.use(await startRedis());
      proxy = opened.use(await openTripProxy(redis.port));
      await writeFile(join(folder, 'state-secret'), 'a secret of the installation', { mode: 0o600 });
      await writeAccounts(folder, Object.fromEntries(NAMES.map((name) => [`${name}@example.test`, `of ${name}`])));
      const open = async (name: string, port: number) =>
        opened.use(
          await Instance.open(
            folder,
            [
              'backends: [{ name: accounts, type: file, path: accounts.passwd }]',
              // Were a second trip waited for, the login would come to its deadline.
              `state: { redis: { url: 'redis://127.0.0.1:${port}', command_timeout: 20s, secret: { file: state-secret } } }`,
              `verified_logins: { lifetime: ${LIFETIME_MS}ms, outage_lifetime: ${outageLifetime} }`,
            ],
            name,
          ),
        );
      here = await open('here', proxy.port);
      there = await open('there', redis.port);
      // Redis is to know the scripts.
      for (const instance of [here, there]) await logIn(instance, 'forgetful');
    });

    after(() => opened.disposeAsync());

    const logIn = (instance: Instance, name: (typeof NAMES)[number], password = `of ${name}`) =>
      instance.logIn(`${name}@example.test`, password, HOME);

    /** Logs in with a Redis that answers once. What is sent beyond that is not waited for. */
    async function logInWithOneTrip(name: (typeof NAMES)[number]): Promise<{ answer: Answered; books: string }> {
      await settled();
      proxy.allow(1);
      const answer = await logIn(here, name);
      const books = proxy.release();
      return { answer, books };
    }

    async function assertProvenInOneTrip(name: (typeof NAMES)[number]): Promise<void> {
      const { answer, books } = await logInWithOneTrip(name);
      assert.equal(answer.status, 200);
      assert.equal(await here.sourceOf(answer), 'backend');
      assert.doesNotMatch(books, /mget|look|vacant/i);
      await settled();
      assert.deepEqual(await chargedMembers(), []);
    }

    /** What counters of guesses hold. */
    async function chargedMembers(): Promise<readonly string[]> {
      const keys = ((await redis.run('keys', '*:members:*')) as string[]).filter(
        (key) => !/known-networks:|logins:/.test(key),
      );
      const members = await Promise.all(keys.map((key) => redis.run('zrange', key, 0, -1)));
      return members.flat().map(String);
    }

    /** Waits until nothing is sent any more. */
    async function settled(): Promise<void> {
      for (let last = -1; proxy.trips !== last; await sleep(150)) last = proxy.trips;
    }

    it('are one for the first login of a stranger', () => assertProvenInOneTrip('stranger'));

    it('are one where this process has seen the login before, and it is remembered no more', async () => {
      await logIn(here, 'familiar');
      await sleep(LIFETIME_MS + 500);

      await assertProvenInOneTrip('familiar');
    });

    it('are one where this process has seen the account with another password', async () => {
      await logIn(here, 'changed');
      assert.equal((await logIn(here, 'changed', 'mistyped')).status, 403);
      await sleep(LIFETIME_MS + 500);
      await settled();
      const charged = await chargedMembers();

      const { answer, books } = await logInWithOneTrip('changed');
      assert.equal(await here.sourceOf(answer), 'backend');
      assert.doesNotMatch(books, /mget|look|vacant/i);
      await settled();
      assert.deepEqual(await chargedMembers(), charged);
      for (const key of (await redis.run('keys', '*:members:*')) as string[])
        if (!/known-networks:|logins:/.test(key)) await redis.run('del', key);
    });

    it('are one in a network that the account is known in by another process', async () => {
      await logIn(there, 'known');
      await sleep(LIFETIME_MS + 500);

      await assertProvenInOneTrip('known');
    });

    it('are one for a login that another process remembers, and nothing is counted', async () => {
      await logIn(there, 'shared');
      const { answer, books } = await logInWithOneTrip('shared');

      assert.equal(answer.status, 200);
      assert.equal(await here.sourceOf(answer), 'shared');
      assert.equal(books, '');
      assert.deepEqual(await chargedMembers(), []);
    });

    it('are none for a login that was confirmed just now', async () => {
      await logIn(here, 'held');
      await settled();
      proxy.allow(0);
      const answer = await logIn(here, 'held');

      assert.equal(answer.status, 200);
      assert.equal(proxy.trips, 0);
      assert.equal(proxy.release(), '');
    });
  });
