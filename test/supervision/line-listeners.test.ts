import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { askSasl } from '../../src/cli/doctor/postfix/sasl-probe.ts';
import { freePort } from '../daemons/free-port.ts';
import { type RedisServer, startRedis } from '../daemons/redis.ts';
import { RunningService, refusal, until } from './support/running-service.ts';

const ALICE = { name: 'alice@example.test', password: 'alice-pw' };

for (const workers of [1, 2])
  describe(`listeners for lines of ${workers === 1 ? 'one process' : 'several processes'}`, { concurrency: 1 }, () => {
    let service: RunningService;
    let redis: RedisServer;
    let ports: readonly number[];
    let shared: readonly string[];
    const at = (name: string) => join(service.folder, name);
    const ask = async (name: string) => (await askSasl({ kind: 'unix', path: at(name) }, ALICE)).outcome;
    const configure = (...listeners: readonly string[]) =>
      service.configure({ ports, more: [...shared, 'line_listeners:', ...listeners.map((one) => `  - ${one}`)] });

    before(async () => {
      redis = await startRedis();
      const state = `state: { redis: { url: "unix:${redis.socket}", secret: { file: state-secret } } }`;
      shared = workers === 1 ? [] : [state, `workers: ${workers}`];
      ports = [await freePort()];
      const more = [...shared, 'line_listeners: [{ name: a, protocol: sasl, unix: { path: a.sock } }]'];
      service = await RunningService.start({ ports, more });
    });
    after(async () => {
      await service?.[Symbol.asyncDispose]();
      await redis?.[Symbol.asyncDispose]();
    });

    it('go with a reload, come with one, and change their permissions', async () => {
      assert.equal(await ask('a.sock'), 'accepted');
      assert.equal((await stat(at('a.sock'))).mode & 0o777, 0o660);
      await configure(
        "{ name: a, protocol: sasl, unix: { path: a.sock, mode: '0600' } }",
        '{ name: b, protocol: sasl, unix: { path: b.sock } }',
      );
      assert.equal((await service.reload()).kind, 'reloaded');
      assert.deepEqual([await ask('a.sock'), await ask('b.sock')], ['accepted', 'accepted']);
      assert.equal((await stat(at('a.sock'))).mode & 0o777, 0o600);

      await configure('{ name: a, protocol: sasl, unix: { path: a.sock } }');
      assert.equal((await service.reload()).kind, 'reloaded');
      await until('the other socket is gone', () => !existsSync(at('b.sock')));
      assert.equal(await ask('a.sock'), 'accepted');
    });

    it('are as they were where one of a reload cannot be had', async () => {
      await configure(
        '{ name: b, protocol: sasl, unix: { path: b.sock } }',
        '{ name: c, protocol: sasl, unix: { path: accounts.passwd } }',
      );

      assert.match(
        refusal(await service.reload()),
        /line_listeners\[1\]: \S+accounts\.passwd: is there and is no socket/,
      );
      assert.equal(await ask('a.sock'), 'accepted');
      assert.equal(existsSync(at('b.sock')), false);
    });

    it('are had again by a service whose last one was killed, and removed at its end', async () => {
      await configure('{ name: a, protocol: sasl, unix: { path: a.sock } }');
      await service.end('SIGKILL');
      await until('nobody answers', () =>
        ask('a.sock').then(
          () => false,
          () => true,
        ),
      );
      assert.ok(existsSync(at('a.sock')));
      await service.start();
      assert.equal(await ask('a.sock'), 'accepted');
      await service.end('SIGTERM');
      assert.equal(existsSync(at('a.sock')), false);
    });
  });
