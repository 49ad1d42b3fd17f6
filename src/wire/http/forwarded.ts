/**
 * What HTTP proxies tell of those for whom they ask: `X-Forwarded-For`, and `Forwarded` (RFC 7239). Each proxy adds who asked it
 * at the right end, so that only as much is known to be true as trusted proxies have added.
 *
 * @module
 */
import { parseClientAddress } from '../../login/client-address.ts';

/** The headers, each with its lines joined by commas. */
export interface ForwardedHeaders {
  readonly forwarded?: string | undefined;
  readonly 'x-forwarded-for'?: string | undefined;
}

/** Whether an address is that of a proxy whose word is taken. */
export type IsTrusted = (address: string) => boolean;

/**
 * The address of who asks, by the headers of a request that came from a trusted proxy at `peer`: from right to left, the first
 * address that is no trusted proxy. What is no address ends the search at the one before. `undefined` where both headers are
 * there and name different ones: a proxy writes one of them and hands on the other as its client made it.
 */
export function originOf(peer: string, headers: ForwardedHeaders, isTrusted: IsTrusted): string | undefined {
  const { forwarded, 'x-forwarded-for': addresses } = headers;
  const byAddresses = addresses === undefined ? peer : lastUntrusted(peer, addressList(addresses), isTrusted);
  if (forwarded === undefined) return byAddresses;
  const byForwarded = lastUntrusted(peer, forwardedList(forwarded), isTrusted);
  return addresses === undefined || byAddresses === byForwarded ? byForwarded : undefined;
}

/** @param nodes from right to left, `undefined` for what cannot be read */
function lastUntrusted(peer: string, nodes: Iterable<string | undefined>, isTrusted: IsTrusted): string {
  let origin = peer;
  for (const node of nodes) {
    const address = node === undefined ? undefined : parseNode(node);
    if (address === undefined) return origin;
    origin = address;
    if (!isTrusted(address)) return origin;
  }
  return origin;
}

/** Elements of a list; empty ones are none (RFC 9110 5.6.1.2). */
function* addressList(text: string): Generator<string> {
  for (let end = text.length; end >= 0; ) {
    const comma = text.lastIndexOf(',', end - 1);
    const element = text.slice(comma + 1, end).trim();
    if (element !== '') yield element;
    if (comma <= 0) return;
    end = comma;
  }
}

const BRACKETED = /^\[([^\]]*)\](?::(?:[0-9]{1,5}|_[A-Za-z0-9._-]+))?$/;
const WITH_PORT = /^([0-9.]+):(?:[0-9]{1,5}|_[A-Za-z0-9._-]+)$/;

/** An address with or without a port (RFC 7239 6); IPv6 also without the brackets, as `X-Forwarded-For` has it. */
function parseNode(node: string): string | undefined {
  if (node.includes('%')) return undefined;
  const bracketed = BRACKETED.exec(node)?.[1];
  if (bracketed !== undefined) return bracketed.includes(':') ? parseClientAddress(bracketed) : undefined;
  return parseClientAddress(WITH_PORT.exec(node)?.[1] ?? node);
}

const TOKEN = String.raw`[!#$%&'*+\-.^_\x60|~0-9A-Za-z]+`;
const VALUE = String.raw`${TOKEN}|"(?:[^"\\]|\\.)*"`;
const PAIR = `${TOKEN}=(?:${VALUE})`;
const EACH_PAIR = new RegExp(`(${TOKEN})=(${VALUE})`, 'g');
/** Blanks can only be those after the start, a pair or a semicolon, so that no text can be read in many ways. */
const ELEMENT = new RegExp(String.raw`^[ \t]*(?:${PAIR}[ \t]*(?:;[ \t]*(?:${PAIR}[ \t]*)?)*)?$`);
/** Commas that one element may have in its quoted parts. */
const MAX_INNER_COMMAS = 4;

/**
 * The `for` of each element, from right to left: how a client has begun the header, be it with half a quoted text, says nothing
 * about what proxies have added to it. No end of a quoted text reads as an element, for it has a quote too many.
 */
function* forwardedList(text: string): Generator<string | undefined> {
  for (let end = text.length; end >= 0; ) {
    const start = elementStart(text, end);
    if (start === undefined) return yield undefined;
    const element = text.slice(start, end);
    if (element.trim() !== '') yield forOf(element);
    end = start - 1;
  }
}

function elementStart(text: string, end: number): number | undefined {
  let comma = end;
  for (let tries = 0; tries <= MAX_INNER_COMMAS; tries += 1) {
    comma = comma === 0 ? -1 : text.lastIndexOf(',', comma - 1);
    if (ELEMENT.test(text.slice(comma + 1, end))) return comma + 1;
    if (comma < 0) return undefined;
  }
  return undefined;
}

/** It may be there once. */
function forOf(element: string): string | undefined {
  const values = [...element.matchAll(EACH_PAIR)].filter(([, name]) => name?.toLowerCase() === 'for');
  const [value] = values.length === 1 ? values.map(([, , text]) => text) : [];
  return value?.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value;
}
