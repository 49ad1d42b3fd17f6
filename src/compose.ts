/**
 * The composition root: the only place that knows all parts. It builds each once from the configuration, gives every part what
 * it uses and nothing more, and takes all of it down again in the opposite order. What a change of the configuration replaces is
 * built in compose/inside.ts; what outlives it is built here.
 *
 * @module
 */
import { ALONE, type Crew } from './compose/frame.ts';
import { openHostsHere } from './compose/mail-hosts.ts';
import { openCountedHere } from './compose/protection.ts';
import { type App, RunningApp } from './compose/running-app.ts';
import type { Config } from './config/config.ts';
import { MemoryJobs } from './state/memory/memory-jobs.ts';
import { Events } from './telemetry/events.ts';
import { type LogOptions, openLog } from './telemetry/log.ts';
import { Metrics } from './telemetry/metrics.ts';

export type { App } from './compose/running-app.ts';

export interface StartOptions extends Pick<LogOptions, 'worker'> {
  readonly version: string;
  /** Where the log goes; standard output where absent. */
  readonly logDestination?: LogOptions['destination'];
  /** For hashed names in the log; made anew where absent. */
  readonly nameKey?: Buffer;
  /** The service as a whole, where this process is one of several. */
  readonly crew?: Crew;
}

/** Jobs of operators that may be asked about, at most. */
const MOST_JOBS = 1000;

/**
 * Builds everything and begins to answer.
 * @throws {ConfigError} where the configuration names what cannot be used: a file, a certificate, a hash, an address
 */
export async function start(config: Config, options: StartOptions): Promise<App> {
  using building = new DisposableStack();
  const openedLog = building.use(openLog({ level: config.log.level, ...logOptionsOf(options) }));
  const { log } = openedLog;
  const metrics = new Metrics(options.version);
  const events = new Events(openedLog, metrics, config.log.names, options.nameKey);
  events.kept.resize(config.explain);
  const countedHere = openCountedHere(config, metrics);
  const jobsHere = new MemoryJobs(MOST_JOBS);
  const hostsHere = openHostsHere();
  const frame = {
    version: options.version,
    events,
    metrics,
    crew: options.crew ?? ALONE,
    countedHere,
    jobsHere,
    hostsHere,
  };
  const app = await RunningApp.open(config, openedLog, frame);

  log.info({ version: options.version, urls: app.urls, backends: app.backends.map(({ name }) => name) }, 'ready');
  building.move();
  return app;
}

function logOptionsOf({ logDestination, worker }: StartOptions): Omit<LogOptions, 'level'> {
  return {
    ...(logDestination === undefined ? {} : { destination: logDestination }),
    ...(worker === undefined ? {} : { worker }),
  };
}
