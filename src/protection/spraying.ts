import type { Counter } from '../state/counters.ts';
import type { Guess } from './account-budget.ts';
import { networkOf, type PrefixLengths } from './network-prefix.ts';
import { isOfAllAccounts } from './password-markers.ts';
import type { RuleMode } from './rule-mode.ts';

/** One password that is tried at many accounts out of one network. */
export interface SprayingRule {
  readonly mode: RuleMode;
  readonly windowMs: number;
  /** Accounts that one password may fail at. */
  readonly accounts: number;
  readonly prefixes: PrefixLengths;
}

export interface SprayingCounter {
  readonly counter: Counter;
  readonly network: string;
}

/** What is counted of a guess. Networks and passwords have no end: each pair is an owner of its own, that may be forgotten. */
export function sprayingCounter(guess: Guess, rule: SprayingRule): SprayingCounter | undefined {
  const { address } = guess;
  return sprayingCounterOf(guess, address === undefined ? undefined : networkOf(address, rule.prefixes), rule);
}

/** The same where the network of the guess is known. */
export function sprayingCounterOf(
  { accountKey, marker }: Guess,
  network: string | undefined,
  rule: SprayingRule,
): SprayingCounter | undefined {
  if (network === undefined || rule.mode === 'off' || !isOfAllAccounts(marker)) return undefined;
  const { windowMs, accounts: limit } = rule;
  return {
    network,
    counter: { owner: `spraying:${network} ${marker}`, name: 'accounts', windowMs, limit, member: accountKey },
  };
}
