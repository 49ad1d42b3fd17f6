import assert from 'node:assert/strict';
import { parseClientAddress } from '../../../src/login/client-address.ts';
import { readProxyHeader } from '../../../src/wire/sockets/proxy-header.ts';
import type { FuzzTarget, OpenTarget } from '../fuzz-target.ts';

class OpenProxyHeaders implements OpenTarget {
  taken = 0;

  check(input: string): void {
    const bytes = Buffer.from(input, 'latin1');
    const header = readProxyHeader(bytes);
    if (header.kind === 'malformed' || header.kind === 'incomplete') return;
    const { length } = header;
    assert.ok(length > 0 && length <= bytes.length);
    for (const shorter of new Set([0, 1, Math.floor(length / 2), length - 1]))
      assert.equal(readProxyHeader(bytes.subarray(0, shorter)).kind, 'incomplete', `its first ${shorter} bytes`);
    assert.deepEqual(readProxyHeader(bytes.subarray(0, length)), header, 'what follows changes nothing');
    if (header.kind !== 'proxied') return;
    this.taken += 1;
    for (const { address, port } of [header.connection.source, header.connection.destination]) {
      assert.equal(parseClientAddress(address), address);
      assert.ok(Number.isInteger(port) && port >= 0 && port <= 65_535);
    }
  }
}

/** What proxies send before all else. */
export const PROXY_HEADERS: FuzzTarget = {
  name: 'proxy',
  words: [
    'PROXY ',
    'TCP4 ',
    'TCP6 ',
    'UNKNOWN',
    '\r\n',
    ' 192.0.2.7',
    ' 2001:db8::1',
    ' 65535',
    ' 0',
    '\r\n\r\n\0\r\nQUIT\n',
    '\x21',
    '\x20',
    '\x11',
    '\x21',
    '\x03\0\x04',
  ],
  open: () => new OpenProxyHeaders(),
};
