import { type AccountName, parseAccountName } from '../../login/account-name.ts';
import { MANUAL_PREFIXES } from '../../protection/manual-block.ts';
import { parseNetwork } from '../../protection/resolve-networks.ts';

/** The texts by which operators name whom they mean. */
export interface TargetTexts {
  /** An address, or a network in CIDR form. */
  readonly network?: string | undefined;
  readonly account?: string | undefined;
}

export interface Target {
  readonly kind: 'target';
  readonly account: AccountName | undefined;
  /** In CIDR form. */
  readonly network: string | undefined;
}

/** Reads whom an operator means, or says which text names nobody. */
export function parseTarget({
  network,
  account,
}: TargetTexts): Target | { readonly kind: 'wrong'; readonly of: keyof TargetTexts } {
  const name = account === undefined ? undefined : parseAccountName(account);
  if (account !== undefined && name === undefined) return { kind: 'wrong', of: 'account' };
  const cidr = network === undefined ? undefined : parseNetwork(network);
  if (network !== undefined && cidr === undefined) return { kind: 'wrong', of: 'network' };
  return { kind: 'target', account: name, network: cidr };
}

/** The lengths of prefixes that networks can be blocked with by hand, as a text. */
export function manualLengths(network: string): string {
  const lengths = network.includes(':') ? MANUAL_PREFIXES.ipv6 : MANUAL_PREFIXES.ipv4;
  return lengths.map((length) => `/${length}`).join(', ');
}
