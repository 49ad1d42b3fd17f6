import type { Recollection, VerifiedLoginMemory } from '../verified-login-memory.ts';
import type { Findings, Step } from './step.ts';

/** Finds a login that was proven a short while ago: the backends need not be asked again. */
export function recallVerifiedLogin(memory: VerifiedLoginMemory): Step {
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
      if (recollection instanceof Promise) return recollection.then((later) => note(later, findings));
      return note(recollection, findings);
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
