import type { ClientAddress } from '../../login/client-address.ts';
import type { Verdict } from '../../login/verdict.ts';
import type { AddressLists, RblRule, Standing } from '../../protection/login-rules/address-lists.ts';
import { isExempt } from '../../protection/login-rules.ts';
import { rulesFor } from '../../protection/login-rules/overrides.ts';
import { andThen } from '../maybe-promise.ts';
import type { LoginRuleSet } from './check-login-rules.ts';
import type { Findings, Step } from './step.ts';

const REFUSED: Verdict = { kind: 'refuse', reason: 'blocked' };

/**
 * Keeps out who comes from an address that lists in the DNS have. They are asked only about logins that a backend is to prove,
 * and not about those out of networks that the account is known in: its owner answers for nobody else there.
 */
export function checkAddressLists(rules: LoginRuleSet, lists: AddressLists): Step {
  return {
    name: 'check-address-lists',
    decide(findings) {
      const { rbl } = rulesFor(rules, findings.name);
      const address = addressToAsk(findings, rbl);
      if (address === undefined || isExempt(findings.attempt, rules.exempt)) return undefined;
      return andThen(lists.ask(address), (standing) => judge(standing, rbl, findings));
    },
  };
}

function addressToAsk({ attempt, account, reservation }: Findings, rbl: RblRule): ClientAddress | undefined {
  const { clientAddress } = attempt;
  if (rbl.mode === 'off' || account !== undefined || rbl.allowedNetworks.has(clientAddress)) return undefined;
  return rbl.sparesKnownNetworks && reservation?.isInKnownNetwork === true ? undefined : clientAddress;
}

function judge(standing: Standing, { mode, threshold, onFailure }: RblRule, findings: Findings): Verdict | undefined {
  const { score, listedOn, unanswered, isOver, mayBeOver } = standing;
  if (isOver) {
    const effect = mode === 'enforce' ? 'refused' : 'observed';
    findings.rules = [{ rule: 'rbl', effect, count: score, limit: threshold, detail: listedOn.join(' ') }];
    return mode === 'enforce' ? REFUSED : undefined;
  }
  if (!mayBeOver || unanswered.length === 0 || onFailure === 'let-in' || mode !== 'enforce') return undefined;
  return { kind: 'defer', cause: 'lists-unavailable', detail: `no answer of ${unanswered.join(', ')}` };
}
