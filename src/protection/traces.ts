import type { Block } from '../state/blocks.ts';
import type { Sweep } from '../state/sweep.ts';
import { accountOwner } from './account-budget.ts';
import { MANUAL_RULE, manualAccountKey } from './manual-block.ts';
import { FAILED, networkOwner } from './network-ladder.ts';
import { overlap } from './network-prefix.ts';

/** Whose traces are to be forgotten: what is counted and blocked of accounts, out of a network, or by one rule for a network. */
export interface Traces {
  /** Keys of accounts. */
  readonly accounts: readonly string[];
  /** In CIDR form. Meant are all networks that one of them holds or that hold it. */
  readonly networks: readonly string[];
  /** Only what this rule has counted and blocked. */
  readonly rule?: string | undefined;
  /** Keys of the blocks that end, whose networks are exactly those above; where absent, all of the accounts and networks. */
  readonly blocks?: readonly string[] | undefined;
}

const MARKER = / ~?[0-9a-f]{4}$/;
const OF_ACCOUNT = 'account:';
const OF_NETWORK = 'network:';
const OF_SPRAYING = 'spraying:';
const BY_NETWORK_OF_ACCOUNT = 'network ';

/** Finds all that is counted of the traces. */
export function sweepOf(traces: Traces): Sweep {
  const { accounts, networks, rule } = traces;
  if (rule !== undefined) return sweepOfRule(rule, networks);
  return networks.length === 0 ? sweepOfAccounts(accounts) : sweepOfNetworks(accounts, networks);
}

/** The only owners that a sweep has to look at; all where `undefined`. */
export function ownersOf({ networks, rule, blocks }: Traces): readonly string[] | undefined {
  if (rule !== undefined && networks.length === 0) return [];
  if (rule === MANUAL_RULE) return [];
  return rule === undefined || blocks === undefined ? undefined : networks.map(networkOwner);
}

export function isBlockOf(block: Block, { accounts, networks, rule, blocks }: Traces): boolean {
  if (blocks !== undefined) return blocks.includes(block.key);
  if (rule !== undefined && rule !== block.rule) return false;
  if (accounts.some((key) => block.key === manualAccountKey(key))) return true;
  return block.network !== undefined && isAmong(block.network, networks);
}

/** Accounts are members of what is counted of networks, alone or before the marker of a password. */
function sweepOfAccounts(keys: readonly string[]): Sweep {
  const owners = new Set(keys.map(accountOwner));
  const meant = new Set(keys);
  return {
    ofOwner(owner) {
      if (owners.has(owner)) return 'all';
      return owner.startsWith(OF_ACCOUNT) ? 'none' : 'within';
    },
    ofCounter: () => false,
    ofMember: (member) => meant.has(member) || meant.has(member.replace(MARKER, '')),
  };
}

/** Accounts are counted by network too, and known in networks. */
function sweepOfNetworks(accounts: readonly string[], networks: readonly string[]): Sweep {
  const ofAccounts = sweepOfAccounts(accounts);
  return {
    ofOwner(owner) {
      if (owner.startsWith(OF_ACCOUNT)) return ofAccounts.ofOwner(owner) === 'all' ? 'all' : 'within';
      const own = networkIn(owner);
      if (own !== undefined && isAmong(own, networks)) return 'all';
      return accounts.length === 0 ? 'none' : 'within';
    },
    ofCounter: (name) =>
      name.startsWith(BY_NETWORK_OF_ACCOUNT) && isAmong(name.slice(BY_NETWORK_OF_ACCOUNT.length), networks),
    ofMember: (member) => ofAccounts.ofMember(member) || (member.includes('/') && isAmong(member, networks)),
  };
}

function sweepOfRule(rule: string, networks: readonly string[]): Sweep {
  const names = new Set([`guesses ${rule}`, `guesses ${rule}${FAILED}`, `blocks ${rule}`]);
  return {
    ofOwner(owner) {
      const own = networkIn(owner);
      if (own === undefined || !isAmong(own, networks)) return 'none';
      if (owner.startsWith(OF_SPRAYING)) return rule === 'spraying' ? 'all' : 'none';
      return 'within';
    },
    ofCounter: (name) => names.has(name),
    ofMember: () => false,
  };
}

function isAmong(network: string, networks: readonly string[]): boolean {
  return networks.some((one) => overlap(network, one));
}

function networkIn(owner: string): string | undefined {
  if (owner.startsWith(OF_NETWORK)) return owner.slice(OF_NETWORK.length);
  return owner.startsWith(OF_SPRAYING) ? owner.slice(OF_SPRAYING.length).split(' ')[0] : undefined;
}
