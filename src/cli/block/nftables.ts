import ipaddr from 'ipaddr.js';
import type { ListedBlock } from './listed-blocks.ts';

/** Longest time that an element of a set may have, in seconds: nft counts milliseconds in 32 bits on some kernels. */
const LONGEST_SECONDS = 4_000_000;

export function isSetName(name: string): boolean {
  return /^[A-Za-z][A-Za-z0-9_]{0,30}$/.test(name);
}

/**
 * Sets of blocked networks for `nft -f`, which takes a file as a whole or not at all: the table is made where there is none, the
 * sets are emptied and filled anew, and each element ends by itself when its block does. Rules in other chains that name the sets
 * stay as they are.
 */
export function renderNftables(blocks: readonly ListedBlock[], table: string): string {
  const networks = blocks.flatMap(({ network, ttl }) => (network === null || ttl < 1 ? [] : [{ network, ttl }]));
  const lines = [
    `table inet ${table} {`,
    ...setLines('blocked4', 'ipv4_addr'),
    ...setLines('blocked6', 'ipv6_addr'),
    '}',
  ];
  for (const [set, isOfSet] of SETS) {
    lines.push(`flush set inet ${table} ${set}`);
    const elements = widest(networks.filter(({ network }) => isOfSet(network)));
    if (elements.length === 0) continue;
    lines.push(`add element inet ${table} ${set} {`);
    for (const { network, ttl } of elements) lines.push(`  ${network} timeout ${Math.min(ttl, LONGEST_SECONDS)}s,`);
    lines.push('}');
  }
  return `${lines.join('\n')}\n`;
}

interface Element {
  readonly network: string;
  /** Seconds. */
  readonly ttl: number;
}

const SETS: readonly (readonly [set: string, isOfSet: (network: string) => boolean])[] = [
  ['blocked4', (network) => !network.includes(':')],
  ['blocked6', (network) => network.includes(':')],
];

function setLines(name: string, type: string): readonly string[] {
  return [`  set ${name} {`, `    type ${type}`, '    flags interval, timeout', '  }'];
}

/**
 * A set holds no two networks that overlap: only the wider one stays, and of one network what ends last. A narrower one that ends later
 * than the wider is taken up by the next export.
 */
function widest(elements: readonly Element[]): readonly Element[] {
  const byLength = elements.toSorted((a, b) => lengthOf(a) - lengthOf(b) || b.ttl - a.ttl);
  const taken = new Map<string, Element>();
  const lengths = new Set<number>();
  for (const element of byLength) {
    const { network } = element;
    if ([...lengths].some((length) => taken.has(cut(network, length)))) continue;
    taken.set(network, element);
    lengths.add(lengthOf(element));
  }
  return [...taken.values()];
}

function lengthOf({ network }: Element): number {
  return Number(network.split('/')[1]);
}

/** The network of this length that holds a network. */
function cut(network: string, length: number): string {
  const [address = ''] = network.split('/');
  const family = address.includes(':') ? ipaddr.IPv6 : ipaddr.IPv4;
  return `${family.networkAddressFromCIDR(`${address}/${length}`).toString()}/${length}`;
}
