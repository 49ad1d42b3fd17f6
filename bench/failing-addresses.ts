import { openCountedHere, openProtection } from '../src/compose/protection.ts';
import { readConfigText } from '../src/config/load.ts';
import { createDecide, type Decide } from '../src/decision/authenticate.ts';
import { parseClientAddress } from '../src/login/client-address.ts';
import { RedisState } from '../src/state/redis/redis-state.ts';
import { Metrics } from '../src/telemetry/metrics.ts';
import { MemoryBackend } from '../test/support/memory-backend.ts';
import { anAttempt } from '../test/support/attempts.ts';
import { sharedRedis } from './redis-server.ts';
import { addressOf } from './scenarios.ts';

const AT_ONCE = 256;
const NO_DEADLINE = new AbortController().signal;

/** Bytes that counters and blocks of this process take for so many addresses, each with a name that nobody has. */
export async function measureAddressesHere(count: number): Promise<{ readonly bytes: number }> {
  const config = configOf({});
  const here = openCountedHere(config, new Metrics('bench'));
  await failFrom(count, deciderOf({ protection: openProtection(config, here, undefined) }));
  return { bytes: here.accounts.bytes + here.networks.bytes };
}

/** Bytes that Redis takes more for so many addresses. */
export async function measureAddressesInRedis(count: number): Promise<{ readonly bytes: number }> {
  const server = await sharedRedis();
  const used = async () => Number(/used_memory:(\d+)/.exec(String(await server.run('INFO', 'memory')))?.[1]);
  const config = configOf({
    state: { redis: { url: `unix:${server.socket}`, secret: '${STATE_SECRET}', command_timeout: '10s' } },
  });
  const { redis } = config.state;
  if (redis === undefined) throw new Error('the configuration must have it');
  await using state = new RedisState(redis, { longestLifetimeMs: 1 });
  if (!(await state.whenReady(10_000))) throw new Error('Redis is not ready in time');
  const before = await used();
  const here = openCountedHere(config, new Metrics('bench'));
  await failFrom(count, deciderOf({ protection: openProtection(config, here, state) }));
  return { bytes: (await used()) - before };
}

function configOf(sections: object) {
  const text = JSON.stringify({
    listeners: [{ address: '127.0.0.1', port: 1 }],
    callers: [{ name: 'bench', secret: '{SSHA}0GUhEOmNTPyJDJXsHvibOnEARxx9f+A7', scopes: ['authenticate'] }],
    backends: [{ type: 'file', name: 'accounts', path: 'accounts' }],
    ...sections,
  });
  return readConfigText(text, '/etc/nauthilus.yaml', { STATE_SECRET: 'a secret of the installation' }).config;
}

function deciderOf({ protection }: Pick<Parameters<typeof createDecide>[0], 'protection'>): Decide {
  return createDecide({
    backends: [new MemoryBackend()],
    protection,
    answersDisabledLookups: new Set(),
    deadline: () => NO_DEADLINE,
    now: () => performance.now(),
  });
}

async function failFrom(count: number, decide: Decide): Promise<void> {
  const numbers = Array.from({ length: count }, (_, i) => i).values();
  const fail = async () => {
    for (const i of numbers) {
      const clientAddress = parseClientAddress(addressOf(i));
      await decide(anAttempt({ loginName: `nobody${i}@example.test`, clientAddress }));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, fail));
}
