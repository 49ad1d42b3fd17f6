import type { Account } from '../../login/account.ts';
import { type AccountName, parseAccountName } from '../../login/account-name.ts';
import type { Attempt } from '../../login/attempt.ts';
import type { Decision, RefusalReason, Verdict } from '../../login/verdict.ts';
import { isExempt } from '../../protection/login-rules.ts';
import type { Protection } from '../authenticate.ts';
import type { Overdue } from '../overdue.ts';
import type { Step } from '../steps/step.ts';
import { PolicyRun } from './policy-run.ts';

/** What a mail server says has become of a login. */
export type ReportedOutcome =
  | 'right'
  | 'wrong-password'
  | 'unknown-user'
  /** It does not tell which of the two. */
  | 'wrong-or-unknown'
  | 'account-disabled'
  | 'password-expired'
  /** Nobody has looked at the password, or it could not be told. */
  | 'undecided';

interface ReportTakerParts {
  readonly protection: Pick<Protection, 'guard' | 'rules'>;
  readonly deadline: () => AbortSignal;
  readonly now: () => number;
}

interface Told {
  readonly attempt: Attempt;
  readonly name: AccountName;
  readonly mark: string;
}

type Wrong = Extract<RefusalReason, 'wrong-password' | 'unknown-user'>;

/** Counts what mail servers say of logins that they have decided by themselves. */
export class ReportTaker {
  readonly #parts: ReportTakerParts;
  readonly #overdue: Overdue;

  constructor(parts: ReportTakerParts, overdue: Overdue) {
    this.#parts = parts;
    this.#overdue = overdue;
  }

  async take(attempt: Attempt, mark: string, outcome: ReportedOutcome): Promise<Decision | undefined> {
    const name = parseAccountName(attempt.loginName);
    if (name === undefined || outcome === 'undecided') return undefined;
    const { now, deadline } = this.#parts;
    const run = new PolicyRun([this.#stepFor({ attempt, name, mark }, outcome)], { now, overdue: this.#overdue });
    const verdict = await run.take({ attempt }, deadline());
    return verdict && { verdict, trail: run.trail, ms: run.ms };
  }

  #stepFor(told: Told, outcome: Exclude<ReportedOutcome, 'undecided'>): Step {
    const { guard, rules } = this.#parts.protection;
    const { attempt, name, mark } = told;
    const isCounted = !isExempt(attempt, rules.exempt);
    return {
      name: 'take-report',
      decide: (findings, signal) => {
        switch (outcome) {
          case 'right':
            if (isCounted) guard.noteProven(attempt, name, mark, signal);
            return { kind: 'accept', account: accountOf(name, attempt.caller), source: 'report' };
          case 'account-disabled':
          case 'password-expired':
            return { kind: 'refuse', reason: outcome, account: name };
          case 'wrong-password':
          case 'unknown-user':
          case 'wrong-or-unknown':
            return isCounted ? this.#count(told, outcome, findings, signal) : refusal(outcome, name);
        }
      },
    };
  }

  async #count(
    { attempt, name, mark }: Told,
    outcome: Wrong | 'wrong-or-unknown',
    findings: { rules?: Admitted },
    signal: AbortSignal,
  ): Promise<Verdict> {
    const { guard } = this.#parts.protection;
    const verdict = refusal(outcome, name);
    const admission = await guard.admitTold(attempt, name, mark, signal);
    switch (admission.kind) {
      case 'refused':
        findings.rules = admission.findings;
        return verdict;
      case 'crowded':
        return { kind: 'defer', cause: 'network-crowded', detail: `too many logins out of ${admission.network}` };
      case 'admitted': {
        if (admission.observed.length > 0) findings.rules = admission.observed;
        const { reservation } = admission;
        // Names that nobody is known to have must not crowd out what is known of accounts.
        const isOfNobody = outcome === 'wrong-or-unknown' && !(await guard.isKnown(attempt, name, signal));
        const counted = isOfNobody ? refusal('unknown-user', name) : verdict;
        const settled = await guard.settle({ verdict: counted, reservation, signal });
        return settled.kind === 'refuse' && settled.waitSeconds !== undefined
          ? { ...verdict, waitSeconds: settled.waitSeconds }
          : verdict;
      }
    }
  }
}

type Admitted = Decision['trail'][number]['rules'];

function refusal(outcome: Wrong | 'wrong-or-unknown', name: AccountName): Extract<Verdict, { kind: 'refuse' }> {
  return outcome === 'unknown-user'
    ? { kind: 'refuse', reason: 'unknown-user' }
    : { kind: 'refuse', reason: 'wrong-password', account: name };
}

/** What the mail server has proven; it tells no more of the account than its name. */
function accountOf(name: AccountName, caller: string): Account {
  return { name, backend: caller, accountField: 'login', attributes: {}, isDisabled: false };
}
