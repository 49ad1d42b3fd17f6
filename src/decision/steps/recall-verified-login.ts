import { type Exemptions, isExempt } from '../../protection/login-rules.ts';
import type { Place } from '../../state/turn.ts';
import type { VerifiedLoginKey } from '../../state/verified-logins.ts';
import type { Approach } from '../guesses/foresight.ts';
import type { GuessGuard, Login } from '../guesses/guess-guard.ts';
import { andThen } from '../maybe-promise.ts';
import type { Recollection, VerifiedLoginMemory } from '../verified-login-memory.ts';
import type { Findings, Step } from './step.ts';

/** Who keeps guesses from the backends, and whose attempts are none. */
export interface Guarded {
  readonly guard: GuessGuard;
  readonly exempt: Exemptions;
}

/**
 * Finds a login that was proven a short while ago: the backends need not be asked again. What is known of who asks is asked at the
 * same time, so that it costs no second trip to a store that is shared; what serves from memory there is not asked about, for the
 * seconds until it is asked about again. A login that this process does not hold is counted as a guess at the same time, unless
 * the store finds it remembered.
 */
export function recallVerifiedLogin(memory: VerifiedLoginMemory, guarded?: Guarded): Step {
  const guard = guarded?.guard;
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
      if (guarded === undefined) return recollection.then((recalled) => note(recalled, findings));
      const place = unlikelyPlace(findings, key, guarded, memory);
      const approach = meet({ attempt, name, password: attempt.password }, place, guarded, signal);
      findings.ahead = approach.ahead;
      return Promise.all([recollection, approach.met]).then(([recalled, met]) => {
        findings.met = met;
        if (met.kind === 'kept-out' && met.isByHand) findings.blockedByHand = met.refused;
        return note(recalled, findings);
      });
    },
  };
}

/** Where the login would be remembered, where that is unlikely and it is a guess if it is not. */
function unlikelyPlace(
  { attempt }: Findings,
  key: VerifiedLoginKey,
  { guard, exempt }: Guarded,
  memory: VerifiedLoginMemory,
): Place | undefined {
  return guard.isShared && !isExempt(attempt, exempt) ? memory.unlikelyPlaceOf(key) : undefined;
}

/** What this process holds will almost surely be found remembered: nothing is asked of it that only a guess needs. */
function meet(login: Login, place: Place | undefined, { guard }: Guarded, signal: AbortSignal): Approach {
  return place === undefined
    ? { met: guard.meet(login.attempt, login.name, signal), ahead: undefined }
    : guard.approach(login, place, signal);
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
