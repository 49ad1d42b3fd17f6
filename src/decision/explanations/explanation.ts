import type { DeferCause, RefusalReason, RuleFinding } from '../../login/verdict.ts';

/** What one step did: let the attempt on, ended the decision, or would have. `open` is what only the password decides. */
export type StepEffect = 'passed' | 'accepted' | 'refused' | 'observed' | 'deferred' | 'open';

export interface ExplainedStep {
  readonly step: string;
  readonly effect: StepEffect;
  /** What was found, in a sentence. */
  readonly text: string;
  /** The code that the log has for it, where it ends the decision. */
  readonly reason?: RefusalReason | DeferCause | undefined;
  /** Time it took, in milliseconds; absent where nothing was done. */
  readonly ms?: number | undefined;
  /** The rule that held, with what it counted. */
  readonly finding?: RuleFinding | undefined;
}

/** Who wanted in, or would want to. */
export interface ExplainedLogin {
  readonly session?: string | undefined;
  /** ISO 8601. */
  readonly time?: string | undefined;
  readonly mode: 'authenticate' | 'look-up';
  readonly loginName?: string | undefined;
  readonly account?: string | undefined;
  readonly clientAddress?: string | undefined;
  readonly protocol?: string | undefined;
  readonly caller?: string | undefined;
  /** The trace that the request named, and what the caller called it. */
  readonly traceId?: string | undefined;
  readonly requestId?: string | undefined;
}

/** Why a decision was what it was, or what it would be. */
export interface Explanation {
  readonly kind: 'past' | 'hypothetical';
  readonly login: ExplainedLogin;
  /** `open` where it depends on the password. */
  readonly outcome: 'accept' | 'refuse' | 'defer' | 'open';
  /** The code that the log has, `open` where there is none. */
  readonly reason: string;
  readonly decidedBy: string;
  /** What decided, in a sentence. */
  readonly why: string;
  readonly steps: readonly ExplainedStep[];
  /** What would have to be otherwise for another outcome. */
  readonly wouldDiffer: readonly string[];
}
