import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { LoadOrder, LoadReport } from './load.ts';
import { rssMbOf } from './process-accounting.ts';
import type { Scenario } from './scenarios.ts';
import { type BenchServer, pinned } from './servers.ts';

/** What one measurement of one scenario has given. */
export interface Measure {
  readonly rps: number;
  readonly p50: number;
  readonly p99: number;
  /** CPU time of the server for each request, in milliseconds. */
  readonly cpuMs: number;
  /** The same of who the server asks; 0 without one. */
  readonly peerCpuMs: number;
  readonly rssMb: number;
  /** How much more memory the server had at its highest than at the beginning. */
  readonly rssGrowthMb: number;
}

const LOOK_EVERY_MS = 20;

export type Times = Pick<LoadOrder, 'warmUpSeconds' | 'warmUpAnswers' | 'seconds'>;

/** A load generator on the second core; it stays the same process for all measurements, so that its compiler settles once. */
export class LoadProcess implements Disposable {
  readonly #child: ChildProcess;

  constructor() {
    const [program, args] = pinned(1, process.execPath, [path.join(import.meta.dirname, 'load.ts')]);
    this.#child = fork(args.at(-1) as string, {
      execPath: program,
      execArgv: args.slice(0, -1),
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      serialization: 'advanced',
    });
  }

  /** @throws where a request failed or was answered with another status than the scenario asks for */
  async measure(scenario: Scenario, server: BenchServer, times: Times): Promise<Measure> {
    const { tls, connections, requests, leastSeconds = 0, isSasl = false } = scenario;
    const port = portOf(server, { tls, isSasl });
    const { pid, workerPids = [], peerPid } = server;
    const pids = [pid, ...workerPids];
    const rssMb = () => pids.reduce((sum, one) => sum + rssMbOf(one), 0);
    const seconds = Math.max(times.seconds, leastSeconds);
    const rssBefore = rssMb();
    let highestRss = rssBefore;
    const look = setInterval(() => {
      highestRss = Math.max(highestRss, rssMb());
    }, LOOK_EVERY_MS);
    const report = await this.#load({ port, tls, isSasl, connections, requests, pids, peerPid, ...times, seconds });
    clearInterval(look);
    const unexpected = Object.keys(report.statuses).filter((status) => status !== scenario.status);
    if (unexpected.length > 0 || report.errors > 0 || report.answers === 0) {
      throw new Error(`${scenario.name}: ${report.errors} errors, statuses ${JSON.stringify(report.statuses)}`);
    }
    return {
      rps: report.answers / report.seconds,
      p50: report.p50Ms,
      p99: report.p99Ms,
      cpuMs: report.cpuMs / report.answers,
      peerCpuMs: report.peerCpuMs / report.answers,
      rssMb: rssMb(),
      rssGrowthMb: highestRss - rssBefore,
    };
  }

  async #load(order: LoadOrder): Promise<LoadReport> {
    this.#child.send(order);
    const [report] = (await once(this.#child, 'message')) as [LoadReport];
    return report;
  }

  [Symbol.dispose](): void {
    this.#child.kill();
  }
}

function portOf(server: BenchServer, { tls, isSasl }: Pick<LoadOrder, 'tls' | 'isSasl'>): number {
  if (isSasl) return server.saslPort;
  return tls ? server.httpsPort : server.httpPort;
}

/** The middle one of some numbers; of an even count the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
