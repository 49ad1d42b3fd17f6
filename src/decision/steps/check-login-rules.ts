import type { RefusalReason, RuleFinding, Verdict } from '../../login/verdict.ts';
import { type Exemptions, isExempt, isForeign, lacksTls, type ServedDomains } from '../../protection/login-rules.ts';
import { type LoginRules, type Overrides, rulesFor } from '../../protection/login-rules/overrides.ts';
import { isOutOfPlace, type Places, placeText } from '../../protection/login-rules/places.ts';
import type { RuleMode } from '../../protection/rule-mode.ts';
import type { Findings, Step } from './step.ts';

/** The rules that keep logins out whatever their passwords are, for everybody and for some. */
export interface LoginRuleSet extends LoginRules {
  readonly exempt: Exemptions;
  readonly overrides: Overrides;
}

/** Keeps out who comes from a network that is denied. */
export function checkDeniedNetworks(rules: LoginRuleSet): readonly Step[] {
  return ruleStep(rules, {
    name: 'check-denied-networks',
    rule: 'denied-network',
    reason: 'blocked',
    modeIn: ({ deniedNetworks }) => deniedNetworks.mode,
    holds: ({ attempt }, { deniedNetworks }) => deniedNetworks.networks.has(attempt.clientAddress),
  });
}

/** Keeps out who has sent his password in the clear. */
export function checkTls(rules: LoginRuleSet): readonly Step[] {
  return ruleStep(rules, {
    name: 'check-tls',
    rule: 'tls',
    reason: 'tls-required',
    modeIn: ({ tls }) => tls.mode,
    holds: ({ attempt }, { tls }) => lacksTls(attempt, tls),
  });
}

/** Keeps out names of domains that are not served. */
export function checkRelayDomain(rules: LoginRuleSet, served: ServedDomains | undefined): readonly Step[] {
  return ruleStep(rules, {
    name: 'check-relay-domain',
    rule: 'relay-domain',
    reason: 'foreign-domain',
    modeIn: ({ relayDomains: { mode, domains, from = [] } }) => (domains.length + from.length === 0 ? 'off' : mode),
    holds: ({ name }, { relayDomains }) => name !== undefined && isForeign(name, relayDomains, served),
  });
}

/** Keeps out who comes from a country or an autonomous system from which nobody may. */
export function checkPlaces(rules: LoginRuleSet, places: Places | undefined): readonly Step[] {
  if (places === undefined) return [];
  return ruleStep(rules, {
    name: 'check-places',
    rule: 'place',
    reason: 'blocked',
    modeIn: (own) => own.places.mode,
    holds: ({ attempt: { clientAddress } }, own) => {
      if (clientAddress === undefined) return false;
      const place = places.placeOf(clientAddress);
      return isOutOfPlace(place, own.places) ? { detail: placeText(place) } : false;
    },
  });
}

interface About {
  readonly name: string;
  readonly rule: string;
  readonly reason: RefusalReason;
  readonly modeIn: (rules: LoginRules) => RuleMode;
  /** Whether the rule holds against an attempt, and what more is to be told of it. */
  readonly holds: (findings: Findings, rules: LoginRules) => boolean | Pick<RuleFinding, 'detail'>;
}

/** A step that refuses what the rule holds against; none where the rule is off for everybody. */
function ruleStep(rules: LoginRuleSet, { name, rule, reason, modeIn, holds }: About): readonly Step[] {
  if ([rules, ...rules.overrides.all.map((one) => one.rules)].every((own) => modeIn(own) === 'off')) return [];
  const verdict: Verdict = { kind: 'refuse', reason };
  const decide = (findings: Findings) => {
    const own = rulesFor(rules, findings.name);
    const mode = modeIn(own);
    if (mode === 'off') return undefined;
    const held = holds(findings, own);
    if (held === false || isExempt(findings.attempt, rules.exempt)) return undefined;
    const more = held === true ? {} : held;
    findings.rules = [{ rule, effect: mode === 'enforce' ? 'refused' : 'observed', ...more }];
    return mode === 'enforce' ? verdict : undefined;
  };
  return [{ name, decide }];
}
