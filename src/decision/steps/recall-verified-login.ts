import type { GuessGuard } from '../guesses/guess-guard.ts';
import { andThen } from '../maybe-promise.ts';
import type { Recollection, VerifiedLoginMemory } from '../verified-login-memory.ts';
import type { Findings, Step } from './step.ts';

/**
 * Finds a login that was proven a short while ago: the backends need not be asked again. What is known of who asks is asked at the
 * same time, so that it costs no second trip to a store that is shared; what serves from memory there is not asked about, for the
 * seconds until it is asked about again.
 */
export function recallVerifiedLogin(memory: VerifiedLoginMemory, guard?: GuessGuard): Step {
  return {
    name: 'recall-verified-login',
    decide(findings, signal) {
      if (!memory.isOfUse) return undefined;
      const { attempt, name } = findings;
      if (name === undefined || attempt.password === undefined)
        throw new Error('a step before this one must check them');
      const key = memory.keyOf(name, attempt, attempt.password);
      findings.loginKey = key;
      const recollection = memory.recall(key, signal);
      if (!(recollection instanceof Promise)) {
        if (guard === undefined || guard.isShared) return note(recollection, findings);
        return andThen(guard.checkByHand(attempt, name, signal), (refused) => {
          findings.blockedByHand = refused;
          return note(recollection, findings);
        });
      }
      if (guard === undefined) return recollection.then((recalled) => note(recalled, findings));
      return Promise.all([recollection, guard.meet(attempt, name, signal)]).then(([recalled, met]) => {
        findings.met = met;
        if (met.kind === 'kept-out' && met.isByHand) findings.blockedByHand = met.refused;
        return note(recalled, findings);
      });
    },
  };
}

function note(recollection: Recollection, findings: Findings): undefined {
  switch (recollection.kind) {
    case 'fresh':
      findings.account = recollection.account;
      findings.source = recollection.source;
      return;
    case 'stale':
      findings.staleAccount = recollection.account;
      return;
    case 'none':
      return;
  }
}
