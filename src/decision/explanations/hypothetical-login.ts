import type { Attempt } from '../../login/attempt.ts';
import { type AccountName, parseAccountName } from '../../login/account-name.ts';
import type { Decision, RefusalReason } from '../../login/verdict.ts';
import { accountKeyOf } from '../../protection/account-key.ts';
import { isExempt, isForeign, lacksTls, type ServedDomains } from '../../protection/login-rules.ts';
import { rulesFor } from '../../protection/login-rules/overrides.ts';
import { isOutOfPlace, type Places, placeText } from '../../protection/login-rules/places.ts';
import type { RuleMode } from '../../protection/rule-mode.ts';
import type { Decide } from '../authenticate.ts';
import type { LoginRuleSet } from '../steps/check-login-rules.ts';
import type { ExplainedStep, Explanation, StepEffect } from './explanation.ts';
import { explainGuess, type GuessBooks } from './hypothetical-guess.ts';
import { passedText, reasonText } from './reason-texts.ts';
import { ruleText } from './rule-texts.ts';

export interface HypothesesParts {
  readonly rules: LoginRuleSet;
  /** Knows where addresses are; no rule looks at that where absent. */
  readonly places?: Places | undefined;
  readonly servedDomains?: ServedDomains | undefined;
  readonly books: Omit<GuessBooks, 'now'>;
  /** Asks the backends where the attempt is a look-up. */
  readonly decide: Decide;
  /** How long remembered logins serve, in milliseconds; 0 where none do. */
  readonly rememberedMs: number;
  /** Wall clock in milliseconds. */
  readonly now: () => number;
}

/** Explains what a login would come to; without a name, what its network is charged with. Nothing is counted or remembered. */
export type ExplainHypothesis = (attempt: Attempt, signal: AbortSignal) => Promise<Explanation>;

export function createHypotheses(parts: HypothesesParts): ExplainHypothesis {
  return async (attempt, signal) => {
    if (attempt.loginName === '') {
      const steps = await protectionSteps(attempt, { account: undefined, parts, signal });
      return explanationOf(attempt, steps, undefined);
    }
    const name = parseAccountName(attempt.loginName);
    if (name === undefined) return explanationOf(attempt, [refused('reject-invalid-name', 'invalid-name')], undefined);
    const decision = await parts.decide({ ...attempt, mode: 'look-up' });
    const account = accountIn(decision);
    const steps = await protectionSteps(attempt, { account: account ?? name, parts, signal });
    return explanationOf(attempt, [passed('reject-invalid-name'), ...steps, backendStep(decision)], account);
  };
}

interface ProtectionAsked {
  readonly account: AccountName | undefined;
  readonly parts: HypothesesParts;
  readonly signal: AbortSignal;
}

async function protectionSteps(
  attempt: Attempt,
  { account, parts, signal }: ProtectionAsked,
): Promise<readonly ExplainedStep[]> {
  const { rules, books, rememberedMs, now } = parts;
  const memory = account === undefined || rememberedMs === 0 ? [] : [remembered(rememberedMs)];
  const chosen = overrideStep(attempt, parts);
  if (isExempt(attempt, rules.exempt)) return [...chosen, exempted, ...memory];
  const accountKey = account === undefined ? undefined : accountKeyOf(account);
  const name = parseAccountName(attempt.loginName);
  const isSpared = name !== undefined && rules.overrides.spares(name);
  const guesses = await explainGuess({ attempt, accountKey, isSpared, signal }, { ...books, now });
  return [...chosen, ...loginRuleSteps(attempt, parts), ...memory, ...guesses];
}

const exempted: ExplainedStep = {
  step: 'check-guesses',
  effect: 'passed',
  text: 'the caller or the network is exempt: no rule of the protection is looked at',
};

type Look = readonly [step: string, rule: string, mode: RuleMode, holds: boolean, detail?: string | undefined];

function loginRuleSteps(attempt: Attempt, { rules, places, servedDomains }: HypothesesParts): readonly ExplainedStep[] {
  const name = parseAccountName(attempt.loginName);
  const { deniedNetworks, tls, relayDomains, places: placesRule } = rulesFor(rules, name);
  const { clientAddress } = attempt;
  const place = clientAddress === undefined ? undefined : places?.placeOf(clientAddress);
  const isOther = name !== undefined && isForeign(name, relayDomains, servedDomains);
  const isElsewhere = place !== undefined && isOutOfPlace(place, placesRule);
  const looks: readonly Look[] = [
    ['check-denied-networks', 'denied-network', deniedNetworks.mode, deniedNetworks.networks.has(clientAddress)],
    ['check-places', 'place', placesRule.mode, isElsewhere, place && placeText(place)],
    ['check-tls', 'tls', tls.mode, lacksTls(attempt, tls)],
    ['check-relay-domain', 'relay-domain', relayDomains.mode, isOther],
  ];
  return looks.flatMap(([step, rule, mode, holds, detail]): readonly ExplainedStep[] => {
    if (mode === 'off') return [];
    if (!holds) return [passed(step)];
    const effect = mode === 'enforce' ? 'refused' : 'observed';
    const finding = { rule, effect, detail } as const;
    return [{ step, effect, text: ruleText(finding, {}).why, finding }];
  });
}

/** Which entry of the overrides is for a login. */
function overrideStep(attempt: Attempt, { rules }: HypothesesParts): readonly ExplainedStep[] {
  const override = rules.overrides.find(parseAccountName(attempt.loginName));
  if (override === undefined) return [];
  const text = `the entry ${override.name} of protection.overrides says which rules are for this name`;
  return [{ step: 'choose-rules', effect: 'passed', text }];
}

function remembered(ms: number): ExplainedStep {
  const text = `a password that was proven within ${Math.round(ms / 1000)} s would be accepted here, whatever follows`;
  return { step: 'recall-verified-login', effect: 'passed', text };
}

/** What the backends say of the account decides unless the password does. */
function backendStep({ verdict }: Decision): ExplainedStep {
  switch (verdict.kind) {
    case 'accept': {
      const text = `${verdict.account.backend} knows the account ${verdict.account.name}: its password decides`;
      return { step: 'verify-with-backends', effect: 'open', text };
    }
    case 'refuse':
      return refused(
        verdict.reason === 'account-disabled' ? 'apply-account-state' : 'verify-with-backends',
        verdict.reason,
      );
    case 'defer': {
      const why = reasonText(verdict.cause)?.why ?? verdict.cause;
      const text = `${why}: ${verdict.detail}`;
      return { step: 'verify-with-backends', effect: 'deferred', text, reason: verdict.cause };
    }
  }
}

function refused(step: string, reason: RefusalReason): ExplainedStep {
  return { step, effect: 'refused', text: reasonText(reason)?.why ?? reason, reason };
}

function passed(step: string): ExplainedStep {
  return { step, effect: 'passed', text: passedText(step) };
}

function accountIn(decision: Decision | undefined) {
  if (decision === undefined) return undefined;
  const { verdict } = decision;
  if (verdict.kind === 'accept') return verdict.account.name;
  return verdict.kind === 'refuse' ? verdict.account : undefined;
}

const OUTCOMES: Readonly<Partial<Record<StepEffect, Explanation['outcome']>>> = {
  refused: 'refuse',
  deferred: 'defer',
};

function explanationOf(attempt: Attempt, steps: readonly ExplainedStep[], account: string | undefined): Explanation {
  const { loginName, clientAddress, protocol, caller } = attempt;
  const decisive = steps.find(({ effect }) => effect in OUTCOMES) ?? steps.at(-1);
  const whose = { account: account ?? (loginName || undefined), address: clientAddress };
  const wouldDiffer = steps
    .filter(({ effect }) => effect in OUTCOMES)
    .flatMap(({ finding, reason }) =>
      finding === undefined ? (reasonText(reason ?? '')?.differ ?? []) : ruleText(finding, whose).differ,
    );
  return {
    kind: 'hypothetical',
    login: { mode: 'authenticate', loginName, account, clientAddress, protocol, caller },
    outcome: (decisive === undefined ? undefined : OUTCOMES[decisive.effect]) ?? 'open',
    reason: reasonOf(decisive),
    decidedBy: decisive?.step ?? '',
    why: decisive?.text ?? 'nothing was asked about',
    steps,
    wouldDiffer: [...new Set(wouldDiffer)],
  };
}

/** The code that the log would have. */
function reasonOf(step: ExplainedStep | undefined): string {
  if (step === undefined || !(step.effect in OUTCOMES)) return 'open';
  switch (step.finding?.rule) {
    case undefined:
      return step.reason ?? 'blocked';
    case 'tls':
      return 'tls-required';
    case 'relay-domain':
      return 'foreign-domain';
    default:
      return 'blocked';
  }
}
