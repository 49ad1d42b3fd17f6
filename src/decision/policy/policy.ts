/**
 * For mail servers that prove passwords by themselves: whether a login may be tried, by the rules and the state of own decisions,
 * and what has become of it, counted there.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import type { Attempt } from '../../login/attempt.ts';
import type { Decision, TrailEntry } from '../../login/verdict.ts';
import { type WaitRule, waitAfter } from '../../protection/wait.ts';
import { type Protection, stepsToKeepOut } from '../authenticate.ts';
import { Overdue } from '../overdue.ts';
import { checkAddressLists } from '../steps/check-address-lists.ts';
import { rejectInvalidName } from '../steps/reject-invalid-name.ts';
import type { Findings, Step } from '../steps/step.ts';
import { lookAtGuesses } from './look-at-guesses.ts';
import { PolicyRun } from './policy-run.ts';
import { type ReportedOutcome, ReportTaker } from './report-taker.ts';

/** A login that a mail server decides. */
export interface PolicyLogin {
  /** Without a password. */
  readonly attempt: Attempt;
  /** A hash that tells passwords of one login name apart; where absent each password counts as another one. */
  readonly passwordHash?: string | undefined;
}

export type Allowance =
  /** The mail server may look at the password, after a delay. */
  | {
      readonly kind: 'may-try';
      readonly delaySeconds: number;
      readonly trail: readonly TrailEntry[];
      readonly ms: number;
    }
  /** It must not, or that cannot be told. */
  | { readonly kind: 'decided'; readonly decision: Decision };

export interface PolicyParts {
  readonly protection: Protection;
  /** How long who guesses is made to wait, and how long at most before a password is looked at. */
  readonly wait: WaitRule;
  readonly longestDelaySeconds: number;
  /** Gives the signal that ends what takes too long. */
  readonly deadline: () => AbortSignal;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

export class Policy {
  readonly #parts: PolicyParts;
  readonly #before: readonly Step[];
  readonly #after: readonly Step[];
  readonly #reports: ReportTaker;
  readonly #overdue = new Overdue();

  constructor(parts: PolicyParts) {
    const { protection } = parts;
    const { lists, rules } = protection;
    this.#parts = parts;
    this.#before = [rejectInvalidName, ...stepsToKeepOut(protection)];
    this.#after = lists === undefined ? [] : [checkAddressLists(rules, lists)];
    this.#reports = new ReportTaker(parts, this.#overdue);
  }

  /** Whether a login may be tried. Nothing is counted, so it may be asked more than once. Never rejected. */
  async allow({ attempt, passwordHash }: PolicyLogin): Promise<Allowance> {
    const { protection, wait, longestDelaySeconds, deadline, now } = this.#parts;
    const look = lookAtGuesses(protection, this.#markOf(passwordHash));
    const findings: Findings = { attempt };
    const run = new PolicyRun([...this.#before, look, ...this.#after], { now, overdue: this.#overdue });
    const verdict = await run.take(findings, deadline());
    const { trail, ms } = run;
    if (verdict !== undefined) return { kind: 'decided', decision: { verdict, trail, ms } };
    // The client waits before anything is known of its password: owners too.
    const delaySeconds = Math.min(longestDelaySeconds, waitAfter(findings.reservation?.tried ?? 0, wait));
    return { kind: 'may-try', delaySeconds, trail, ms };
  }

  /** Counts what has become of a login; `undefined` where there was nothing to count or to tell of. Never rejected. */
  report({ attempt, passwordHash }: PolicyLogin, outcome: ReportedOutcome): Promise<Decision | undefined> {
    return this.#reports.take(attempt, this.#markOf(passwordHash), outcome);
  }

  #markOf(passwordHash: string | undefined): string {
    return this.#parts.protection.guard.markOfTold(passwordHash ?? randomBytes(8).toString('hex'));
  }
}
