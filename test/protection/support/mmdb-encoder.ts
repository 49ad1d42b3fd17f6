/**
 * Writes small files in MaxMind DB form (format version 2.0): a tree of 24-bit records over IPv6, IPv4 in its first 96 zero bits.
 *
 * @module
 */
import ipaddr from 'ipaddr.js';

export type MmdbValue = string | number | { readonly [key: string]: MmdbValue } | readonly string[];

const MARKER = Buffer.concat([Buffer.from('abcdef', 'hex'), Buffer.from('MaxMind.com')]);
const SEPARATOR = Buffer.alloc(16);
const [TEXT, UINT32, MAP, ARRAY] = [2, 6, 7, 11];

type Slot = Node | number | undefined;
class Node {
  readonly children: [Slot, Slot] = [undefined, undefined];
  index = 0;
}

/** @param entries data by network in CIDR form; none of them within another */
export function encodeMmdb(type: string, entries: Readonly<Record<string, MmdbValue>>): Buffer {
  const root = new Node();
  const pieces: Buffer[] = [];
  let offset = 0;
  for (const [network, data] of Object.entries(entries)) {
    insert(root, bitsOf(network), offset);
    const piece = encode(data);
    pieces.push(piece);
    offset += piece.length;
  }
  const nodes = number(root);
  const metadata = {
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 1_900_000_000,
    database_type: type,
    description: { en: 'for a test' },
    ip_version: 6,
    languages: ['en'],
    node_count: nodes.length,
    record_size: 24,
  };
  return Buffer.concat([treeOf(nodes), SEPARATOR, ...pieces, MARKER, encode(metadata)]);
}

function bitsOf(network: string): readonly number[] {
  const [address, length] = ipaddr.parseCIDR(network);
  const isV4 = address.kind() === 'ipv4';
  const octets = isV4 ? [...Array<number>(12).fill(0), ...address.toByteArray()] : address.toByteArray();
  const bits = octets.flatMap((octet) => Array.from({ length: 8 }, (_, i) => (octet >> (7 - i)) & 1));
  return bits.slice(0, length + (isV4 ? 96 : 0));
}

function insert(root: Node, bits: readonly number[], offset: number): void {
  let node = root;
  for (const bit of bits.slice(0, -1)) {
    const next = node.children[bit];
    node = next instanceof Node ? next : (node.children[bit] = new Node());
  }
  node.children[bits.at(-1) ?? 0] = offset;
}

/** All nodes, each with its place in the tree. */
function number(root: Node): readonly Node[] {
  const nodes = [root];
  for (const node of nodes) {
    node.index = nodes.indexOf(node);
    nodes.push(...node.children.filter((child) => child instanceof Node));
  }
  return nodes;
}

function treeOf(nodes: readonly Node[]): Buffer {
  const tree = Buffer.alloc(nodes.length * 6);
  const record = (slot: Slot): number => {
    if (slot === undefined) return nodes.length;
    return slot instanceof Node ? slot.index : nodes.length + SEPARATOR.length + slot;
  };
  for (const { children, index } of nodes) {
    tree.writeUIntBE(record(children[0]), index * 6, 3);
    tree.writeUIntBE(record(children[1]), index * 6 + 3, 3);
  }
  return tree;
}

function encode(value: MmdbValue): Buffer {
  if (typeof value === 'string') return Buffer.concat([control(TEXT, Buffer.byteLength(value)), Buffer.from(value)]);
  if (typeof value === 'number') {
    const octets = Buffer.alloc(4);
    octets.writeUInt32BE(value);
    return Buffer.concat([control(UINT32, 4), octets]);
  }
  if (Array.isArray(value)) return Buffer.concat([control(ARRAY, value.length), ...value.map(encode)]);
  const pairs = Object.entries(value);
  return Buffer.concat([control(MAP, pairs.length), ...pairs.flatMap(([key, item]) => [encode(key), encode(item)])]);
}

/** Of sizes below 29 only. */
function control(type: number, size: number): Buffer {
  return type > 7 ? Buffer.from([size, type - 7]) : Buffer.from([(type << 5) | size]);
}
