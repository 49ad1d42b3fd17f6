import type { Events } from '../telemetry/events.ts';
import type { Jobs } from '../state/jobs.ts';
import type { KeptLines } from '../telemetry/kept-lines.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Readiness } from '../wire/http/health-doors.ts';
import type { HostsHere } from './mail-hosts.ts';
import type { CountedHere } from './protection.ts';

/** What one of several processes knows of the service as a whole. */
export interface Crew {
  /** What the service as a whole tells of its readiness, given that of this process. */
  readiness(own: Readiness): Readiness;
  /** The metrics of all processes together. @throws where they cannot be had in time */
  renderMetrics(own: Metrics): Promise<string>;
  /** The log line of a decision that any process keeps. */
  keptLine(session: string, own: KeptLines): Promise<string | undefined>;
}

/** The crew of a service that is one process. */
export const ALONE: Crew = {
  readiness: (own) => own,
  renderMetrics: (own) => own.render(),
  keptLine: async (session, own) => own.find(session),
};

/** What outlives a change of the configuration in a process. */
export interface Frame {
  /** Version of the program. */
  readonly version: string;
  readonly events: Events;
  readonly metrics: Metrics;
  readonly crew: Crew;
  readonly countedHere: CountedHere;
  readonly hostsHere: HostsHere;
  /** What became of the jobs of this process. */
  readonly jobsHere: Jobs;
}
