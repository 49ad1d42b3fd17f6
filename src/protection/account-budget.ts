import type { ClientAddress } from '../login/client-address.ts';
import type { Counter } from '../state/counters.ts';
import { networkOf, type PrefixLengths } from './network-prefix.ts';
import type { RuleMode } from './rule-mode.ts';

/** Different wrong passwords of an account that a backend is asked about within a window. */
export interface AccountBudgetRule {
  readonly mode: RuleMode;
  readonly windowMs: number;
  /** Out of networks that are new to the account, together. */
  readonly fromNewNetworks: number;
  /** Out of all networks that the account is known in, together. */
  readonly fromKnownNetworks: number;
  /** Out of each of them. */
  readonly perKnownNetwork: number;
}

/** Networks that an account has logged in from. */
export interface KnownNetworksRule {
  readonly windowMs: number;
  readonly prefixes: PrefixLengths;
  /** Networks of one account that are remembered. */
  readonly limit: number;
}

/** A login that is to be judged, as the rules see it. */
export interface Guess {
  readonly accountKey: string;
  readonly marker: string;
  readonly address: ClientAddress | undefined;
  /** Account and marker: the same for the same guess out of any network. */
  readonly key: string;
  /** Whose counters the account's are. */
  readonly owner: string;
}

export function guessAt(accountKey: string, marker: string, address: ClientAddress | undefined): Guess {
  return { accountKey, marker, address, key: `${accountKey} ${marker}`, owner: accountOwner(accountKey) };
}

/** Whether the account is known in the network of the guess. Without an address there is nothing to know. */
export function knownNetworkCounter(guess: Guess, rule: KnownNetworksRule): Counter | undefined {
  const { address } = guess;
  const network = address === undefined ? undefined : networkOf(address, rule.prefixes);
  return network === undefined ? undefined : knownCounterOf(guess, network, rule);
}

/** The same where the network of the guess is known. */
export function knownCounterOf({ owner }: Guess, network: string, { windowMs, limit }: KnownNetworksRule): Counter {
  return { owner, name: 'known-networks', windowMs, limit, member: network };
}

/** What is counted of a guess out of a network that is new to the account. */
export function strangerCounter({ owner, marker }: Guess, rule: AccountBudgetRule): Counter {
  const { windowMs, fromNewNetworks: limit } = rule;
  return { owner, name: 'new-networks', windowMs, limit, member: marker };
}

/** What is counted of a guess out of `network`, which the account is known in: first of there, then of all such networks. */
export function knownCounters({ owner, marker }: Guess, network: string, rule: AccountBudgetRule) {
  const { windowMs, fromKnownNetworks, perKnownNetwork } = rule;
  return [
    { owner, name: `network ${network}`, windowMs, limit: perKnownNetwork, member: marker },
    { owner, name: 'all-known-networks', windowMs, limit: fromKnownNetworks, member: marker },
  ] as const satisfies readonly Counter[];
}

/** Whose counters are an account's. */
export function accountOwner(accountKey: string): string {
  return `account:${accountKey}`;
}
