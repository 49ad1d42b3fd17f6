import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import Value from 'typebox/value';
import type { ResolveContext } from '../config/fields.ts';
import { Secret } from '../login/secret.ts';
import { RedisSchema, resolveRedis } from './redis-config.ts';
import { resolveState, StateSchema } from './state-config.ts';

const SECRET = 'sixteen bytes or more';

interface Findings {
  readonly problems: string[];
  readonly context: ResolveContext;
}

function openContext(problems: string[] = [], place = ''): Findings {
  const context: ResolveContext = {
    resolvePath: (text) => `/etc/nauthilus/${text}`,
    readSecret: (unread) => Secret.fromText(typeof unread === 'string' ? unread : `from ${unread.file} and more`),
    durationMs: (text) => Number.parseInt(text, 10) * (text.endsWith('ms') ? 1 : 1000),
    byteSize: (text) => Number.parseInt(text, 10) * (text.endsWith('MiB') ? 1 << 20 : 1),
    problem: (key, message) => void problems.push(`${place}${key}: ${message}`),
    warning: () => {},
    at: (key) => openContext(problems, `${place}${key}.`).context,
  };
  return { problems, context };
}

function resolve(settings: object) {
  const { problems, context } = openContext();
  const raw = Value.Default(RedisSchema, { secret: SECRET, ...settings });
  const isKnown = Value.Check(RedisSchema, raw);
  if (!isKnown) return { isKnown, problems, config: undefined };
  return { isKnown, problems, config: resolveRedis(raw, context) };
}

describe('the settings of state', () => {
  it('are complete without any of them, and name no server', () => {
    const raw = Value.Default(StateSchema, {});
    assert.ok(Value.Check(StateSchema, raw));

    const { context, problems } = openContext();
    const config = resolveState(raw, context);

    assert.equal(config.redis, undefined);
    assert.deepEqual(config.memory.logins, { maxEntries: 200_000, maxBytes: 128 << 20 });
    assert.deepEqual(problems, []);
  });

  it('refuse a memory in which nothing has room', () => {
    const raw = Value.Default(StateSchema, { memory: { counters_size: '10B' } });
    assert.ok(Value.Check(StateSchema, raw));

    const { context, problems } = openContext();
    resolveState(raw, context);

    assert.deepEqual(problems, ['memory.counters_size: must be at least 1MiB']);
  });

  it('name one server in any of its written forms', () => {
    const forms: readonly (readonly [string, object, boolean])[] = [
      ['redis://127.0.0.1:6380', { kind: 'single', address: { host: '127.0.0.1', port: 6380 } }, false],
      ['valkey://redis.example.test', { kind: 'single', address: { host: 'redis.example.test', port: 6379 } }, false],
      ['rediss://[2001:db8::1]:7000/', { kind: 'single', address: { host: '2001:db8::1', port: 7000 } }, true],
      ['valkeys://a', { kind: 'single', address: { host: 'a', port: 6379 } }, true],
      ['unix:/run/valkey/valkey.sock', { kind: 'socket', path: '/run/valkey/valkey.sock' }, false],
    ];
    for (const [url, servers, isTls] of forms) {
      const { config, problems } = resolve({ url });
      assert.deepEqual(problems, [], url);
      assert.deepEqual(config?.servers, servers);
      assert.equal(config?.tls !== undefined, isTls, url);
    }
  });

  it('refuse addresses that hold a password, a database or nothing', () => {
    const urls = [
      'redis://user:secret@host',
      'redis://:secret@host',
      'redis://host/2',
      'redis://host?db=2',
      'redis://',
      'http://host',
      'unix:relative',
      'unix:',
      'host',
      '',
    ];
    for (const url of urls) assert.equal(resolve({ url }).isKnown, false, url);
  });

  it('name sentinels and Clusters with the ports that are usual for them', () => {
    const sentinel = { name: 'mymaster', addresses: ['s1.example.test', '[::1]:26380'] };
    assert.deepEqual(resolve({ sentinel }).config?.servers, {
      kind: 'sentinel',
      name: 'mymaster',
      addresses: [
        { host: 's1.example.test', port: 26_379 },
        { host: '::1', port: 26_380 },
      ],
      username: undefined,
      password: undefined,
    });
    assert.deepEqual(resolve({ cluster: { addresses: ['a', 'b:7001'] } }).config?.servers, {
      kind: 'cluster',
      addresses: [
        { host: 'a', port: 6379 },
        { host: 'b', port: 7001 },
      ],
    });
  });

  it('say what does not go together', () => {
    const cluster = { addresses: ['a'] };
    const cases: readonly (readonly [object, string])[] = [
      [{}, ': needs exactly one of `url`, `sentinel` and `cluster`'],
      [{ url: 'redis://a', cluster }, ': needs exactly one of `url`, `sentinel` and `cluster`'],
      [{ cluster, database: 1 }, 'database: a Cluster has only database 0'],
      [{ url: 'redis://a', username: 'me' }, 'username: needs `password` too'],
      [{ url: 'redis://a:0' }, 'url: 0 is no port: 1 to 65535'],
      [{ cluster: { addresses: ['a:99999'] } }, 'cluster.addresses[0]: 99999 is no port: 1 to 65535'],
      [{ url: 'unix:/s', tls: {} }, 'tls: a socket on this machine is not spoken to over TLS'],
      [
        { url: 'redis://a', secret: 'short' },
        'secret: must be at least 16 bytes long; "openssl rand -base64 32" makes one',
      ],
      [{ url: 'redis://a', tls: { ca: 'missing.pem' } }, 'tls.ca: /etc/nauthilus/missing.pem: cannot be used (ENOENT)'],
    ];
    for (const [settings, problem] of cases) assert.deepEqual(resolve(settings).problems, [problem]);
  });

  it('never show a password or a secret', () => {
    const { config } = resolve({ url: 'redis://a', password: 'the password', previous_secrets: ['an earlier secret'] });

    const shown = JSON.stringify(config);
    for (const secret of ['the password', SECRET, 'an earlier secret']) assert.equal(shown.includes(secret), false);
    assert.equal(config?.secrets.length, 2);
  });
});
