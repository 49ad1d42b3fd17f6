import type { Attempt } from '../login/attempt.ts';
import type { ClientAddress } from '../login/client-address.ts';
import type { Block } from '../state/blocks.ts';
import type { Counter } from '../state/counters.ts';
import type { Guess } from './account-budget.ts';
import { networkOf, type PrefixLengths } from './network-prefix.ts';
import type { RuleMode } from './rule-mode.ts';

/** Guesses out of one network within a window; beyond the limit the network is blocked. */
export interface NetworkRule {
  readonly name: string;
  readonly mode: RuleMode;
  readonly windowMs: number;
  readonly limit: number;
  /** How long the first block lasts; each further one twice as long. Not shorter than the window. */
  readonly blockMs: number;
  readonly longestBlockMs: number;
  readonly prefixes: PrefixLengths;
  /** What the rule is for; everything where absent. */
  readonly protocols: ReadonlySet<string> | undefined;
  readonly callers: ReadonlySet<string> | undefined;
  readonly oidcClients: ReadonlySet<string> | undefined;
}

/** A rule with the network that it counts for. */
export interface Rung {
  readonly rule: NetworkRule;
  readonly network: string;
  readonly blockKey: string;
  /** Whose counters the network's are. */
  readonly owner: string;
  /** The name of its counter of guesses. */
  readonly counterName: string;
}

/** How long blocks of a network are remembered, so that the next one is longer. */
const REPEATER_WINDOW_MS = 14 * 24 * 60 * 60 * 1000;
const MAX_DOUBLINGS = 30;
/** What the name of a counter of failed guesses ends in. */
export const FAILED = ' failed';

/** The rungs that hold for an attempt, in the order of the rules. A filter that the attempt says nothing about does not match. */
export function rungsOf(attempt: Attempt, rules: readonly NetworkRule[]): readonly Rung[] {
  const { clientAddress } = attempt;
  return clientAddress === undefined ? [] : rungsFor(attempt, rungsAt(clientAddress, rules));
}

/** The rungs that may hold for attempts out of an address, in the order of the rules. */
export function rungsAt(address: ClientAddress, rules: readonly NetworkRule[]): readonly Rung[] {
  const rungs: Rung[] = [];
  for (const rule of rules) {
    const network = rule.mode === 'off' ? undefined : networkOf(address, rule.prefixes);
    if (network === undefined) continue;
    const blockKey = `network:${network} rule:${rule.name}`;
    rungs.push({ rule, network, blockKey, owner: networkOwner(network), counterName: `guesses ${rule.name}` });
  }
  return rungs;
}

/** Those rungs of an address that hold for an attempt. */
export function rungsFor(attempt: Attempt, rungs: readonly Rung[]): readonly Rung[] {
  return rungs.every(({ rule }) => isMeant(attempt, rule)) ? rungs : rungs.filter(({ rule }) => isMeant(attempt, rule));
}

function isMeant({ protocol, caller, oidcClient }: Attempt, { protocols, callers, oidcClients }: NetworkRule): boolean {
  return (
    (protocols === undefined || protocols.has(protocol)) &&
    (callers === undefined || callers.has(caller)) &&
    (oidcClients === undefined || (oidcClient !== undefined && oidcClients.has(oidcClient)))
  );
}

/** What is counted of a guess: the same password for the same account counts once. */
export function rungCounter({ key }: Guess, { rule, owner, counterName: name }: Rung): Counter {
  const { windowMs, limit } = rule;
  return { owner, name, windowMs, limit, member: key };
}

/** Of what a counter of guesses counts, those that have failed: it counts those that are under way too. */
export function failedCounter(counter: Counter): Counter {
  return { ...counter, name: `${counter.name}${FAILED}` };
}

/** Counts how often a network was blocked. */
export function repeatCounter({ rule, owner }: Rung): Counter {
  const name = `blocks ${rule.name}`;
  return { owner, name, windowMs: REPEATER_WINDOW_MS, limit: MAX_DOUBLINGS };
}

/** Whose counters are a network's. */
export function networkOwner(network: string): string {
  return `network:${network}`;
}

/** The block of a network that has passed the limit; `times` counts this block too. */
export function blockOf({ rule, network, blockKey }: Rung, times: number, nowMs: number): Block {
  const lasts = Math.min(rule.longestBlockMs, rule.blockMs * 2 ** Math.min(MAX_DOUBLINGS, Math.max(0, times - 1)));
  return {
    key: blockKey,
    network,
    rule: rule.name,
    scope: scopeOf(rule),
    sinceMs: nowMs,
    untilMs: nowMs + lasts,
    reason: `more than ${rule.limit} guesses`,
    by: 'nauthilus',
  };
}

/** A block that ends later than its rule could ever have said was put by a clock that was wrong. */
export function isCredible({ untilMs }: Block, { rule }: Rung, nowMs: number): boolean {
  return untilMs <= nowMs + Math.max(rule.blockMs, rule.longestBlockMs);
}

function scopeOf({ protocols, callers, oidcClients }: NetworkRule): string {
  const filters = [...(protocols ?? []), ...(callers ?? []), ...(oidcClients ?? [])];
  return filters.length === 0 ? 'all' : filters.join(' ');
}
