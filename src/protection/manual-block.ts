import type { ClientAddress } from '../login/client-address.ts';
import { networkOf } from './network-prefix.ts';

/** Lengths of prefixes that networks may be blocked with by hand: each one is looked up at every login. */
export const MANUAL_PREFIXES = { ipv4: [32, 24, 16], ipv6: [128, 64, 56, 48, 32] } as const;

/** Under which keys blocks that were put by hand are found. They hold against everybody, in known networks too. */
export function manualBlockKeys(accountKey: string, address: ClientAddress | undefined): string[] {
  const keys = [manualAccountKey(accountKey)];
  if (address === undefined) return keys;
  const { ipv4, ipv6 } = MANUAL_PREFIXES;
  for (const length of address.includes(':') ? ipv6 : ipv4)
    keys.push(`network:${networkOf(address, { ipv4: length, ipv6: length })}`);
  return keys;
}

export function manualAccountKey(accountKey: string): string {
  return `account:${accountKey}`;
}
