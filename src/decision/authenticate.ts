/**
 * How a verdict is reached: one ordered table of steps for every door and every mode. A step either ends the decision with
 * a verdict or lets it go on; who passes all of them is accepted.
 *
 * @module
 */
import type { Backend, MaybePromise } from '../backends/backend.ts';
import type { Attempt, Mode } from '../login/attempt.ts';
import type { Decision, TrailEntry, Verdict } from '../login/verdict.ts';
import type { AddressLists } from '../protection/login-rules/address-lists.ts';
import type { ServedDomains } from '../protection/login-rules.ts';
import type { Places } from '../protection/login-rules/places.ts';
import type { GuessGuard } from './guesses/guess-guard.ts';
import type { LookUpMemory } from './look-up-memory.ts';
import { OVERDUE, Overdue } from './overdue.ts';
import type { RefusalPace } from './guesses/refusal-pace.ts';
import { applyAccountState } from './steps/apply-account-state.ts';
import { lookUpInBackends, verifyWithBackends } from './steps/ask-backends.ts';
import { checkGuesses } from './steps/check-guesses.ts';
import { checkAddressLists } from './steps/check-address-lists.ts';
import {
  checkDeniedNetworks,
  checkPlaces,
  checkRelayDomain,
  checkTls,
  type LoginRuleSet,
} from './steps/check-login-rules.ts';
import { proveAnew } from './steps/prove-anew.ts';
import { recallVerifiedLogin } from './steps/recall-verified-login.ts';
import { recordOutcome } from './steps/record-outcome.ts';
import { rejectInvalidName } from './steps/reject-invalid-name.ts';
import { rejectUnusablePassword } from './steps/reject-unusable-password.ts';
import { type Findings, type OutcomeStep, type Step, tooLate } from './steps/step.ts';
import type { VerifiedLoginMemory } from './verified-login-memory.ts';

/** What decisions need from the outside. */
export interface DecisionParts {
  readonly backends: readonly Backend[];
  /** Remembered logins; every login asks the backends where absent. */
  readonly verifiedLogins?: VerifiedLoginMemory | undefined;
  /** Remembered answers to look-ups; every look-up asks the backends where absent. */
  readonly lookUps?: LookUpMemory | undefined;
  /** Rules against guessing, and others that keep logins out; there are none where absent. */
  readonly protection?: Protection | undefined;
  /** Names of the backends that answer look-ups of disabled accounts. */
  readonly answersDisabledLookups: ReadonlySet<string>;
  /** Gives the signal that ends a decision which takes too long. */
  readonly deadline: () => AbortSignal;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

export interface Protection {
  readonly rules: LoginRuleSet;
  /** Lists of addresses in the DNS; nobody is asked where absent. */
  readonly lists?: AddressLists | undefined;
  /** Knows where addresses are; no rule looks at that where absent. */
  readonly places?: Places | undefined;
  /** Domains that backends have; those of the configuration alone count where absent. */
  readonly servedDomains?: ServedDomains | undefined;
  readonly guard: GuessGuard;
  readonly pace: RefusalPace;
}

/** Decides one attempt. Never throws: what goes wrong inside is a `defer`. */
export type Decide = (attempt: Attempt) => Decision | Promise<Decision>;

function stepsInOrder(parts: DecisionParts): Readonly<Record<Mode, readonly Step[]>> {
  const accountState = applyAccountState(parts.answersDisabledLookups);
  const both: readonly Mode[] = ['authenticate', 'look-up'];
  const table: readonly (readonly [Step, readonly Mode[]])[] = [
    [rejectInvalidName, both],
    [rejectUnusablePassword, ['authenticate']],
    ...[...stepsToKeepOut(parts.protection), ...stepsToProve(parts)].map((step) => [step, ['authenticate']] as const),
    [lookUpInBackends(parts.backends, parts.lookUps), ['look-up']],
    [accountState, both],
  ];
  const stepsOf = (mode: Mode) => table.filter(([, modes]) => modes.includes(mode)).map(([step]) => step);
  return { authenticate: stepsOf('authenticate'), 'look-up': stepsOf('look-up') };
}

/** What keeps a login out whatever its password is. Further rules of this kind go in here. */
export function stepsToKeepOut(protection: Protection | undefined): readonly Step[] {
  if (protection === undefined) return [];
  const { rules, places, servedDomains } = protection;
  return [
    ...checkDeniedNetworks(rules),
    ...checkPlaces(rules, places),
    ...checkTls(rules),
    ...checkRelayDomain(rules, servedDomains),
  ];
}

function stepsToProve({ backends, verifiedLogins, protection }: DecisionParts): readonly Step[] {
  const verify = verifyWithBackends(backends);
  const guesses = protection === undefined ? [] : stepsOverGuesses(protection);
  if (verifiedLogins === undefined) return [...guesses, verify];
  const guarded = protection && { guard: protection.guard, exempt: protection.rules.exempt };
  return [recallVerifiedLogin(verifiedLogins, guarded), ...guesses, proveAnew(verify, verifiedLogins)];
}

function stepsOverGuesses({ guard, rules, lists }: Protection): readonly Step[] {
  const check = checkGuesses(guard, rules.exempt);
  return lists === undefined ? [check] : [check, checkAddressLists(rules, lists)];
}

function outcomeStepOf({ protection }: DecisionParts): OutcomeStep | undefined {
  return protection === undefined ? undefined : recordOutcome(protection.guard, protection.pace);
}

/** Puts the table together. The result answers at once where every step does, so that nothing waits that need not. */
export function createDecide(parts: DecisionParts): Decide {
  const steps = stepsInOrder(parts);
  const context: RunContext = {
    ...parts,
    overdue: new Overdue(),
    outcomeStep: outcomeStepOf(parts),
    guard: parts.protection?.guard,
  };
  return (attempt) => new Run(steps[attempt.mode], attempt, context).proceed();
}

interface RunContext extends Pick<DecisionParts, 'deadline' | 'now'> {
  readonly overdue: Overdue;
  readonly outcomeStep: OutcomeStep | undefined;
  readonly guard: GuessGuard | undefined;
}

class Run {
  readonly #steps: readonly Step[];
  readonly #findings: Findings;
  readonly #context: RunContext;
  readonly #trail: TrailEntry[] = [];
  readonly #signal: AbortSignal;
  readonly #started: number;
  #stepStarted: number;
  #position = 0;

  constructor(steps: readonly Step[], attempt: Attempt, context: RunContext) {
    this.#steps = steps;
    this.#findings = { attempt };
    this.#context = context;
    this.#signal = context.deadline();
    this.#started = context.now();
    this.#stepStarted = this.#started;
  }

  /** Takes steps until one ends the decision or has to wait. */
  proceed(): Decision | Promise<Decision> {
    for (let step = this.#steps[this.#position]; step !== undefined; step = this.#steps[this.#position]) {
      const outcome = this.#take(step);
      if (outcome instanceof Promise) return this.#resume(step, outcome);
      this.#finish(step);
      if (outcome !== undefined) return this.#conclude(outcome);
    }
    return this.#conclude(this.#accepted());
  }

  #take(step: Step): MaybePromise<Verdict | undefined> {
    try {
      return step.decide(this.#findings, this.#signal);
    } catch (cause) {
      return internalError(cause);
    }
  }

  async #resume(step: Step, outcome: Promise<Verdict | undefined>): Promise<Decision> {
    // Others have their turn now.
    const { reservation } = this.#findings;
    if (reservation !== undefined) this.#context.guard?.hold(reservation);
    const verdict = await this.#waitFor(step, outcome);
    this.#finish(step);
    return verdict === undefined ? this.proceed() : this.#conclude(verdict);
  }

  async #waitFor(step: Step, outcome: Promise<Verdict | undefined>): Promise<Verdict | undefined> {
    let verdict: Verdict | undefined | typeof OVERDUE;
    try {
      verdict = await this.#context.overdue.wait(outcome, this.#signal);
    } catch (cause) {
      return this.#signal.aborted && cause === this.#signal.reason ? tooLate(step) : internalError(cause);
    }
    if (verdict === OVERDUE) return tooLate(step);
    if (verdict?.kind === 'defer' && this.#signal.aborted) return { ...verdict, cause: 'deadline-exceeded' };
    return verdict;
  }

  #finish({ name }: Pick<Step, 'name'>): void {
    const now = this.#context.now();
    const ms = now - this.#stepStarted;
    const { rules } = this.#findings;
    if (rules === undefined) this.#trail.push({ step: name, ms });
    else {
      this.#trail.push({ step: name, ms, rules });
      this.#findings.rules = undefined;
    }
    this.#stepStarted = now;
    this.#position += 1;
  }

  #conclude(verdict: Verdict): Decision | Promise<Decision> {
    const { outcomeStep } = this.#context;
    if (outcomeStep === undefined || this.#findings.attempt.mode !== 'authenticate') return this.#decision(verdict);
    let settled: MaybePromise<Verdict>;
    try {
      settled = outcomeStep.settle(this.#findings, verdict, this.#signal);
    } catch (cause) {
      settled = internalError(cause);
    }
    if (settled instanceof Promise) return this.#concludeLater(outcomeStep, verdict, settled);
    this.#finish(outcomeStep);
    return this.#decision(settled);
  }

  async #concludeLater(step: OutcomeStep, verdict: Verdict, later: Promise<Verdict>): Promise<Decision> {
    let settled: Verdict | typeof OVERDUE;
    try {
      settled = await this.#context.overdue.wait(later, this.#signal);
    } catch (cause) {
      settled = internalError(cause);
    }
    this.#finish(step);
    // What is decided is decided, whether or not it could be written down in time.
    return this.#decision(settled === OVERDUE ? verdict : settled);
  }

  #accepted(): Verdict {
    const { account, source, master } = this.#findings;
    if (account === undefined) return internalError(new Error('no step has found the account'));
    if (master !== undefined)
      return source === undefined ? { kind: 'accept', account, master } : { kind: 'accept', account, source, master };
    return source === undefined ? { kind: 'accept', account } : { kind: 'accept', account, source };
  }

  #decision(verdict: Verdict): Decision {
    return { verdict, trail: this.#trail, ms: this.#stepStarted - this.#started };
  }
}

/** A bug. */
export function internalError(cause: unknown): Verdict {
  const detail = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  return { kind: 'defer', cause: 'internal-error', detail };
}
