/**
 * `npm run bench [-- --json FILE] [--only TEXT] [--rounds N] [--seconds S]`: measures the service beside a bare HTTP server in the
 * same run. Each time a scenario is measured, its yardstick is measured right before it; the ratio is the median of these
 * pairs, since machines are shared and noisy: believe the ratios.
 *
 * @module
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { LoadProcess, type Measure, median } from './measure.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';
import { type BenchServer, type ServerName, startServer } from './servers.ts';

/** One line of the result, as `--json` writes it. */
interface Result {
  readonly name: string;
  readonly ratio_to_bare: number;
  readonly cpu_ms_per_request: number;
  readonly rps: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly rss_mb: number;
  readonly connections: number;
  readonly tls: boolean;
  readonly workers: number;
}

interface Pair {
  readonly own: Measure;
  readonly bare: Measure;
}

/** Before the first round, for the compiler of each server and for proofs that are then remembered. */
const FIRST_WARM_UP_SECONDS = 3;
const WARM_UP_SECONDS = 0.25;

async function startServers(names: ReadonlySet<ServerName>, folder: string, stack: AsyncDisposableStack) {
  const servers = new Map<ServerName, BenchServer>();
  for (const name of names) {
    servers.set(name, stack.use(await startServer(name, { folder: path.join(folder, name) })));
  }
  return (name: ServerName) => servers.get(name) as BenchServer;
}

async function measureAll(chosen: readonly Scenario[], rounds: number, seconds: number, folder: string) {
  await using stack = new AsyncDisposableStack();
  const serverOf = await startServers(new Set(['bare', ...chosen.map(({ server }) => server)]), folder, stack);
  const load = stack.use(new LoadProcess());
  const pairs = new Map<string, Pair[]>(chosen.map(({ name }) => [name, []]));
  const measure = (one: Scenario, warmUpSeconds: number) =>
    load.measure(one, serverOf(one.server), { warmUpSeconds, seconds });
  process.stderr.write('warming up\n');
  for (const one of chosen)
    await load.measure(one, serverOf(one.server), { warmUpSeconds: FIRST_WARM_UP_SECONDS, seconds: 0.5 });
  for (let round = 1; round <= rounds; round += 1) {
    process.stderr.write(`round ${round} of ${rounds}\n`);
    for (const one of chosen) {
      const yardstick = SCENARIOS.find(({ name }) => name === one.yardstick) as Scenario;
      const bare = await measure(yardstick, WARM_UP_SECONDS);
      const own = one === yardstick ? bare : await measure(one, WARM_UP_SECONDS);
      pairs.get(one.name)?.push({ own, bare });
    }
  }
  return pairs;
}

function conclude(scenario: Scenario, pairs: readonly Pair[]): Result {
  const of = (field: keyof Measure) => median(pairs.map(({ own }) => own[field]));
  const rounded = (value: number, digits: number) => Number(value.toFixed(digits));
  return {
    name: scenario.name,
    ratio_to_bare: rounded(median(pairs.map(({ own, bare }) => own.cpuMs / bare.cpuMs)), 2),
    cpu_ms_per_request: rounded(of('cpuMs'), 4),
    rps: Math.round(of('rps')),
    p50_ms: rounded(of('p50'), 2),
    p99_ms: rounded(of('p99'), 2),
    rss_mb: Math.round(of('rssMb')),
    connections: scenario.connections,
    tls: scenario.tls,
    workers: 1,
  };
}

function renderTable(results: readonly Result[]): string {
  const head = 'scenario                     CPU/req   to bare      req/s     p50 ms     p99 ms   RSS MB  connections';
  const rows = results.map((one) =>
    [
      one.name.padEnd(26),
      `${(one.cpu_ms_per_request * 1000).toFixed(1)} us`.padStart(10),
      one.ratio_to_bare.toFixed(2).padStart(9),
      String(one.rps).padStart(10),
      one.p50_ms.toFixed(2).padStart(10),
      one.p99_ms.toFixed(2).padStart(10),
      String(one.rss_mb).padStart(8),
      String(one.connections).padStart(12),
    ].join(' '),
  );
  return `${[head, ...rows].join('\n')}\n`;
}

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    only: { type: 'string', default: '' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '1' },
  },
});
const chosen = SCENARIOS.filter(({ name, server }) => server === 'bare' || name.includes(values.only)).filter(
  (one, _, all) =>
    one.server !== 'bare' || all.some(({ server, yardstick }) => server !== 'bare' && yardstick === one.name),
);
const folder = await mkdtemp(path.join(tmpdir(), 'nauthilus-bench-'));
try {
  const pairs = await measureAll(chosen, Number(values.rounds), Number(values.seconds), folder);
  const results = chosen.map((scenario) => conclude(scenario, pairs.get(scenario.name) ?? []));
  process.stdout.write(renderTable(results));
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(results, undefined, 2)}\n`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
