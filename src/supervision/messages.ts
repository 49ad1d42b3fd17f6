/**
 * What the primary and its workers tell each other. Both are of one program and one version: what comes in is trusted.
 *
 * @module
 */
import type { ConfigProblem } from '../config/config-error.ts';
import type { MetricsSnapshot } from '../telemetry/metrics.ts';
import type { ControlAnswer, ControlRequest } from '../wire/control/control-relay.ts';
import type { Readiness } from '../wire/http/health-doors.ts';

/** What a service says of itself when it is ready. */
export interface ServiceSummary {
  readonly urls: readonly string[];
  readonly paths: readonly string[];
  readonly callers: readonly string[];
  readonly backends: readonly { readonly name: string; readonly detail: string }[];
}

/** The configuration in force as text: its file may have been edited since. */
export interface ConfigSource {
  readonly file: string;
  readonly text: string;
}

export type ToWorker =
  | { readonly kind: 'begin'; readonly worker: number; readonly source: ConfigSource; readonly nameKey: Uint8Array }
  /** The readiness of the service as a whole has changed. */
  | { readonly kind: 'readiness'; readonly readiness: Readiness }
  | { readonly kind: 'snapshot-wanted'; readonly id: number }
  /** Answers `metrics-wanted`. */
  | { readonly kind: 'metrics'; readonly id: number; readonly text: string }
  | { readonly kind: 'control'; readonly id: number; readonly request: ControlRequest }
  /** Which of the decisions that the worker keeps is of this session? */
  | { readonly kind: 'line-wanted'; readonly id: number; readonly session: string }
  /** Answers `line-wanted` of the worker's own. */
  | { readonly kind: 'line'; readonly id: number; readonly line: string | undefined }
  | { readonly kind: 'stop'; readonly isPatient: boolean }
  /** No connection is on its way to the worker any more: it can exit. */
  | { readonly kind: 'end' };

export type ToPrimary =
  /** Sent every second: the event loop turns. The metrics are kept in case the worker dies. */
  | { readonly kind: 'alive'; readonly readiness: Readiness | undefined; readonly snapshot: MetricsSnapshot }
  | { readonly kind: 'ready'; readonly summary: ServiceSummary; readonly readiness: Readiness }
  /** It cannot start. Without problems where the configuration is not at fault. */
  | { readonly kind: 'failed'; readonly problems: readonly ConfigProblem[]; readonly message: string }
  | { readonly kind: 'snapshot'; readonly id: number; readonly snapshot: MetricsSnapshot }
  | { readonly kind: 'metrics-wanted'; readonly id: number }
  | { readonly kind: 'control-answer'; readonly id: number; readonly answer: ControlAnswer }
  /** Which of the decisions that other workers keep is of this session? */
  | { readonly kind: 'line-wanted'; readonly id: number; readonly session: string }
  | { readonly kind: 'line'; readonly id: number; readonly line: string | undefined }
  | { readonly kind: 'stopped'; readonly snapshot: MetricsSnapshot };
