/**
 * How a verdict is reached: one ordered table of steps for every door and every mode. A step either ends the decision with
 * a verdict or lets it go on; who passes all of them is accepted.
 *
 * @module
 */
import type { Backend } from '../backends/backend.ts';
import type { Attempt, Mode } from '../login/attempt.ts';
import type { Decision, TrailEntry, Verdict } from '../login/verdict.ts';
import { applyAccountState } from './steps/apply-account-state.ts';
import { lookUpInBackends, verifyWithBackends } from './steps/ask-backends.ts';
import { rejectInvalidName } from './steps/reject-invalid-name.ts';
import { rejectUnusablePassword } from './steps/reject-unusable-password.ts';
import type { Findings, Step } from './steps/step.ts';

/** What decisions need from the outside. */
export interface DecisionParts {
  readonly backends: readonly Backend[];
  /** Names of the backends that answer look-ups of disabled accounts. */
  readonly answersDisabledLookups: ReadonlySet<string>;
  /** Gives the signal that ends a decision which takes too long. */
  readonly deadline: () => AbortSignal;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

/** Decides one attempt. Never throws: what goes wrong inside is a `defer`. */
export type Decide = (attempt: Attempt) => Decision | Promise<Decision>;

function stepsInOrder(parts: DecisionParts): Readonly<Record<Mode, readonly Step[]>> {
  const accountState = applyAccountState(parts.answersDisabledLookups);
  const both: readonly Mode[] = ['authenticate', 'look-up'];
  const table: readonly (readonly [Step, readonly Mode[]])[] = [
    [rejectInvalidName, both],
    [rejectUnusablePassword, ['authenticate']],
    [verifyWithBackends(parts.backends), ['authenticate']],
    [lookUpInBackends(parts.backends), ['look-up']],
    [accountState, both],
  ];
  const stepsOf = (mode: Mode) => table.filter(([, modes]) => modes.includes(mode)).map(([step]) => step);
  return { authenticate: stepsOf('authenticate'), 'look-up': stepsOf('look-up') };
}

/** Puts the table together. The result answers at once where every step does, so that nothing waits that need not. */
export function createDecide(parts: DecisionParts): Decide {
  const steps = stepsInOrder(parts);
  return (attempt) => new Run(steps[attempt.mode], attempt, parts).proceed();
}

class Run {
  readonly #steps: readonly Step[];
  readonly #findings: Findings;
  readonly #parts: DecisionParts;
  readonly #trail: TrailEntry[] = [];
  readonly #signal: AbortSignal;
  readonly #started: number;
  #stepStarted: number;
  #position = 0;

  constructor(steps: readonly Step[], attempt: Attempt, parts: DecisionParts) {
    this.#steps = steps;
    this.#findings = { attempt };
    this.#parts = parts;
    this.#signal = parts.deadline();
    this.#started = parts.now();
    this.#stepStarted = this.#started;
  }

  /** Takes steps until one ends the decision or has to wait. */
  proceed(): Decision | Promise<Decision> {
    try {
      for (let step = this.#steps[this.#position]; step !== undefined; step = this.#steps[this.#position]) {
        const outcome = step.decide(this.#findings, this.#signal);
        if (outcome instanceof Promise) return this.#resume(step, outcome);
        const verdict = this.#finish(step, outcome);
        if (verdict !== undefined) return this.#decision(verdict);
      }
      return this.#decision(this.#accepted());
    } catch (cause) {
      return this.#decision(internalError(cause));
    }
  }

  async #resume(step: Step, outcome: Promise<Verdict | undefined>): Promise<Decision> {
    let verdict: Verdict | undefined;
    try {
      verdict = this.#finish(step, await outcome);
    } catch (cause) {
      this.#finish(step, undefined);
      verdict = internalError(cause);
    }
    if (verdict === undefined) return this.proceed();
    if (verdict.kind === 'defer' && this.#signal.aborted) verdict = { ...verdict, cause: 'deadline-exceeded' };
    return this.#decision(verdict);
  }

  #finish(step: Step, verdict: Verdict | undefined): Verdict | undefined {
    const now = this.#parts.now();
    this.#trail.push({ step: step.name, ms: now - this.#stepStarted });
    this.#stepStarted = now;
    this.#position += 1;
    return verdict;
  }

  #accepted(): Verdict {
    const { account } = this.#findings;
    if (account === undefined) throw new Error('no step has found the account');
    return { kind: 'accept', account };
  }

  #decision(verdict: Verdict): Decision {
    return { verdict, trail: this.#trail, ms: this.#stepStarted - this.#started };
  }
}

function internalError(cause: unknown): Verdict {
  const detail = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  return { kind: 'defer', cause: 'internal-error', detail };
}
