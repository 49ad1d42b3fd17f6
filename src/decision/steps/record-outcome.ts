import type { Verdict } from '../../login/verdict.ts';
import { guessOutcomeOf } from '../../protection/guess-outcome.ts';
import type { GuessGuard } from '../guesses/guess-guard.ts';
import { andThen } from '../maybe-promise.ts';
import type { RefusalPace } from '../guesses/refusal-pace.ts';
import type { OutcomeStep } from './step.ts';

/**
 * Settles what was counted for an attempt: a right password takes it back and makes the network known, a wrong one lets it stand.
 * Refusals that no backend was asked about are made to take as long as the others.
 */
export function recordOutcome(guard: GuessGuard, pace: RefusalPace): OutcomeStep {
  return {
    name: 'record-outcome',
    settle({ reservation, ahead }, verdict, signal) {
      ahead?.dismiss();
      if (reservation === undefined) return isForPace(verdict) ? andThen(pace.wait(signal), () => verdict) : verdict;
      if (guessOutcomeOf(verdict) === 'wrong') pace.note(guard.msSince(reservation));
      return andThen(guard.settle({ verdict, reservation, signal }), (settled) =>
        isForPace(settled) ? andThen(pace.wait(signal), () => settled) : settled,
      );
    },
  };
}

function isForPace(verdict: Verdict): boolean {
  return verdict.kind === 'refuse' && (verdict.reason === 'blocked' || verdict.reason === 'foreign-domain');
}
