/**
 * `npm run bench [-- --json FILE] [--only TEXT] [--rounds N]`: measures the service beside a bare HTTP server in the same run. All
 * scenarios take turns for some rounds and the median counts, since machines are shared and noisy: believe the ratios.
 *
 * @module
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { LoadOrder, LoadReport } from './load.ts';
import { cpuMsOf, rssMbOf } from './process-accounting.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';
import { type BenchServer, pinned, startBare, startNauthilus } from './servers.ts';

interface Measure {
  readonly rps: number;
  readonly p50: number;
  readonly p99: number;
  readonly cpuMs: number;
  readonly rssMb: number;
}

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

async function load(order: LoadOrder): Promise<LoadReport> {
  const [program, args] = pinned(1, process.execPath, [path.join(import.meta.dirname, 'load.ts')]);
  const child = fork(args.at(-1) as string, {
    execPath: program,
    execArgv: args.slice(0, -1),
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced',
  });
  child.send(order);
  const [report] = (await once(child, 'message')) as [LoadReport];
  child.kill();
  return report;
}

async function measure(scenario: Scenario, server: BenchServer): Promise<Measure> {
  const { tls, connections, seconds, requests } = scenario;
  const order = { port: tls ? server.httpsPort : server.httpPort, tls, connections, seconds, requests };
  await load({ ...order, seconds: 0.3 });
  const cpuBefore = cpuMsOf(server.pid);
  const report = await load(order);
  const cpuMs = cpuMsOf(server.pid) - cpuBefore;
  const unexpected = Object.entries(report.statuses).filter(([status]) => status !== scenario.status);
  if (unexpected.length > 0 || report.errors > 0) {
    throw new Error(`${scenario.name}: ${report.errors} errors, statuses ${JSON.stringify(report.statuses)}`);
  }
  return {
    rps: report.answers / report.seconds,
    p50: report.p50Ms,
    p99: report.p99Ms,
    cpuMs: cpuMs / Math.max(1, report.answers),
    rssMb: rssMbOf(server.pid),
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function conclude(scenario: Scenario, measures: ReadonlyMap<string, readonly Measure[]>): Result {
  const own = measures.get(scenario.name) ?? [];
  const bare = measures.get(scenario.tls ? 'bare-tls' : 'bare') ?? [];
  const of = (list: readonly Measure[], field: keyof Measure) => median(list.map((one) => one[field]));
  const rounded = (value: number, digits: number) => Number(value.toFixed(digits));
  return {
    name: scenario.name,
    ratio_to_bare: rounded(of(own, 'cpuMs') / of(bare, 'cpuMs'), 2),
    cpu_ms_per_request: rounded(of(own, 'cpuMs'), 4),
    rps: Math.round(of(own, 'rps')),
    p50_ms: rounded(of(own, 'p50'), 2),
    p99_ms: rounded(of(own, 'p99'), 2),
    rss_mb: Math.round(of(own, 'rssMb')),
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
    rounds: { type: 'string', default: '3' },
  },
});
const chosen = SCENARIOS.filter(({ name, server }) => server === 'bare' || name.includes(values.only));
const folder = await mkdtemp(path.join(tmpdir(), 'nauthilus-bench-'));
try {
  await using bare = await startBare(path.join(folder, 'bare'));
  await using nauthilus = await startNauthilus(path.join(folder, 'nauthilus'));
  const measures = new Map<string, Measure[]>(chosen.map(({ name }) => [name, []]));
  for (let round = 1; round <= Number(values.rounds); round += 1) {
    process.stderr.write(`round ${round} of ${values.rounds}\n`);
    for (const scenario of chosen) {
      measures.get(scenario.name)?.push(await measure(scenario, scenario.server === 'bare' ? bare : nauthilus));
    }
  }
  const results = chosen.map((scenario) => conclude(scenario, measures));
  process.stdout.write(renderTable(results));
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(results, undefined, 2)}\n`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
