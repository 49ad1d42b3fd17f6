import type { ClientAddress } from '../login/client-address.ts';

/** Lengths of prefixes by family, in bits; a family without one is not meant. */
export interface PrefixLengths {
  readonly ipv4: number | undefined;
  readonly ipv6: number | undefined;
}

const IPV6_GROUPS = 8;
const GROUP_BITS = 16;

// The rules ask for several networks of one address in a row, and for some of them more than once.
let latestAddress = '';
let latestNetworks: (string | undefined)[] = [];

/** The network of an address in CIDR form, or `undefined` where the family of the address is not meant. */
export function networkOf(address: ClientAddress, lengths: PrefixLengths): string | undefined {
  const isIpv6 = address.includes(':');
  const length = isIpv6 ? lengths.ipv6 : lengths.ipv4;
  if (length === undefined) return undefined;
  if (address !== latestAddress) {
    latestAddress = address;
    latestNetworks = [];
  }
  return (latestNetworks[length] ??= isIpv6 ? ipv6Network(address, length) : ipv4Network(address, length));
}

/** Whether one of two networks in CIDR form holds the other. */
export function overlap(one: string, other: string): boolean {
  const [address = '', length] = one.split('/');
  const [otherAddress = '', otherLength] = other.split('/');
  if (length === undefined || otherLength === undefined) return false;
  if (address.includes(':') !== otherAddress.includes(':')) return false;
  const shared = Math.min(Number(length), Number(otherLength));
  return cut(address, shared) === cut(otherAddress, shared);
}

function cut(address: string, length: number): string {
  return address.includes(':') ? ipv6Network(address, length) : ipv4Network(address, length);
}

function ipv4Network(address: string, length: number): string {
  if (length === 32) return `${address}/32`;
  const bytes = address.split('.');
  let text = '';
  for (let i = 0; i < 4; i += 1) {
    const bits = Math.min(8, Math.max(0, length - 8 * i));
    text += `${i === 0 ? '' : '.'}${Number(bytes[i]) & (0xff00 >> bits)}`;
  }
  return `${text}/${length}`;
}

function ipv6Network(address: string, length: number): string {
  if (length === IPV6_GROUPS * GROUP_BITS) return `${address}/${length}`;
  const groups = groupsOf(address).slice(0, Math.ceil(length / GROUP_BITS));
  const lastBits = length % GROUP_BITS;
  if (lastBits > 0) {
    const last = groups.length - 1;
    groups[last] = (Number.parseInt(groups[last] ?? '0', 16) & (0xffff0000 >>> lastBits) & 0xffff).toString(16);
  }
  while (groups.at(-1) === '0') groups.pop();
  // Eight groups leave nothing for "::" to stand for.
  return groups.length === IPV6_GROUPS ? `${groups.join(':')}/${length}` : `${groups.join(':')}::/${length}`;
}

/** The eight groups of an address in the form of RFC 5952. */
function groupsOf(address: string): string[] {
  const gap = address.indexOf('::');
  if (gap < 0) return address.split(':');
  const left = gap === 0 ? [] : address.slice(0, gap).split(':');
  const right = gap + 2 === address.length ? [] : address.slice(gap + 2).split(':');
  return [...left, ...Array.from({ length: IPV6_GROUPS - left.length - right.length }, () => '0'), ...right];
}
