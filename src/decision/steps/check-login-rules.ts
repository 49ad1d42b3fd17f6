import type { RefusalReason, Verdict } from '../../login/verdict.ts';
import {
  type DeniedNetworksRule,
  type Exemptions,
  isExempt,
  isForeign,
  lacksTls,
  type RelayDomainsRule,
  type TlsRule,
} from '../../protection/login-rules.ts';
import type { RuleMode } from '../../protection/rule-mode.ts';
import type { Findings, Step } from './step.ts';

/** Keeps out who comes from a network that is denied. */
export function checkDeniedNetworks(rule: DeniedNetworksRule, exempt: Exemptions): readonly Step[] {
  return ruleStep(
    { name: 'check-denied-networks', rule: 'denied-network', reason: 'blocked', mode: rule.mode },
    (found) => (rule.networks.has(found.attempt.clientAddress) ? !isExempt(found.attempt, exempt) : false),
  );
}

/** Keeps out who has sent his password in the clear. */
export function checkTls(rule: TlsRule, exempt: Exemptions): readonly Step[] {
  return ruleStep({ name: 'check-tls', rule: 'tls', reason: 'tls-required', mode: rule.mode }, (found) =>
    lacksTls(found.attempt, rule) ? !isExempt(found.attempt, exempt) : false,
  );
}

/** Keeps out names of domains that are not served. */
export function checkRelayDomain(rule: RelayDomainsRule, exempt: Exemptions): readonly Step[] {
  const mode = rule.domains.length === 0 ? 'off' : rule.mode;
  return ruleStep({ name: 'check-relay-domain', rule: 'relay-domain', reason: 'foreign-domain', mode }, (found) =>
    found.name !== undefined && isForeign(found.name, rule) ? !isExempt(found.attempt, exempt) : false,
  );
}

interface About {
  readonly name: string;
  readonly rule: string;
  readonly reason: RefusalReason;
  readonly mode: RuleMode;
}

/** A step that refuses what the rule holds against; none where the rule is off. */
function ruleStep({ name, rule, reason, mode }: About, holds: (findings: Findings) => boolean): readonly Step[] {
  if (mode === 'off') return [];
  const verdict: Verdict = { kind: 'refuse', reason };
  const decide = (findings: Findings) => {
    if (!holds(findings)) return undefined;
    findings.rules = [{ rule, effect: mode === 'enforce' ? 'refused' : 'observed' }];
    return mode === 'enforce' ? verdict : undefined;
  };
  return [{ name, decide }];
}
