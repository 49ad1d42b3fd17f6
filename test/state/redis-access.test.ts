import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Secret } from '../../src/login/secret.ts';
import type { RedisChange } from '../../src/state/redis/redis-connection.ts';
import type { RedisConfig, RedisTls } from '../../src/state/redis/redis-settings.ts';
import { RedisState } from '../../src/state/redis/redis-state.ts';
import { createAuthority, type KeyPairFiles } from '../daemons/certificate-authority.ts';
import { freePort } from '../daemons/free-port.ts';
import { type RedisServer, startRedis } from '../daemons/redis.ts';
import { LEAST_RIGHTS, LEAST_USER } from './support/least-rights.ts';
import { askEverything, AWAY, rememberAlice, WELL } from './support/outcomes.ts';
import { configFor, openReadyState, openState } from './support/shared-state.ts';

const OWN_USER = { username: LEAST_USER.username, password: Secret.fromText(LEAST_USER.password) };

describe('with a Redis that wants to know who asks', () => {
  let folder: string;
  let server: RedisServer;
  let tlsPort: number;
  let ca: string;
  let client: KeyPairFiles;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nauthilus-redis-tls-'));
    const authority = await createAuthority(folder);
    ca = authority.certificate;
    const own = await authority.issue({ name: 'redis', altNames: ['DNS:redis.example.test'] });
    client = await authority.issue({ name: 'client' });
    tlsPort = await freePort();
    server = await startRedis({
      settings: [
        `tls-port ${tlsPort}`,
        `tls-cert-file ${own.certificate}`,
        `tls-key-file ${own.key}`,
        `tls-ca-cert-file ${ca}`,
        LEAST_RIGHTS,
      ],
    });
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });
  const overTls = (tls: Partial<RedisTls>): RedisConfig => {
    const all: RedisTls = {
      ca,
      certificate: client.certificate,
      key: client.key,
      serverName: 'redis.example.test',
      ...tls,
    };
    const servers = { kind: 'single', address: { host: '127.0.0.1', port: tlsPort } } as const;
    return configFor(servers, { tls: all, connectTimeoutMs: 2000, ...OWN_USER });
  };

  it('does everything over TLS with a certificate, as a user of few rights, in another database', async () => {
    await using state = await openReadyState({ ...overTls({}), database: 3 });

    assert.equal(await rememberAlice(state), 'done');
    assert.deepEqual((await askEverything(state)).outcomes, WELL);
    for (const deadline = Date.now() + 5000; !state.announcements.isListening; await sleep(10)) {
      assert.ok(Date.now() < deadline, 'it listens to announcements');
    }
    assert.match(String(await server.run('INFO', 'keyspace')), /db3:/);
    assert.doesNotMatch(String(await server.run('INFO', 'keyspace')), /db0:/);
  });

  it('has all that it keeps end by itself', async () => {
    await using state = await openReadyState({ ...overTls({}), database: 0 });
    await rememberAlice(state);
    await askEverything(state);
    await state.verifiedLogins.forgetAll(new AbortController().signal);

    const keys = (await server.run('KEYS', '*')) as string[];
    assert.ok(keys.length >= 7, keys.join(' '));
    for (const key of keys) {
      const milliseconds = Number(await server.run('PTTL', key));
      assert.ok(milliseconds > 0 && milliseconds < 2 * 3_600_000, `${key} ends in ${milliseconds} ms`);
      assert.ok(key.startsWith('test:v1:'), key);
    }
  });

  const refused: readonly (readonly [string, () => RedisConfig, RegExp])[] = [
    ['a certificate of another name', () => overTls({ serverName: 'other.example.test' }), /altnames|other\.example/i],
    ['a certificate of an unknown authority', () => overTls({ ca: undefined }), /certificate/i],
    [
      'no certificate of our own',
      () => overTls({ certificate: undefined, key: undefined }),
      /certificate|alert|ECONNRESET/i,
    ],
    ['a user without rights for our keys', () => ({ ...overTls({}), prefix: 'else' }), /not ready|NOPERM|server 127/],
  ];
  for (const [what, config, detail] of refused) {
    it(`is away, and says why, with ${what}`, async () => {
      await using state = openState(config());
      await state.whenReady(500);
      await sleep(100);

      const { outcomes } = await askEverything(state);

      assert.deepEqual(outcomes, AWAY);
      assert.match(state.health().detail, detail);
    });
  }
});

describe('with a Redis that was never there', () => {
  it('operators are told of it, once, without a login', async () => {
    const told: RedisChange[] = [];
    const servers = { kind: 'single', address: { host: '127.0.0.1', port: await freePort() } } as const;
    const config = configFor(servers, { connectTimeoutMs: 200 });
    await using _state = new RedisState(config, { longestLifetimeMs: 1000, onChange: (change) => told.push(change) });
    for (let i = 0; i < 100 && told.length === 0; i += 1) await sleep(50);
    await sleep(500);

    assert.deepEqual(
      told.map(({ isReady }) => isReady),
      [false],
    );
    assert.match(told[0]?.detail ?? '', /ECONNREFUSED/);
  });
});
