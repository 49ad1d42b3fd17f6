import type { Backend, LookupResult, MaybePromise, VerifyResult } from '../../backends/backend.ts';
import type { Verdict } from '../../login/verdict.ts';
import type { Findings, Step } from './step.ts';

type Answer = LookupResult | VerifyResult;
type Ask = (backend: Backend, findings: Findings, signal: AbortSignal) => MaybePromise<Answer>;

/** Proves the password against the chain of backends: the first that knows the account decides. */
export function verifyWithBackends(backends: readonly Backend[]): Step {
  return askInOrder('verify-with-backends', backends, (backend, { attempt, name }, signal) => {
    if (name === undefined || attempt.password === undefined) throw new Error('a step before this one must check them');
    return backend.verifyPassword({ name, attempt, password: attempt.password }, signal);
  });
}

/** Looks the account up in the chain of backends, without a password: the first that knows it decides. */
export function lookUpInBackends(backends: readonly Backend[]): Step {
  return askInOrder('look-up-in-backends', backends, (backend, { attempt, name }, signal) => {
    if (name === undefined) throw new Error('a step before this one must check it');
    return backend.lookUpAccount({ name, attempt }, signal);
  });
}

function askInOrder(name: string, backends: readonly Backend[], ask: Ask): Step {
  const first = backends[0];
  if (backends.length === 1 && first !== undefined) {
    return { name, decide: (findings, signal) => continueWith(ask(first, findings, signal), findings, first) };
  }
  return { name, decide: (findings, signal) => askEach(backends, findings, signal, ask) };
}

function continueWith(answer: MaybePromise<Answer>, findings: Findings, backend: Backend) {
  if (answer instanceof Promise) return answer.then((later) => conclude(later, findings, backend));
  return conclude(answer, findings, backend);
}

/**
 * A backend that cannot answer does not end the chain, but what it could have known is not known: where no later backend
 * decides, the attempt is deferred, never refused as an unknown user.
 */
async function askEach(
  backends: readonly Backend[],
  findings: Findings,
  signal: AbortSignal,
  ask: Ask,
): Promise<Verdict | undefined> {
  let deferred: Verdict | undefined;
  for (const backend of backends) {
    const answer = await ask(backend, findings, signal);
    const verdict = conclude(answer, findings, backend);
    if (answer.kind === 'unavailable') deferred ??= verdict;
    else if (answer.kind !== 'unknown-user') return verdict;
  }
  return deferred ?? UNKNOWN_USER;
}

const UNKNOWN_USER: Verdict = { kind: 'refuse', reason: 'unknown-user' };

function conclude(answer: Answer, findings: Findings, backend: Backend): Verdict | undefined {
  switch (answer.kind) {
    case 'found':
    case 'verified':
      findings.account = answer.account;
      return undefined;
    case 'wrong-password':
      return { kind: 'refuse', reason: 'wrong-password', backend: backend.name };
    case 'unknown-user':
      return UNKNOWN_USER;
    case 'unavailable':
      return {
        kind: 'defer',
        cause: answer.overloaded ? 'backend-overloaded' : 'backend-unavailable',
        detail: answer.detail,
        backend: backend.name,
      };
  }
}
