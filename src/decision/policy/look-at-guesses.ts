import { isExempt } from '../../protection/login-rules.ts';
import type { Protection } from '../authenticate.ts';
import { andThen } from '../maybe-promise.ts';
import type { Step } from '../steps/step.ts';

/** Does what `check-guesses` does, for a password of which only a mark is known, and counts nothing. */
export function lookAtGuesses({ guard, rules }: Pick<Protection, 'guard' | 'rules'>, mark: string): Step {
  return {
    name: 'check-guesses',
    decide(findings, signal) {
      const { attempt, name } = findings;
      if (name === undefined) throw new Error('a step before this one must check it');
      if (isExempt(attempt, rules.exempt)) return undefined;
      return andThen(guard.look(attempt, name, mark, signal), (look) => {
        if (look.kind === 'refused') {
          findings.rules = look.findings;
          return { kind: 'refuse', reason: 'blocked', waitSeconds: look.waitSeconds } as const;
        }
        findings.reservation = look.reservation;
        if (look.observed.length > 0) findings.rules = look.observed;
        return undefined;
      });
    },
  };
}
