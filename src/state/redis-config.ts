import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import Type from 'typebox';
import {
  Count,
  DurationAboveZero,
  Path,
  type ResolveContext,
  SecretText,
  Section,
  type UnreadSecret,
} from '../config/fields.ts';
import type { Secret } from '../login/secret.ts';
import type { HostAddress, RedisConfig, RedisServers, RedisTls } from './redis/redis-settings.ts';

const HOST = '(?:[A-Za-z0-9._-]{1,253}|\\[[0-9A-Fa-f:.]{2,45}\\])';
const REDIS_PORT = 6379;
const SENTINEL_PORT = 26_379;
const LEAST_SECRET_BYTES = 16;

function Addresses(description: string, examples: readonly string[]) {
  const one = Type.String({
    pattern: `^${HOST}(:[0-9]{1,5})?$`,
    description: 'Host name or IP address of a server, IPv6 in brackets, with its port.',
  });
  return Type.Array(one, { description, minItems: 1, maxItems: 100, examples: [examples] });
}

const TlsSchema = Section(
  {
    ca: Type.Optional(
      Path({
        description: 'PEM file with the certificate authorities to trust; without it those of the system are.',
        examples: ['redis-ca.pem'],
      }),
    ),
    certificate: Type.Optional(
      Path({
        description: 'PEM file with the certificate that servers know this service by.',
        examples: ['redis-client.pem'],
      }),
    ),
    key: Type.Optional(
      Path({ description: 'PEM file with the key of `certificate`.', examples: ['redis-client.key'] }),
    ),
    server_name: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9._-]{1,253}$',
        description: 'Name that the certificates of the servers have to bear; without it, their host name.',
        examples: ['redis.example.test'],
      }),
    ),
  },
  { description: 'Servers are spoken to over TLS, with these settings; `rediss://` alone does so with the defaults.' },
);

const SentinelSchema = Section(
  {
    name: Type.String({
      pattern: '^[A-Za-z0-9._-]{1,128}$',
      description: 'Name under which the sentinels know the servers.',
      examples: ['mymaster'],
    }),
    addresses: Addresses('The sentinels; one that answers is enough. Port 26379 where none is named.', [
      'sentinel1.example.test',
      'sentinel2.example.test:26379',
    ]),
    username: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 256,
        description: 'ACL user for the sentinels themselves.',
        examples: ['nauthilus'],
      }),
    ),
    password: Type.Optional(
      SecretText({ description: 'Password for the sentinels themselves.', examples: [{ file: 'sentinel-password' }] }),
    ),
  },
  { description: 'Sentinels are asked which server takes changes, and again when that ends. Instead of `url`.' },
);

const ClusterSchema = Section(
  {
    addresses: Addresses(
      'Nodes of the Cluster; one that answers is enough, it names the others. Port 6379 where none is named.',
      ['redis1.example.test', 'redis2.example.test:6379'],
    ),
  },
  { description: 'The servers form a Redis or Valkey Cluster. Instead of `url`.' },
);

export const RedisSchema = Section(
  {
    url: Type.Optional(
      Type.String({
        pattern: `^((redis|rediss|valkey|valkeys)://${HOST}(:[0-9]{1,5})?/?|unix:/[^\\s]{1,100})$`,
        description:
          'The one server: `redis://HOST:PORT`, with TLS `rediss://HOST:PORT`, or `unix:/PATH` for a socket on this machine. `valkey` and `valkeys` mean the same. Without user, password or database.',
        examples: ['redis://127.0.0.1:6379', 'unix:/run/valkey/valkey.sock'],
      }),
    ),
    sentinel: Type.Optional(SentinelSchema),
    cluster: Type.Optional(ClusterSchema),
    username: Type.Optional(
      Type.String({ minLength: 1, maxLength: 256, description: 'ACL user of this service.', examples: ['nauthilus'] }),
    ),
    password: Type.Optional(
      SecretText({ description: 'Password of this service.', examples: [{ file: 'redis-password' }] }),
    ),
    database: Count({
      description: 'Number of the database; a Cluster has only 0.',
      minimum: 0,
      maximum: 15_999,
      default: 0,
      examples: [2],
    }),
    tls: Type.Optional(TlsSchema),
    prefix: Type.String({
      pattern: '^[A-Za-z0-9._-]{1,64}$',
      description:
        'What the names of all keys and channels begin with, so that several installations can share servers.',
      default: 'nauthilus',
      examples: ['mail-north'],
    }),
    connect_timeout: DurationAboveZero({
      description: 'Time within which a connection must be there.',
      default: '1s',
      examples: ['3s'],
    }),
    command_timeout: DurationAboveZero({
      description:
        'Time within which a command must be answered. A login waits for it at most a few times; then it goes on without the servers.',
      default: '250ms',
      examples: ['1s'],
    }),
    limits_while_away: Count({
      description:
        'Part of each limit against guesses, in percent and rounded up, that holds while the servers are away: each process counts for itself then, from nothing.',
      minimum: 1,
      maximum: 100,
      default: 50,
      examples: [25],
    }),
    secret: SecretText({
      description:
        'Secret of the installation, at least 16 bytes, the same in all processes: keys that encrypt values and the key that hashes of passwords are made with come from it.',
      examples: [{ file: 'state-secret' }],
    }),
    previous_secrets: Type.Array(
      SecretText({ description: 'A secret that was in use before.', examples: [{ file: 'state-secret.old' }] }),
      {
        description: 'Secrets that values may still be encrypted with, while `secret` is changed.',
        default: [],
        maxItems: 4,
        examples: [[{ file: 'state-secret.old' }]],
      },
    ),
  },
  { description: 'A Redis or Valkey, version 7 or later, that several processes or machines share.' },
);

type Raw = Type.Static<typeof RedisSchema>;

export function resolveRedis(raw: Raw, context: ResolveContext): RedisConfig {
  const servers = resolveServers(raw, context);
  if (servers.kind === 'cluster' && raw.database !== 0) context.problem('database', 'a Cluster has only database 0');
  if (raw.username !== undefined && raw.password === undefined) context.problem('username', 'needs `password` too');
  const previous = raw.previous_secrets.map((unread, i) => readLongSecret(unread, `previous_secrets[${i}]`, context));
  const usesTls = raw.tls !== undefined || /^(redis|valkey)s:/.test(raw.url ?? '');
  if (usesTls && servers.kind === 'socket')
    context.problem('tls', 'a socket on this machine is not spoken to over TLS');
  return {
    servers,
    username: raw.username,
    password: raw.password === undefined ? undefined : context.readSecret(raw.password, 'password'),
    database: raw.database,
    tls: usesTls ? resolveTls(raw.tls ?? {}, context.at('tls')) : undefined,
    prefix: raw.prefix,
    connectTimeoutMs: context.durationMs(raw.connect_timeout),
    commandTimeoutMs: context.durationMs(raw.command_timeout),
    limitsWhileAwayPercent: raw.limits_while_away,
    secrets: [readLongSecret(raw.secret, 'secret', context), ...previous],
  };
}

const NO_SERVER: RedisServers = { kind: 'cluster', addresses: [] };

function resolveServers(raw: Raw, context: ResolveContext): RedisServers {
  const { url, sentinel, cluster } = raw;
  const named = [url, sentinel, cluster].filter((way) => way !== undefined).length;
  if (named !== 1) {
    context.problem('', 'needs exactly one of `url`, `sentinel` and `cluster`');
    return NO_SERVER;
  }
  if (url?.startsWith('unix:')) return { kind: 'socket', path: url.slice('unix:'.length) };
  if (url !== undefined) {
    const text = url.slice(url.indexOf('://') + 3).replace(/\/$/, '');
    return { kind: 'single', address: resolveAddress(text, REDIS_PORT, { key: 'url', context }) };
  }
  if (cluster !== undefined) {
    const addresses = cluster.addresses.map((text, i) =>
      resolveAddress(text, REDIS_PORT, { key: `cluster.addresses[${i}]`, context }),
    );
    return { kind: 'cluster', addresses };
  }
  return sentinel === undefined ? NO_SERVER : resolveSentinel(sentinel, context.at('sentinel'));
}

function resolveSentinel(raw: Type.Static<typeof SentinelSchema>, context: ResolveContext): RedisServers {
  return {
    kind: 'sentinel',
    name: raw.name,
    addresses: raw.addresses.map((text, i) => resolveAddress(text, SENTINEL_PORT, { key: `addresses[${i}]`, context })),
    username: raw.username,
    password: raw.password === undefined ? undefined : context.readSecret(raw.password, 'password'),
  };
}

interface Place {
  readonly key: string;
  readonly context: ResolveContext;
}

function resolveAddress(text: string, defaultPort: number, { key, context }: Place): HostAddress {
  const [, host = '', port] = /^(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(text) ?? [];
  const number = port === undefined ? defaultPort : Number(port);
  if (number < 1 || number > 65_535) context.problem(key, `${number} is no port: 1 to 65535`);
  return { host: host.replace(/^\[|\]$/g, ''), port: number };
}

function readLongSecret(unread: UnreadSecret, key: string, context: ResolveContext): Secret {
  const secret = context.readSecret(unread, key);
  // An empty one could not be read, which was told already.
  if (!secret.isEmpty && secret.byteLength < LEAST_SECRET_BYTES)
    context.problem(key, `must be at least ${LEAST_SECRET_BYTES} bytes long; "openssl rand -base64 32" makes one`);
  return secret;
}

function resolveTls(raw: Type.Static<typeof TlsSchema>, context: ResolveContext): RedisTls {
  if ((raw.certificate === undefined) !== (raw.key === undefined))
    context.problem(raw.key === undefined ? 'certificate' : 'key', '`certificate` and `key` belong together');
  const pathOf = (text: string | undefined) => (text === undefined ? undefined : context.resolvePath(text));
  const paths = { ca: pathOf(raw.ca), certificate: pathOf(raw.certificate), key: pathOf(raw.key) };
  for (const key of ['ca', 'certificate', 'key'] as const) checkPem(paths[key], key, context);
  return { ...paths, serverName: raw.server_name };
}

function checkPem(file: string | undefined, key: 'ca' | 'certificate' | 'key', context: ResolveContext): void {
  if (file === undefined) return;
  try {
    const text = readFileSync(file);
    createSecureContext(key === 'ca' ? { ca: text } : key === 'certificate' ? { cert: text } : { key: text });
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    context.problem(key, `${file}: cannot be used (${code})`);
  }
}
