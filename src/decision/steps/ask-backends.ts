import type { Backend, MaybePromise, VerifyResult } from '../../backends/backend.ts';
import type { Account } from '../../login/account.ts';
import type { AccountName } from '../../login/account-name.ts';
import type { RefusalReason, Verdict } from '../../login/verdict.ts';
import type { LookUpMemory, LookUpSource, SourcedLookup } from '../look-up-memory.ts';
import type { Findings, Step } from './step.ts';

type Answer = SourcedLookup | VerifyResult;
type Conclusive = Exclude<Answer, { kind: 'unknown-user' }>;
type Asked = Pick<Backend, 'name' | 'servesName'>;
type Ask<Who> = (who: Who, findings: Findings, signal: AbortSignal) => MaybePromise<Answer>;

/**
 * Proves the password against the chain of backends: the first that knows the account decides. One that cannot answer ends the
 * chain, for it may know the account, with another password than a later backend's or disabled. Backends whose domains do not
 * have the name are passed over.
 */
export function verifyWithBackends(backends: readonly Backend[]): Step {
  return askInOrder('verify-with-backends', backends, (backend, { attempt, name }, signal) => {
    if (name === undefined || attempt.password === undefined) throw new Error('a step before this one must check them');
    return backend.verifyPassword({ name, attempt, password: attempt.password }, signal);
  });
}

/** Looks the account up in the chain of backends, without a password, by the same rules. What `memory` holds is not asked again. */
export function lookUpInBackends(backends: readonly Backend[], memory?: LookUpMemory): Step {
  const sources: readonly LookUpSource[] = backends.map((backend) => memory?.before(backend) ?? backend);
  return askInOrder('look-up-in-backends', sources, (source, { attempt, name }, signal) => {
    if (name === undefined) throw new Error('a step before this one must check it');
    return source.lookUpAccount({ name, attempt }, signal);
  });
}

function askInOrder<Who extends Asked>(name: string, backends: readonly Who[], ask: Ask<Who>): Step {
  const askFrom = (start: number, findings: Findings, signal: AbortSignal): MaybePromise<Verdict | undefined> => {
    for (let i = start; i < backends.length; i += 1) {
      const backend = backends[i] as Who;
      if (findings.name !== undefined && backend.servesName?.(findings.name) === false) continue;
      const answer = ask(backend, findings, signal);
      if (answer instanceof Promise) {
        return answer.then((later) =>
          later.kind === 'unknown-user' ? askFrom(i + 1, findings, signal) : conclude(later, findings, backend),
        );
      }
      if (answer.kind !== 'unknown-user') return conclude(answer, findings, backend);
    }
    return UNKNOWN_USER;
  };
  return { name, decide: (findings, signal) => askFrom(0, findings, signal) };
}

const UNKNOWN_USER: Verdict = { kind: 'refuse', reason: 'unknown-user' };

function conclude(answer: Conclusive, findings: Findings, backend: Asked): Verdict | undefined {
  switch (answer.kind) {
    case 'found':
      findings.account = answer.account;
      if (answer.source !== undefined) findings.source = answer.source;
      return undefined;
    case 'verified':
      findings.account = answer.account;
      if (answer.master !== undefined) findings.master = answer.master;
      return undefined;
    case 'wrong-password':
      return refuse('wrong-password', answer, backend);
    case 'refused':
      return refuse(answer.reason, answer, backend);
    case 'unavailable':
      return {
        kind: 'defer',
        cause: answer.overloaded ? 'backend-overloaded' : 'backend-unavailable',
        detail: answer.detail,
        backend: backend.name,
      };
  }
}

function refuse(
  reason: RefusalReason,
  { account, master }: { readonly account: Account; readonly master?: AccountName },
  backend: Asked,
): Verdict {
  const whose = master === undefined ? {} : { master };
  return { kind: 'refuse', reason, backend: backend.name, account: account.name, ...whose };
}
