import type { ClientAddress } from '../login/client-address.ts';
import { networkOf } from './network-prefix.ts';

/** What blocks that were put by hand name as their rule. */
export const MANUAL_RULE = 'manual';

/** Lengths of prefixes that networks may be blocked with by hand: each one is looked up at every login. */
export const MANUAL_PREFIXES = { ipv4: [32, 24, 16], ipv6: [128, 64, 56, 48, 32] } as const;

/** Under which keys blocks that were put by hand are found. They hold against everybody, in known networks too. */
export function manualBlockKeys(accountKey: string, address: ClientAddress | undefined): string[] {
  return [manualAccountKey(accountKey), ...(address === undefined ? [] : manualKeysAt(address))];
}

/** The keys of the networks that an address is in. */
export function manualKeysAt(address: ClientAddress): readonly string[] {
  const { ipv4, ipv6 } = MANUAL_PREFIXES;
  const lengths: readonly number[] = address.includes(':') ? ipv6 : ipv4;
  return lengths.map((length) => `network:${networkOf(address, { ipv4: length, ipv6: length })}`);
}

export function manualAccountKey(accountKey: string): string {
  return `account:${accountKey}`;
}

/** Under which key a network is blocked by hand, or `undefined` where its prefix has none of {@link MANUAL_PREFIXES}. */
export function manualNetworkKey(network: string): string | undefined {
  const lengths: readonly number[] = network.includes(':') ? MANUAL_PREFIXES.ipv6 : MANUAL_PREFIXES.ipv4;
  return lengths.includes(Number(network.split('/')[1])) ? `network:${network}` : undefined;
}
