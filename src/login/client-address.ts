import { isIPv4, isIPv6 } from 'node:net';

/** An IP address in its canonical text: IPv6 by RFC 5952 without a zone, IPv4-mapped IPv6 written as IPv4. */
export type ClientAddress = string & { readonly __brand: 'ClientAddress' };

const MAPPED = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/;

/** Turns text into an address, or `undefined` where it is none. All spellings of one address give the same text. */
export function parseClientAddress(text: string): ClientAddress | undefined {
  if (isIPv4(text)) return text as ClientAddress;
  if (!isIPv6(text)) return undefined;
  const zone = text.indexOf('%');
  const plain = zone < 0 ? text : text.slice(0, zone);
  // The URL standard's form of a host is RFC 5952's, but for the mapped addresses.
  const canonical = new URL(`http://[${plain}]/`).hostname.slice(1, -1);
  const mapped = MAPPED.exec(canonical);
  if (mapped === null) return canonical as ClientAddress;
  const [, high = '', low = ''] = mapped;
  return [...bytesOf(high), ...bytesOf(low)].join('.') as ClientAddress;
}

function bytesOf(group: string): readonly number[] {
  const value = Number.parseInt(group, 16);
  return [value >> 8, value & 255];
}
