import { describeServers } from '../../state/redis/redis-client.ts';
import { RedisConnection } from '../../state/redis/redis-connection.ts';
import type { RedisConfig } from '../../state/redis/redis-settings.ts';
import type { TrialStep } from './online.ts';

/** A step without what is the same in all of them. */
type Told = Pick<TrialStep, 'step' | 'result' | 'message' | 'advice'>;

const KEPT_MS = 1000;
const SCRIPT = "return redis.call('PTTL', KEYS[1])";
const CHANNEL_SUFFIX = ':v1:check';

/** What servers say, and what is to be set. The first that matches counts. */
const ADVICE: readonly (readonly [RegExp, string])[] = [
  [/ECONNREFUSED|ENOENT|not yet connected/, 'start the server, or correct state.redis.url'],
  [/ENOTFOUND|EAI_AGAIN/, 'correct the name of the server in state.redis, or the name servers of this machine'],
  [/ETIMEDOUT|not ready within|EHOSTUNREACH|no answer/, 'look at the server, and at firewalls between here and there'],
  [/NOAUTH|WRONGPASS|invalid username-password/, 'correct state.redis.username and state.redis.password'],
  [/NOPERM/, 'allow the user of state.redis what docs/guides/state.md lists'],
  [/READONLY/, 'give the primary server; this one is a replica'],
  [/OOM/, 'give the server more memory, and a maxmemory-policy of volatile-ttl'],
  [/certificate|TLS|SSL|wrong version number/i, 'correct state.redis.tls'],
  [/All sentinels are unreachable|sentinel/i, 'correct the addresses and the name of state.redis.sentinel'],
];

/** Tries what the service does with Redis or Valkey: connect, write a key that ends by itself, run a script, announce. */
export async function* tryRedis(config: RedisConfig): AsyncGenerator<TrialStep> {
  const server = describeServers(config);
  let start = performance.now();
  for await (const told of stepsWith(config)) {
    const now = performance.now();
    yield { backend: 'state.redis', server, ...told, ms: Math.round((now - start) * 10) / 10 };
    start = now;
  }
}

async function* stepsWith(config: RedisConfig): AsyncGenerator<Told> {
  const errors: string[] = [];
  const onError = (detail: string) => void errors.push(detail);
  await using connection = new RedisConnection(config, { onChange: () => {}, onError });
  // A second more, so that what the connection itself says of its failure is there to be told.
  const isReady = await connection.whenReady(config.connectTimeoutMs + 1000);
  // It tries again and again: what can be acted on tells more than what was said last.
  if (!isReady) return yield failed('connect', errors.find((error) => adviceOn(error)) ?? connection.detail);
  yield { step: 'connect', result: 'ok', message: 'connected' };
  const key = `${config.prefix}:v1:check:{check}`;
  const signal = AbortSignal.timeout(10 * config.commandTimeoutMs);
  const asked = [
    ['write', 'keys can be written', 'set', [key, '1', 'PX', KEPT_MS]],
    ['script', 'scripts run', 'eval', [SCRIPT, 1, key]],
    ['announce', 'changes can be announced', 'publish', [`${config.prefix}${CHANNEL_SUFFIX}`, '']],
  ] as const;
  for (const [step, message, command, args] of asked) {
    const answer = await connection.send(command, args, signal);
    yield answer.kind === 'reply' ? { step, result: 'ok', message } : failed(step, answer.detail);
  }
}

function failed(step: string, message: string): Told {
  const advice = adviceOn(message);
  return { step, result: 'failed', message, ...(advice === undefined ? {} : { advice }) };
}

function adviceOn(message: string): string | undefined {
  return ADVICE.find(([said]) => said.test(message))?.[1];
}
