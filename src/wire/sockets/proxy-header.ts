/**
 * The header that a proxy sends before all else on a connection, to tell whose connection it is: the PROXY protocol of HAProxy
 * (proxy-protocol.txt), version 1 as text and version 2 as bytes.
 *
 * @module
 */
import { isIPv4, isIPv6 } from 'node:net';
import { type ClientAddress, parseClientAddress } from '../../login/client-address.ts';
import { CRC32C_BYTES, crc32c } from './crc32c.ts';
import { PROXY_V2_ADDRESS_BYTES, PROXY_V2_CRC32C, PROXY_V2_SIGNATURE, PROXY_V2_START_BYTES } from './proxy-v2.ts';

/** One end of a connection. */
export interface Endpoint {
  readonly address: ClientAddress;
  readonly port: number;
}

/** A connection as the proxy has it: from its client to the address that the client has asked. */
export interface ProxiedConnection {
  readonly source: Endpoint;
  readonly destination: Endpoint;
}

export type ProxyHeader =
  /** On behalf of a connection; `length` is that of the header in bytes, what follows is the client's. */
  | { readonly kind: 'proxied'; readonly connection: ProxiedConnection; readonly length: number }
  /** On behalf of nobody, as health checks of the proxy come, or of who has no IP address: the connection's own addresses hold. */
  | { readonly kind: 'own'; readonly length: number }
  /** So far it can become one. */
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'malformed'; readonly problem: string };

const V1_START = Buffer.from('PROXY ', 'latin1');
const V1_MAX_BYTES = 107;
/** More than any proxy has to tell, certificates of clients included. */
const V2_MAX_BYTES = 4096;
const INCOMPLETE: ProxyHeader = { kind: 'incomplete' };

/** Reads the header at the beginning of what a connection has sent. */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  if (bytes.length === 0) return INCOMPLETE;
  if (startsLike(bytes, PROXY_V2_SIGNATURE)) return readV2(bytes);
  if (startsLike(bytes, V1_START)) return readV1(bytes);
  return malformed('begins in another way');
}

/** Whether the bytes that are there agree with `start`. */
function startsLike(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length);
  return bytes.compare(start, 0, length, 0, length) === 0;
}

function malformed(problem: string): ProxyHeader {
  return { kind: 'malformed', problem };
}

function readV1(bytes: Buffer): ProxyHeader {
  const line = bytes.toString('latin1', 0, V1_MAX_BYTES);
  const end = line.indexOf('\r\n');
  if (end < 0) return bytes.length < V1_MAX_BYTES ? INCOMPLETE : malformed('is longer than 107 bytes');
  const length = end + 2;
  const [, family, ...parts] = line.slice(0, end).split(' ');
  if (family === 'UNKNOWN') return { kind: 'own', length };
  if (family !== 'TCP4' && family !== 'TCP6') return malformed('names no known protocol');
  if (parts.length !== 4) return malformed('has not two addresses and two ports');
  const [source = '', destination = '', sourcePort = '', destinationPort = ''] = parts;
  return proxied(
    endpoint(readAddress(source, family), readPort(sourcePort)),
    endpoint(readAddress(destination, family), readPort(destinationPort)),
    length,
  );
}

function endpoint(address: ClientAddress | undefined, port: number | undefined): Endpoint | undefined {
  return address === undefined || port === undefined ? undefined : { address, port };
}

function proxied(source: Endpoint | undefined, destination: Endpoint | undefined, length: number): ProxyHeader {
  if (source === undefined || destination === undefined) return malformed('has an address or port that is none');
  return { kind: 'proxied', connection: { source, destination }, length };
}

function readAddress(text: string, family: 'TCP4' | 'TCP6'): ClientAddress | undefined {
  const isOne = family === 'TCP4' ? isIPv4(text) : isIPv6(text) && !text.includes('%');
  return isOne ? parseClientAddress(text) : undefined;
}

const PORT = /^(?:0|[1-9][0-9]{0,4})$/;
const MAX_PORT = 65_535;

function readPort(text: string): number | undefined {
  return PORT.test(text) && Number(text) <= MAX_PORT ? Number(text) : undefined;
}

const COMMANDS = ['local', 'proxy'] as const;
const FAMILIES = ['unspec', 'inet', 'inet6', 'unix'] as const;
const STREAM = 1;
const DATAGRAM = 2;

function readV2(bytes: Buffer): ProxyHeader {
  const problem = problemOfStart(bytes);
  if (problem !== undefined) return malformed(problem);
  if (bytes.length < PROXY_V2_START_BYTES) return INCOMPLETE;
  const length = PROXY_V2_START_BYTES + bytes.readUInt16BE(14);
  if (length > V2_MAX_BYTES) return malformed(`is longer than ${V2_MAX_BYTES} bytes`);
  if (bytes.length < length) return INCOMPLETE;
  const transport = bytes.readUInt8(13) & 15;
  const family = FAMILIES[bytes.readUInt8(13) >> 4];
  // Then all the rest is to be ignored.
  if (COMMANDS[bytes.readUInt8(12) & 15] === 'local' || family === undefined || family === 'unspec')
    return { kind: 'own', length };
  if (transport !== STREAM) return malformed('is on behalf of what is no stream');
  const tlvsAt = PROXY_V2_START_BYTES + PROXY_V2_ADDRESS_BYTES[family];
  if (length < tlvsAt) return malformed('is too short for its addresses');
  const wrong = problemOfTlvs(bytes.subarray(0, length), tlvsAt);
  if (wrong !== undefined) return malformed(wrong);
  return family === 'unix' ? { kind: 'own', length } : readAddresses(bytes, family, length);
}

/** What is wrong with as much of the first bytes as is there. */
function problemOfStart(bytes: Buffer): string | undefined {
  const version = bytes[12];
  if (version !== undefined && version >> 4 !== 2) return 'has another version than 2';
  if (version !== undefined && COMMANDS[version & 15] === undefined) return 'has an unknown command';
  const family = bytes[13];
  if (family !== undefined && (FAMILIES[family >> 4] === undefined || (family & 15) > DATAGRAM))
    return 'names no known protocol';
  return undefined;
}

function readAddresses(bytes: Buffer, family: 'inet' | 'inet6', length: number): ProxyHeader {
  const size = family === 'inet' ? 4 : 16;
  const text = family === 'inet' ? dotted : colons;
  const from = PROXY_V2_START_BYTES;
  const ports = from + 2 * size;
  return proxied(
    endpoint(parseClientAddress(text(bytes.subarray(from, from + size))), bytes.readUInt16BE(ports)),
    endpoint(parseClientAddress(text(bytes.subarray(from + size, ports))), bytes.readUInt16BE(ports + 2)),
    length,
  );
}

function dotted(bytes: Buffer): string {
  return bytes.join('.');
}

function colons(bytes: Buffer): string {
  return (bytes.toString('hex').match(/.{4}/g) ?? []).join(':');
}

const TLV_START_BYTES = 3;

/** What is wrong with the fields after the addresses: each is a type, two bytes of length, and so many bytes. */
function problemOfTlvs(header: Buffer, start: number): string | undefined {
  for (let at = start; at < header.length; ) {
    if (header.length - at < TLV_START_BYTES) return 'has a field that is cut off';
    const valueAt = at + TLV_START_BYTES;
    const end = valueAt + header.readUInt16BE(at + 1);
    if (end > header.length) return 'has a field that is cut off';
    if (header[at] === PROXY_V2_CRC32C && !isWhole(header, valueAt, end)) return 'has a wrong checksum';
    at = end;
  }
  return undefined;
}

/** The checksum is that of the header with zeros in its place. */
function isWhole(header: Buffer, valueAt: number, end: number): boolean {
  if (end - valueAt !== CRC32C_BYTES) return false;
  const zeroed = Buffer.from(header).fill(0, valueAt, end);
  return crc32c(zeroed) === header.readUInt32BE(valueAt);
}
