import { isIP, isIPv4 } from 'node:net';

/** An IPv4 or IPv6 address in text, IPv4-mapped IPv6 written as IPv4, without a zone. */
export type ClientAddress = string & { readonly __brand: 'ClientAddress' };

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** Turns text into an address, or `undefined` where it is none. */
export function parseClientAddress(text: string): ClientAddress | undefined {
  if (isIPv4(text)) return text as ClientAddress;
  if (isIP(text) === 0) return undefined;
  const mapped = MAPPED.exec(text)?.[1];
  if (mapped !== undefined) return mapped as ClientAddress;
  const zone = text.indexOf('%');
  return (zone < 0 ? text : text.slice(0, zone)).toLowerCase() as ClientAddress;
}
