import type { Verdict } from '../../login/verdict.ts';
import { type Exemptions, isExempt } from '../../protection/login-rules.ts';
import type { Admission } from '../guesses/guess-count.ts';
import type { GuessGuard } from '../guesses/guess-guard.ts';
import { andThen } from '../maybe-promise.ts';
import { type Findings, type Step, tooLate } from './step.ts';

const NAME = 'check-guesses';

/**
 * Keeps guesses from the backends that are beyond a limit, and counts those that are not. A login that was proven a short while
 * ago, with this password and from this address, is none; only a block by hand holds against it.
 */
export function checkGuesses(guard: GuessGuard, exempt: Exemptions): Step {
  return {
    name: NAME,
    decide(findings, signal) {
      const { attempt, name, account, blockedByHand, met, ahead } = findings;
      if ((account !== undefined && blockedByHand === undefined) || isExempt(attempt, exempt)) return undefined;
      if (account !== undefined && blockedByHand !== undefined) return settle(blockedByHand, findings);
      if (name === undefined || attempt.password === undefined)
        throw new Error('a step before this one must check them');
      const admission =
        met === undefined
          ? guard.admit(attempt, name, attempt.password, signal)
          : guard.admitMet(met, attempt.password, signal, ahead);
      return andThen(admission, (admitted) => {
        const verdict = settle(admitted, findings);
        // What was counted is given back: the backends are not to be asked any more.
        return verdict === undefined && signal.aborted ? tooLate({ name: NAME }) : verdict;
      });
    },
  };
}

function settle(admission: Admission, findings: Findings): Verdict | undefined {
  if (admission.kind === 'refused') {
    findings.rules = admission.findings;
    return { kind: 'refuse', reason: 'blocked', waitSeconds: admission.waitSeconds };
  }
  if (admission.kind === 'crowded') {
    const detail = `so many logins out of ${admission.network} are under way that a limit of its guesses may be passed`;
    return { kind: 'defer', cause: 'network-crowded', detail };
  }
  findings.reservation = admission.reservation;
  if (admission.observed.length > 0) findings.rules = admission.observed;
  return undefined;
}
