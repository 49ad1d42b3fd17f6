import { parseClientAddress } from '../../login/client-address.ts';

/** A host as an account's attribute names it. */
export interface OwnPlace {
  /** In lower case; an address in its canonical form. */
  readonly host: string;
  readonly port: number | undefined;
}

const BRACKETED = /^\[([0-9A-Fa-f:.]+)\](?::(\d{1,5}))?$/;
const NAMED = /^([A-Za-z0-9._-]{1,253})(?::(\d{1,5}))?$/;

/** Reads `host`, `host:port`, an address, or `[address]:port`; `undefined` where it is none of these. */
export function ownPlaceOf(text: string): OwnPlace | undefined {
  const trimmed = text.trim();
  const address = parseClientAddress(trimmed);
  if (address !== undefined) return { host: address, port: undefined };
  const [, host = '', digits] = BRACKETED.exec(trimmed) ?? NAMED.exec(trimmed) ?? [];
  if (host === '') return undefined;
  const canonical = parseClientAddress(host);
  if (host.includes(':') && canonical === undefined) return undefined;
  const port = digits === undefined ? undefined : Number(digits);
  return isPort(port) ? { host: canonical ?? host.toLowerCase(), port } : undefined;
}

function isPort(port: number | undefined): boolean {
  return port === undefined || (port >= 1 && port <= 65_535);
}
