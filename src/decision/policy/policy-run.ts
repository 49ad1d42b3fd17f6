import type { TrailEntry, Verdict } from '../../login/verdict.ts';
import { internalError } from '../authenticate.ts';
import { OVERDUE, type Overdue } from '../overdue.ts';
import { type Findings, type Step, tooLate } from '../steps/step.ts';

interface RunParts {
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  readonly overdue: Overdue;
}

/** Takes steps until one of them ends the run with a verdict. */
export class PolicyRun {
  readonly trail: TrailEntry[] = [];
  readonly #steps: readonly Step[];
  readonly #parts: RunParts;
  readonly #started: number;
  #stepStarted: number;

  constructor(steps: readonly Step[], parts: RunParts) {
    this.#steps = steps;
    this.#parts = parts;
    this.#started = parts.now();
    this.#stepStarted = this.#started;
  }

  /** Time that all steps took together, in milliseconds. */
  get ms(): number {
    return this.#stepStarted - this.#started;
  }

  /** The verdict of the step that has one; `undefined` where none has. Never rejected: what goes wrong inside is a `defer`. */
  async take(findings: Findings, signal: AbortSignal): Promise<Verdict | undefined> {
    for (const step of this.#steps) {
      const verdict = await this.#takeOne(step, findings, signal);
      this.#note(step, findings);
      if (verdict !== undefined) return verdict;
    }
    return undefined;
  }

  async #takeOne(step: Step, findings: Findings, signal: AbortSignal): Promise<Verdict | undefined> {
    try {
      const outcome = step.decide(findings, signal);
      if (!(outcome instanceof Promise)) return outcome;
      const verdict = await this.#parts.overdue.wait(outcome, signal);
      return verdict === OVERDUE ? tooLate(step) : verdict;
    } catch (cause) {
      return signal.aborted && cause === signal.reason ? tooLate(step) : internalError(cause);
    }
  }

  #note({ name }: Step, findings: Findings): void {
    const now = this.#parts.now();
    const ms = now - this.#stepStarted;
    const { rules } = findings;
    this.trail.push(rules === undefined ? { step: name, ms } : { step: name, ms, rules });
    findings.rules = undefined;
    this.#stepStarted = now;
  }
}
