import type { ClientAddress } from '../login/client-address.ts';
import type { Counter } from '../state/counters.ts';
import { networkOwner } from './network-ladder.ts';
import { networkOf } from './network-prefix.ts';

/**
 * An address that many accounts log in from: an office behind one address, a webmail, a proxy that hides its clients. It is never
 * blocked as a whole; what can be done is to make the proxy tell the client's address.
 */
export interface SharedAddressRule {
  readonly windowMs: number;
  /** Accounts that have logged in within the window; 0 where no address is taken for shared. */
  readonly accounts: number;
}

const ONE_CLIENT = { ipv4: 32, ipv6: 64 } as const;

/** Counts accounts that have logged in; its limit is reached where the address is shared. */
export function sharedAddressCounter(accountKey: string, address: ClientAddress, rule: SharedAddressRule): Counter {
  return sharedCounterOf(accountKey, clientOwnerOf(address), rule);
}

/** Whose counter of logins an address has. */
export function clientOwnerOf(address: ClientAddress): string {
  return networkOwner(networkOf(address, ONE_CLIENT) ?? address);
}

/** The same where it is known whose counter it is. */
export function sharedCounterOf(accountKey: string, owner: string, { windowMs, accounts }: SharedAddressRule): Counter {
  return { owner, name: 'logins', windowMs, limit: Math.max(1, accounts), member: accountKey };
}
