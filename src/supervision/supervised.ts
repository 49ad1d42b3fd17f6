import type { Config } from '../config/config.ts';
import { ConfigError } from '../config/config-error.ts';
import type { LogOptions } from '../telemetry/log.ts';
import type { ConfigSource, ServiceSummary } from './messages.ts';
import type { ReloadOutcome } from './reloads.ts';

/** A service that runs, in whatever number of processes. Disposing of it finishes what is under way and ends it. */
export interface Supervised extends AsyncDisposable {
  readonly summary: ServiceSummary;
  /** Puts the configuration file as it is now in force, or says why it cannot be. Never rejects. */
  reload(): Promise<ReloadOutcome>;
}

/** What a supervised service is started with. */
export interface SupervisionOptions {
  readonly version: string;
  /** Reads the file that the service was started with. @throws {ConfigError} */
  readonly readSource: () => Promise<ConfigSource>;
  /** Makes a configuration of it. @throws {ConfigError} */
  readonly readConfig: ReadConfig;
  readonly logDestination?: NonNullable<LogOptions['destination']>;
}

export type ReadConfig = (source: ConfigSource) => Config;

/** Refuses what only a restart can change. @throws {ConfigError} */
export function refuseRestartOnly(before: Config, next: Config): void {
  if (before.control.socket !== next.control.socket)
    throw ConfigError.at(
      next,
      'control.socket',
      `was ${before.control.socket} at the start; only a restart changes it`,
    );
  if (before.workers === 1 && next.workers > 1)
    throw ConfigError.at(next, 'workers', 'one process cannot become several while it runs; only a restart does that');
}
