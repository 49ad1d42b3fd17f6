/**
 * `npm run bench:memory [-- --addresses N] [--redis-addresses N] [--json FILE]`: what 100,000 remembered logins take in the memory of
 * the service, and what a million different failing addresses take in a process and 20,000 in Redis, where each takes the same.
 *
 * @module
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { measureAddressesHere, measureAddressesInRedis } from './failing-addresses.ts';
import { LoadProcess } from './measure.ts';
import { stopRedis } from './redis-server.ts';
import { manyLogins } from './scenarios.ts';
import { REMEMBERED_ACCOUNTS, startServer } from './servers.ts';

/** One line of the result. */
interface Result {
  readonly name: string;
  readonly count: number;
  /** Of the whole process, or of all that Redis holds. */
  readonly mb: number;
  readonly bytes_each: number;
}

const MIB = 1 << 20;

async function measureRememberedLogins(folder: string): Promise<Result> {
  await using server = await startServer('many', { folder });
  using load = new LoadProcess();
  const times = { warmUpSeconds: 1, warmUpAnswers: 1, seconds: 3 };
  const scenario = { ...manyLogins(), connections: 64, tls: false, yardstick: 'bare' };
  const few = { ...scenario, name: 'few', requests: scenario.requests.slice(0, 1000) };
  const before = await load.measure(few, server, times);
  const after = await load.measure(scenario, server, { ...times, warmUpAnswers: REMEMBERED_ACCOUNTS });
  const bytes = ((after.rssMb - before.rssMb) * MIB) / REMEMBERED_ACCOUNTS;
  return {
    name: scenario.name,
    count: REMEMBERED_ACCOUNTS,
    mb: Math.round(after.rssMb),
    bytes_each: Math.round(bytes),
  };
}

async function measureAddresses(count: number, inRedis: number): Promise<readonly Result[]> {
  const here = await measureAddressesHere(count);
  const shared = await measureAddressesInRedis(inRedis);
  return [
    { name: 'failing-addresses', count, ...here },
    { name: 'failing-addresses-redis', count: inRedis, ...shared },
  ].map(({ name, count: of, bytes }) => ({
    name,
    count: of,
    mb: Math.round(bytes / MIB),
    bytes_each: Math.round(bytes / of),
  }));
}

const { values } = parseArgs({
  options: {
    addresses: { type: 'string', default: '1000000' },
    'redis-addresses': { type: 'string', default: '20000' },
    json: { type: 'string' },
  },
});
const folder = await mkdtemp(path.join(tmpdir(), 'nauthilus-memory-'));
try {
  const results = [
    await measureRememberedLogins(folder),
    ...(await measureAddresses(Number(values.addresses), Number(values['redis-addresses']))),
  ];
  for (const { name, count, mb, bytes_each } of results)
    process.stdout.write(
      `${name.padEnd(26)} ${String(count).padStart(9)} ${String(mb).padStart(6)} MB ${bytes_each} bytes each\n`,
    );
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(results, undefined, 2)}\n`);
} finally {
  await stopRedis();
  await rm(folder, { recursive: true, force: true });
}
