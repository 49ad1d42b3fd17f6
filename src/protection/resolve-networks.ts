import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { ResolveContext } from '../config/fields.ts';

const MAPPED_BITS = 96;

/** Networks as settings have them in CIDR form, each with its length; IPv4-mapped IPv6 as IPv4. What is none is a problem. */
export function resolveNetworks(texts: readonly string[], key: string, context: ResolveContext): readonly string[] {
  return texts.flatMap((text, i) => {
    const network = parseNetwork(text);
    if (network !== undefined) return [network];
    context.problem(
      `${key}[${i}]`,
      'is no network; write an address, or one with the length of its prefix, such as 10.0.0.0/24',
    );
    return [];
  });
}

/** A network in CIDR form of a text that is one, or an address; IPv4-mapped IPv6 as IPv4. */
export function parseNetwork(text: string): string | undefined {
  const [address = ''] = text.split('/');
  const family = isIP(address);
  if (family === 0) return undefined;
  const cidr = text.includes('/') ? text : `${text}/${family === 4 ? 32 : 128}`;
  if (!ipaddr.isValidCIDR(cidr)) return undefined;
  const [, length] = ipaddr.parseCIDR(cidr);
  if (family === 4) return `${ipaddr.IPv4.networkAddressFromCIDR(cidr).toString()}/${length}`;
  const first = ipaddr.IPv6.networkAddressFromCIDR(cidr);
  if (first.isIPv4MappedAddress() && length >= MAPPED_BITS)
    return `${first.toIPv4Address().toString()}/${length - MAPPED_BITS}`;
  return `${first.toString()}/${length}`;
}
