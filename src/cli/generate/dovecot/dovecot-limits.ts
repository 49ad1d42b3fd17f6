import type { Config } from '../../../config/config.ts';

/** How long Dovecot waits for the service, and how much it asks at a time. */
export interface DovecotLimits {
  readonly decisionMs: number;
  readonly timeoutMs: number;
  readonly listTimeoutMs: number;
  /** Questions under way at a time: each holds one of Dovecot's auth workers. */
  readonly workers: number;
  readonly warnings: readonly string[];
}

/** For the way there and back, so that the service's own answer arrives and not a timeout. */
const MARGIN_MS = 2000;
/** Dovecot gives a list up by itself after this. */
const DOVECOT_LIST_MS = 60_000;
const LONGEST_LIST_MS = 55_000;
/** The glue takes no more. */
const LONGEST_TIMEOUT_MS = 600_000;
/** Mail programs give up around here. */
const LONGEST_LOGIN_MS = 30_000;
const FEWEST_WORKERS = 30;
const ENOUGH_WORKERS = 60;

/**
 * Limits of Dovecot that fit those of the service. Workers: more than Dovecot's own 30, but not more than the service takes
 * password checks at a time (computed and queued), since the rest would only be turned away.
 * @param workers where the operator knows better
 */
export function fittingLimits(config: Config, workers: number | undefined): DovecotLimits {
  const { decision, list, passwords, maxRequests } = config;
  const taken = passwords.concurrency + passwords.maxQueue;
  const chosen = workers ?? Math.max(FEWEST_WORKERS, Math.min(ENOUGH_WORKERS, taken));
  const timeoutMs = Math.min(decision.deadlineMs + MARGIN_MS, LONGEST_TIMEOUT_MS);
  const warnings: string[] = [];
  if (timeoutMs > LONGEST_LOGIN_MS)
    warnings.push(
      `decision.deadline is ${decision.deadlineMs} ms: mail programs give up sooner, and each login that hangs holds a worker as long`,
    );
  if (list.deadlineMs > DOVECOT_LIST_MS)
    warnings.push(`list.deadline is ${list.deadlineMs} ms: Dovecot gives a list up after ${DOVECOT_LIST_MS} ms`);
  const connections = Math.min(maxRequests, ...config.listeners.map(({ limits }) => limits.maxConnections));
  if (chosen > connections)
    warnings.push(
      `${chosen} workers are more than the ${connections} requests that the service takes at a time (http)`,
    );
  return {
    decisionMs: decision.deadlineMs,
    timeoutMs,
    listTimeoutMs: Math.min(list.deadlineMs + MARGIN_MS, LONGEST_LIST_MS),
    workers: chosen,
    warnings,
  };
}
