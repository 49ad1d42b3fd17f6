/**
 * `npm run bench [-- --json FILE] [--only TEXT] [--rounds N] [--seconds S]`: measures the service beside a bare HTTP server in the
 * same run. Each time a scenario is measured, its yardstick is measured right before it; the ratio is the median of these
 * pairs, since machines are shared and noisy: believe the ratios. IMAP logins through Dovecot stand beside those that its own
 * passwd-file driver serves, and those of another script where one is named with `--other 2.4=FILE`; `--only dovecot` measures
 * these alone.
 *
 * @module
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { choosesDovecots, type DovecotResult, measureDovecots, renderDovecotTable } from './dovecot.ts';
import { type LdapBenchServer, stopSlapd } from './ldap-server.ts';
import { measureYardstick } from './ldap-yardsticks.ts';
import { LoadProcess, type Measure, median, type Times } from './measure.ts';
import { stopRedis } from './redis-server.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';
import { type BenchServer, type ServerName, startServer } from './servers.ts';

const SETUP = path.join(import.meta.dirname, '..', 'scripts', 'setup');

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
  /** CPU time of the Redis that is asked about each login. */
  readonly redis_cpu_ms_per_request?: number;
  /** CPU time of slapd for each request, where there is one. */
  readonly slapd_cpu_ms_per_request?: number;
  /** Rate per CPU time of slapd, as a share of the rate it has for a client that does next to nothing. */
  readonly share_of_slapd?: number;
  /** Time for the whole list, as a multiple of what ldapsearch takes. */
  readonly ratio_to_ldapsearch?: number;
  readonly rss_growth_mb?: number;
}

interface Pair {
  readonly own: Measure;
  readonly bare: Measure;
  /** What the directory did by itself, where the scenario has one. */
  readonly directory?: Measure | undefined;
}

/** Before the first round, for the compiler of each server and for proofs that are then remembered. */
const FIRST_WARM_UP = { warmUpSeconds: 2, warmUpAnswers: 30_000, seconds: 0.5 } as const;
const SLOW_FIRST_WARM_UP = { warmUpSeconds: 2, warmUpAnswers: 10, seconds: 0.5 } as const;
const WARM_UP = { warmUpSeconds: 0.25, warmUpAnswers: 1 } as const;

async function startServers(names: ReadonlySet<ServerName>, folder: string, stack: AsyncDisposableStack) {
  const servers = new Map<ServerName, BenchServer>();
  for (const name of names) {
    servers.set(name, stack.use(await startServer(name, { folder: path.join(folder, name) })));
  }
  return (name: ServerName) => servers.get(name) as BenchServer;
}

async function measureAll(chosen: readonly Scenario[], rounds: number, seconds: number, folder: string) {
  if (chosen.length === 0) return new Map<string, Pair[]>();
  await using stack = new AsyncDisposableStack();
  const serverOf = await startServers(new Set(['bare', ...chosen.map(({ server }) => server)]), folder, stack);
  const load = stack.use(new LoadProcess());
  const pairs = new Map<string, Pair[]>(chosen.map(({ name }) => [name, []]));
  const measure = (one: Scenario, times: Times) => load.measure(one, serverOf(one.server), times);
  process.stderr.write('warming up\n');
  for (const one of chosen) await measure(one, one.isSlow === true ? SLOW_FIRST_WARM_UP : FIRST_WARM_UP);
  for (let round = 1; round <= rounds; round += 1) {
    process.stderr.write(`round ${round} of ${rounds}\n`);
    for (const one of chosen) {
      const yardstick = SCENARIOS.find(({ name }) => name === one.yardstick) as Scenario;
      const bare = await measure(yardstick, { ...WARM_UP, seconds });
      const directory = await measureDirectory(one, serverOf(one.server), seconds);
      const own = one === yardstick ? bare : await measure(one, { ...WARM_UP, seconds });
      pairs.get(one.name)?.push({ own, bare, directory });
    }
  }
  return pairs;
}

function measureDirectory({ directory }: Scenario, server: BenchServer, seconds: number): Promise<Measure> | undefined {
  if (directory === undefined) return undefined;
  return measureYardstick(directory, (server as LdapBenchServer).slapd, seconds);
}

/** How the service stands beside the directory that it asks. */
function besideDirectory({ directory }: Scenario, pairs: readonly Pair[]): Partial<Result> {
  if (directory === undefined) return {};
  const of = (ratio: (own: Measure, alone: Measure) => number) =>
    Number(median(pairs.map(({ own, directory: alone }) => ratio(own, alone as Measure))).toFixed(3));
  const common = { slapd_cpu_ms_per_request: of((own) => own.peerCpuMs) };
  if (directory === 'ldapsearch-list-100000')
    return {
      ...common,
      ratio_to_ldapsearch: of((own, alone) => own.p50 / alone.p50),
      rss_growth_mb: of((own) => own.rssGrowthMb),
    };
  return { ...common, share_of_slapd: of((own, alone) => alone.peerCpuMs / own.peerCpuMs) };
}

/** What directories did by themselves, each as a line of its own. */
function directoryResults(chosen: readonly Scenario[], all: ReadonlyMap<string, readonly Pair[]>): readonly Result[] {
  const names = new Set(chosen.flatMap(({ directory }) => directory ?? []));
  return [...names].map((name) => {
    const one = chosen.find(({ directory }) => directory === name) as Scenario;
    const pairs = (all.get(one.name) ?? []).map(({ bare, directory }) => ({ own: directory as Measure, bare }));
    const { peerCpuMs } = { peerCpuMs: median(pairs.map(({ own }) => own.peerCpuMs)) };
    return { ...conclude({ ...one, name }, pairs), slapd_cpu_ms_per_request: Number(peerCpuMs.toFixed(4)) };
  });
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
    workers: scenario.workers ?? 1,
    ...(scenario.server.startsWith('sharing') ? { redis_cpu_ms_per_request: rounded(of('peerCpuMs'), 4) } : {}),
  };
}

/** Of a directory, in words. */
function directoryColumn(one: Result): string {
  const parts = [
    one.redis_cpu_ms_per_request === undefined ? '' : `Redis ${(one.redis_cpu_ms_per_request * 1000).toFixed(1)} us`,
    one.slapd_cpu_ms_per_request === undefined ? '' : `slapd ${(one.slapd_cpu_ms_per_request * 1000).toFixed(1)} us`,
    one.share_of_slapd === undefined ? '' : `${Math.round(one.share_of_slapd * 100)} % of its own rate`,
    one.ratio_to_ldapsearch === undefined ? '' : `${one.ratio_to_ldapsearch.toFixed(2)} of ldapsearch`,
    one.rss_growth_mb === undefined ? '' : `${Math.round(one.rss_growth_mb)} MB more at its highest`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}

function renderTable(results: readonly Result[]): string {
  const head =
    'scenario                          CPU/req   to bare      req/s     p50 ms     p99 ms   RSS MB  connections';
  const rows = results.map((one) =>
    [
      one.name.padEnd(31),
      `${(one.cpu_ms_per_request * 1000).toFixed(1)} us`.padStart(10),
      one.ratio_to_bare.toFixed(2).padStart(9),
      String(one.rps).padStart(10),
      one.p50_ms.toFixed(2).padStart(10),
      one.p99_ms.toFixed(2).padStart(10),
      String(one.rss_mb).padStart(8),
      String(one.connections).padStart(12),
      ` ${directoryColumn(one)}`,
    ]
      .join(' ')
      .trimEnd(),
  );
  return `${[head, ...rows].join('\n')}\n`;
}

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    only: { type: 'string', default: '' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '1' },
    other: { type: 'string', multiple: true, default: [] },
  },
});

/** Logins through Dovecot, where they are chosen; without root only where nothing else is. */
async function measureAnyDovecots(): Promise<readonly DovecotResult[]> {
  const { only, other, rounds, seconds } = values;
  if (!choosesDovecots(only)) return [];
  if (process.getuid?.() !== 0 && chosen.length > 0) {
    process.stderr.write('left out: logins through Dovecot, which only root can start\n');
    return [];
  }
  const { status } = spawnSync('sh', [SETUP, 'peers', 'trixie'], { stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error('what logins through Dovecot need is not there');
  const leastSeconds = 2;
  return measureDovecots({
    only,
    others: other,
    rounds: Number(rounds),
    seconds: Math.max(Number(seconds), leastSeconds),
  });
}

const chosen = SCENARIOS.filter(({ name, server }) => server === 'bare' || name.includes(values.only)).filter(
  (one, _, all) =>
    one.server !== 'bare' || all.some(({ server, yardstick }) => server !== 'bare' && yardstick === one.name),
);
const folder = await mkdtemp(path.join(tmpdir(), 'nauthilus-bench-'));
try {
  const pairs = await measureAll(chosen, Number(values.rounds), Number(values.seconds), folder);
  const own = chosen.map((scenario) => {
    const measured = pairs.get(scenario.name) ?? [];
    return { ...conclude(scenario, measured), ...besideDirectory(scenario, measured) };
  });
  const results = [...own, ...directoryResults(chosen, pairs)];
  if (results.length > 0) process.stdout.write(renderTable(results));
  const dovecots = await measureAnyDovecots();
  if (dovecots.length > 0) process.stdout.write(renderDovecotTable(dovecots));
  if (values.json !== undefined)
    await writeFile(values.json, `${JSON.stringify([...results, ...dovecots], undefined, 2)}\n`);
} finally {
  await stopSlapd();
  await stopRedis();
  await rm(folder, { recursive: true, force: true });
}
