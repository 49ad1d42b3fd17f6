import { LRUCache } from 'lru-cache';
import type { ClientAddress } from '../login/client-address.ts';
import type { KnownNetworksRule } from './account-budget.ts';
import { manualKeysAt } from './manual-block.ts';
import { type NetworkRule, type Rung, rungsAt } from './network-ladder.ts';
import { networkOf } from './network-prefix.ts';
import { clientOwnerOf } from './shared-address.ts';
import type { SprayingRule } from './spraying.ts';

/** What the rules want to know of an address, whoever comes from there. */
export interface Surroundings {
  readonly rungs: readonly Rung[];
  /** Under which keys its networks may be blocked by hand. */
  readonly manualKeys: readonly string[];
  /** The network that accounts are known in. */
  readonly knownIn: string | undefined;
  /** The network that sprayed passwords are counted for. */
  readonly sprayedFrom: string | undefined;
  /** Whose counter of logins the address has. */
  readonly clientOwner: string;
}

export interface SurroundingRules {
  readonly networks: readonly NetworkRule[];
  readonly knownNetworks: KnownNetworksRule;
  readonly spraying: SprayingRule;
}

/** Each takes about 1.5 kB. */
const MAX_REMEMBERED = 2048;

const NOWHERE: Surroundings = {
  rungs: [],
  manualKeys: [],
  knownIn: undefined,
  sprayedFrom: undefined,
  clientOwner: '',
};

/** Surroundings of addresses, of which the latest are remembered: they are a dozen texts that would be made anew for each login. */
export class SurroundingsOfAddresses {
  readonly #rules: SurroundingRules;
  readonly #latest = new LRUCache<ClientAddress, Surroundings>({ max: MAX_REMEMBERED });

  constructor(rules: SurroundingRules) {
    this.#rules = rules;
  }

  of(address: ClientAddress | undefined): Surroundings {
    if (address === undefined) return NOWHERE;
    const known = this.#latest.get(address);
    if (known !== undefined) return known;
    const made = this.#make(address);
    this.#latest.set(address, made);
    return made;
  }

  #make(address: ClientAddress): Surroundings {
    const { networks, knownNetworks, spraying } = this.#rules;
    return {
      rungs: rungsAt(address, networks),
      manualKeys: manualKeysAt(address),
      knownIn: networkOf(address, knownNetworks.prefixes),
      sprayedFrom: networkOf(address, spraying.prefixes),
      clientOwner: clientOwnerOf(address),
    };
  }
}
