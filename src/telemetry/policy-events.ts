import type { Attempt } from '../login/attempt.ts';
import type { TrailEntry } from '../login/verdict.ts';
import type { Log } from './log.ts';
import type { PolicyAnswer, PolicyCommand, PolicyMetrics } from './policy-metrics.ts';

/** That a mail server may look at a password, after a delay. */
export interface Permission {
  readonly delaySeconds: number;
  readonly trail: readonly TrailEntry[];
  readonly ms: number;
}

export interface PolicyEventsParts {
  readonly log: Log;
  readonly metrics: PolicyMetrics;
  /** Shows a name the way the log is set to. */
  readonly showName: (name: string) => string;
  /** Tells what rules have found. */
  readonly noteFindings: (attempt: Attempt, trail: readonly TrailEntry[]) => void;
}

/** What happens with mail servers that prove passwords by themselves, beside decisions. */
export class PolicyEvents {
  readonly #parts: PolicyEventsParts;

  constructor(parts: PolicyEventsParts) {
    this.#parts = parts;
  }

  /**
   * A mail server may look at a password. What it finds it reports; so there is a line only where there is a delay, or a rule would
   * have refused.
   */
  mayTry(attempt: Attempt, { delaySeconds, trail, ms }: Permission): void {
    const { log, showName, noteFindings } = this.#parts;
    this.answered('allow', delaySeconds > 0 ? 'delayed' : 'allowed');
    noteFindings(attempt, trail);
    const rules = trail.flatMap((step) => step.rules ?? []);
    if (delaySeconds === 0 && rules.length === 0) return;
    const { session, caller, protocol, loginName, clientAddress, externalSession } = attempt;
    const about = { session, caller, protocol, login_name: showName(loginName.slice(0, LOGGED_NAME)) };
    const found = rules.length === 0 ? undefined : rules;
    const where = { client_ip: clientAddress, external_session: externalSession };
    const record = { ...about, ...where, delay_seconds: delaySeconds, rules: found, ms: Math.round(ms * 1000) / 1000 };
    log.info(record, 'login may be tried');
  }

  /** A mail server has asked, or has told something. */
  answered(command: PolicyCommand, answer: PolicyAnswer): void {
    this.#parts.metrics.countAnswer(command, answer);
  }
}

const LOGGED_NAME = 256;
