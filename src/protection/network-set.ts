import { BlockList } from 'node:net';
import type { ClientAddress } from '../login/client-address.ts';

/** Networks in CIDR form, to ask whether an address is in any of them. */
export class NetworkSet {
  readonly #list = new BlockList();
  readonly #isEmpty: boolean;

  /** @param networks as `resolveNetworks` gives them */
  constructor(networks: readonly string[]) {
    this.#isEmpty = networks.length === 0;
    for (const network of networks) {
      const [address = '', length = ''] = network.split('/');
      this.#list.addSubnet(address, Number(length), familyOf(address));
    }
  }

  has(address: ClientAddress | undefined): boolean {
    return address !== undefined && !this.#isEmpty && this.#list.check(address, familyOf(address));
  }
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return address.includes(':') ? 'ipv6' : 'ipv4';
}
