import { isIPv4 } from 'node:net';
import ipaddr from 'ipaddr.js';
import { CRC32C_BYTES, crc32c } from './crc32c.ts';
import type { Endpoint, ProxiedConnection } from './proxy-header.ts';
import { PROXY_V2_ADDRESS_BYTES, PROXY_V2_CRC32C, PROXY_V2_SIGNATURE, PROXY_V2_START_BYTES } from './proxy-v2.ts';

const VERSION = 2 << 4;
const LOCAL = 0;
const PROXY = 1;
const INET_STREAM = 0x11;
const INET6_STREAM = 0x21;

/**
 * The header of a version of the PROXY protocol, to be sent before all else. Without a connection it is on behalf of nobody: the
 * other side takes the addresses that the connection itself has, as health checks want it.
 */
export function renderProxyHeader(version: 1 | 2, connection: ProxiedConnection | undefined): Buffer {
  return version === 1 ? renderV1(connection) : renderV2(connection);
}

function renderV1(connection: ProxiedConnection | undefined): Buffer {
  if (connection === undefined) return Buffer.from('PROXY UNKNOWN\r\n', 'latin1');
  const { source, destination } = connection;
  const isFour = areBothFour(connection);
  const address = (end: Endpoint) => (isFour ? end.address : asSix(end.address).toNormalizedString());
  const addresses = `${address(source)} ${address(destination)}`;
  return Buffer.from(`PROXY ${isFour ? 'TCP4' : 'TCP6'} ${addresses} ${source.port} ${destination.port}\r\n`, 'latin1');
}

/** With a checksum, which catches a header that was cut or joined with another on its way. */
function renderV2(connection: ProxiedConnection | undefined): Buffer {
  if (connection === undefined) return start(LOCAL, 0, 0);
  const isFour = areBothFour(connection);
  const size = PROXY_V2_ADDRESS_BYTES[isFour ? 'inet' : 'inet6'];
  const checksum = Buffer.from([PROXY_V2_CRC32C, 0, CRC32C_BYTES, 0, 0, 0, 0]);
  const header = Buffer.concat([
    start(PROXY, isFour ? INET_STREAM : INET6_STREAM, size + checksum.length),
    addressesOf(connection, isFour),
    checksum,
  ]);
  header.writeUInt32BE(crc32c(header), header.length - CRC32C_BYTES);
  return header;
}

function start(command: number, protocol: number, length: number): Buffer {
  const bytes = Buffer.alloc(PROXY_V2_START_BYTES);
  PROXY_V2_SIGNATURE.copy(bytes);
  bytes.writeUInt8(VERSION | command, 12);
  bytes.writeUInt8(protocol, 13);
  bytes.writeUInt16BE(length, 14);
  return bytes;
}

function addressesOf({ source, destination }: ProxiedConnection, isFour: boolean): Buffer {
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(source.port, 0);
  ports.writeUInt16BE(destination.port, 2);
  const address = (end: Endpoint) => (isFour ? ipaddr.IPv4.parse(end.address) : asSix(end.address)).toByteArray();
  return Buffer.concat([Buffer.from(address(source)), Buffer.from(address(destination)), ports]);
}

function areBothFour({ source, destination }: ProxiedConnection): boolean {
  return isIPv4(source.address) && isIPv4(destination.address);
}

/** An IPv4 address as the IPv6 address that stands for it: both ends of a header are of one family. */
function asSix(address: string): ipaddr.IPv6 {
  const parsed = ipaddr.parse(address);
  return parsed instanceof ipaddr.IPv6 ? parsed : parsed.toIPv4MappedAddress();
}
