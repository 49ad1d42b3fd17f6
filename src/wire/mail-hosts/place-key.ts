import { parseClientAddress } from '../../login/client-address.ts';

/** A host and its port as one text, however they are written: `mail1.example.test 143`. */
export function placeKeyOf(host: string, port: number): string {
  return `${canonicalHost(host)} ${port}`;
}

/** A name in lower case, an address in its canonical form. */
export function canonicalHost(host: string): string {
  return parseClientAddress(host) ?? host.toLowerCase();
}
