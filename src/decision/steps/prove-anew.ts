import type { AccountName } from '../../login/account-name.ts';
import type { Verdict } from '../../login/verdict.ts';
import type { VerifiedLoginKey } from '../../state/verified-logins.ts';
import type { VerifiedLoginMemory } from '../verified-login-memory.ts';
import type { Findings, Step } from './step.ts';

/** What asking the backends has brought: the verdict where it ends the decision, else what was found. */
interface Proof {
  readonly verdict: Verdict | undefined;
  readonly found: Pick<Findings, 'account' | 'master' | 'source'>;
}

interface Question {
  readonly findings: Findings;
  readonly memory: VerifiedLoginMemory;
  readonly signal: AbortSignal;
  /** Wall clock in milliseconds before the backends were asked. */
  readonly askedAtMs: number;
}

/**
 * Asks the backends where no remembered login stands for a proof, and remembers what they say.
 *
 * Logins that are the same and under way at the same time share one question. A wrong password, a disabled or a removed account
 * ends all that is remembered of the account. While a backend cannot answer, an older remembered login serves. What a backend
 * answers at once, out of its own memory, is not worth remembering.
 *
 * @param verify the step that asks the backends
 */
export function proveAnew(verify: Step, memory: VerifiedLoginMemory): Step {
  // Emptied when they end: old tables of the map may keep them for longer.
  const inFlight = new Map<string, { proof: Promise<Proof> | undefined }>();
  return {
    name: verify.name,
    decide(findings, signal) {
      if (findings.account !== undefined) return undefined;
      const text = findings.loginKey === undefined ? undefined : textOf(findings.loginKey);
      const asked = text === undefined ? undefined : inFlight.get(text)?.proof;
      if (asked !== undefined) return asked.then((proof) => adopt(proof, findings));
      const question = { findings, signal, memory, askedAtMs: memory.now() };
      const answer = verify.decide(findings, signal);
      if (!(answer instanceof Promise)) return settleAtOnce(answer, question);
      memory.noteSlowAnswer();
      const proof = answer.then((verdict) => settle(verdict, question));
      if (text !== undefined) {
        const flight: { proof: Promise<Proof> | undefined } = { proof };
        inFlight.set(text, flight);
        const end = () => {
          inFlight.delete(text);
          flight.proof = undefined;
        };
        proof.then(end, end);
      }
      return proof.then((settled) => adopt(settled, findings));
    },
  };
}

function textOf({ loginName, passwordTag, scope }: VerifiedLoginKey): string {
  return `${loginName} ${passwordTag} ${scope}`;
}

function adopt({ verdict, found }: Proof, findings: Findings): Verdict | undefined {
  Object.assign(findings, found);
  return verdict;
}

function settleAtOnce(verdict: Verdict | undefined, question: Question): Verdict | undefined {
  const { findings, memory, signal } = question;
  const forgotten = whoseLoginsEnd(verdict, findings);
  if (forgotten !== undefined) void memory.forget(forgotten, signal);
  if (verdict?.kind !== 'defer') return verdict;
  return adopt(standIn(verdict, findings), findings);
}

/** Forgetting is waited for, so that no process serves an old password after it was refused here; remembering is not. */
async function settle(verdict: Verdict | undefined, question: Question): Promise<Proof> {
  const { findings, memory, signal, askedAtMs } = question;
  const { account, master } = findings;
  const forgotten = whoseLoginsEnd(verdict, findings);
  if (forgotten !== undefined) await memory.forget(forgotten, signal);
  if (verdict?.kind === 'defer') return standIn(verdict, findings);
  // What a master may see depends on two accounts; only one of them could end what is remembered.
  if (verdict === undefined && account !== undefined && !account.isDisabled && master === undefined)
    void memory.remember(findings.loginKey ?? keyOf(findings, memory), account, askedAtMs, signal);
  return { verdict, found: { ...(account && { account }), ...(master && { master }) } };
}

function keyOf({ name, attempt }: Findings, memory: VerifiedLoginMemory): VerifiedLoginKey {
  if (name === undefined || attempt.password === undefined) throw new Error('a step before this one must check them');
  return memory.keyOf(name, attempt, attempt.password);
}

/** The account of an older login where the backend cannot answer. */
function standIn(verdict: Verdict, { staleAccount }: Findings): Proof {
  if (staleAccount === undefined) return { verdict, found: {} };
  return { verdict: undefined, found: { account: staleAccount, source: 'outage' } };
}

function whoseLoginsEnd(verdict: Verdict | undefined, { account, staleAccount }: Findings): AccountName | undefined {
  if (verdict === undefined) return account?.isDisabled ? account.name : undefined;
  if (verdict.kind !== 'refuse') return undefined;
  return verdict.account ?? (verdict.reason === 'unknown-user' ? staleAccount?.name : undefined);
}
