import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type ClientAddress, parseClientAddress } from '../../login/client-address.ts';
import { crc32c } from './crc32c.ts';
import { type ProxyHeader, readProxyHeader } from './proxy-header.ts';
import { renderProxyHeader } from './render-proxy-header.ts';

const SIGNATURE = '0d0a0d0a000d0a515549540a';
const UNIX_ADDRESSES = '00'.repeat(216);

function text(line: string): ProxyHeader {
  return readProxyHeader(Buffer.from(line, 'latin1'));
}

function hex(rest: string): ProxyHeader {
  return readProxyHeader(Buffer.from(`${SIGNATURE}${rest}`.replaceAll(' ', ''), 'hex'));
}

function shown(header: ProxyHeader): string {
  switch (header.kind) {
    case 'proxied': {
      const { source, destination } = header.connection;
      return `${source.address} ${source.port} > ${destination.address} ${destination.port}, ${header.length} bytes`;
    }
    case 'own':
      return `own, ${header.length} bytes`;
    case 'incomplete':
      return 'incomplete';
    case 'malformed':
      return `malformed: ${header.problem}`;
  }
}

describe('the header of a proxy, version 1', () => {
  const cases: readonly (readonly [line: string, expected: string])[] = [
    ['PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n', '192.0.2.7 56324 > 198.51.100.1 443, 45 bytes'],
    ['PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\nGET /', '192.0.2.7 56324 > 198.51.100.1 443, 45 bytes'],
    [
      'PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n',
      '255.255.255.255 65535 > 255.255.255.255 65535, 56 bytes',
    ],
    ['PROXY TCP6 2001:DB8:0:0::7 ::1 0 25\r\n', '2001:db8::7 0 > ::1 25, 37 bytes'],
    ['PROXY TCP6 ::ffff:192.0.2.7 ::1 1 25\r\n', '192.0.2.7 1 > ::1 25, 38 bytes'],
    ['PROXY UNKNOWN\r\n', 'own, 15 bytes'],
    ['PROXY UNKNOWN what ever it says\r\nGET', 'own, 33 bytes'],
    ['P', 'incomplete'],
    ['PROXY ', 'incomplete'],
    ['PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r', 'incomplete'],
    ['PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\n', 'incomplete'],
    ['GET / HTTP/1.1\r\n', 'malformed: begins in another way'],
    ['proxy TCP4 192.0.2.7 198.51.100.1 56324 443\r\n', 'malformed: begins in another way'],
    [`PROXY UNKNOWN ${'x'.repeat(92)}\r\n`, 'malformed: is longer than 107 bytes'],
    [`PROXY UNKNOWN ${'x'.repeat(91)}\r\n`, 'own, 107 bytes'],
    [`PROXY UNKNOWN ${'x'.repeat(91)}\r`, 'incomplete'],
    ['PROXY TCP5 192.0.2.7 198.51.100.1 56324 443\r\n', 'malformed: names no known protocol'],
    ['PROXY UDP4 192.0.2.7 198.51.100.1 56324 443\r\n', 'malformed: names no known protocol'],
    ['PROXY TCP4 192.0.2.7 198.51.100.1 56324\r\n', 'malformed: has not two addresses and two ports'],
    ['PROXY TCP4 192.0.2.7 198.51.100.1 56324 443 \r\n', 'malformed: has not two addresses and two ports'],
    ['PROXY TCP4  192.0.2.7 198.51.100.1 1 2\r\n', 'malformed: has not two addresses and two ports'],
    ['PROXY TCP4 192.0.2.256 198.51.100.1 1 2\r\n', 'malformed: has an address or port that is none'],
    ['PROXY TCP4 ::1 198.51.100.1 1 2\r\n', 'malformed: has an address or port that is none'],
    ['PROXY TCP6 192.0.2.7 ::1 1 2\r\n', 'malformed: has an address or port that is none'],
    ['PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n', 'malformed: has an address or port that is none'],
    ['PROXY TCP4 192.0.2.7 198.51.100.1 65536 2\r\n', 'malformed: has an address or port that is none'],
    ['PROXY TCP4 192.0.2.7 198.51.100.1 01 2\r\n', 'malformed: has an address or port that is none'],
    ['PROXY TCP4 192.0.2.7 198.51.100.1 -1 2\r\n', 'malformed: has an address or port that is none'],
  ];
  for (const [line, expected] of cases)
    it(`reads ${JSON.stringify(line.slice(0, 60))} as ${expected}`, () => assert.equal(shown(text(line)), expected));
});

describe('the header of a proxy, version 2', () => {
  const inet = 'c0000207 c6336401 dc04 01bb';
  const inet6 = `20010db8${'00'.repeat(11)}07 ${'00'.repeat(15)}01 0001 0019`;
  const cases: readonly (readonly [what: string, rest: string, expected: string])[] = [
    ['IPv4', `21 11 000c ${inet}`, '192.0.2.7 56324 > 198.51.100.1 443, 28 bytes'],
    ['IPv6', `21 21 0024 ${inet6}`, '2001:db8::7 1 > ::1 25, 52 bytes'],
    ['bytes after it', `21 11 000c ${inet} 474554`, '192.0.2.7 56324 > 198.51.100.1 443, 28 bytes'],
    ['a field', `21 11 0010 ${inet} 04 0001 00`, '192.0.2.7 56324 > 198.51.100.1 443, 32 bytes'],
    ['LOCAL', '20 00 0000', 'own, 16 bytes'],
    ['LOCAL with addresses', `20 11 000c ${inet}`, 'own, 28 bytes'],
    ['LOCAL with what is no field', '20 00 0002 ffff', 'own, 18 bytes'],
    ['UNSPEC', '21 00 0002 ffff', 'own, 18 bytes'],
    ['a unix socket', `21 31 00d8 ${UNIX_ADDRESSES}`, 'own, 232 bytes'],
    ['nothing but the signature', '', 'incomplete'],
    ['no length', '21 11 00', 'incomplete'],
    ['half of the addresses', `21 11 000c c0000207`, 'incomplete'],
    ['version 3', '31', 'malformed: has another version than 2'],
    ['version 1', '11 11 000c', 'malformed: has another version than 2'],
    ['command 2', '22 11 000c', 'malformed: has an unknown command'],
    ['family 4', '21 41', 'malformed: names no known protocol'],
    ['transport 3', '21 13', 'malformed: names no known protocol'],
    ['datagrams', `21 12 000c ${inet}`, 'malformed: is on behalf of what is no stream'],
    ['no transport', `21 10 000c ${inet}`, 'malformed: is on behalf of what is no stream'],
    ['too few bytes for IPv4', '21 11 000b c0000207c6336401dc0401', 'malformed: is too short for its addresses'],
    ['too few bytes for IPv6', `21 21 000c ${inet}`, 'malformed: is too short for its addresses'],
    ['too few bytes for a unix socket', `21 31 0024 ${inet6}`, 'malformed: is too short for its addresses'],
    ['a field without length', `21 11 000e ${inet} 04 00`, 'malformed: has a field that is cut off'],
    ['a field that is too long', `21 11 000f ${inet} 04 0001`, 'malformed: has a field that is cut off'],
    ['a wrong checksum', `21 11 0013 ${inet} 03 0004 00000000`, 'malformed: has a wrong checksum'],
    ['a checksum of three bytes', `21 11 0012 ${inet} 03 0003 000000`, 'malformed: has a wrong checksum'],
    ['more than 4 KiB', '21 11 0ff1', 'malformed: is longer than 4096 bytes'],
    ['most that its length can say', '21 11 ffff', 'malformed: is longer than 4096 bytes'],
  ];
  for (const [what, rest, expected] of cases)
    it(`with ${what} reads as ${expected}`, () => assert.equal(shown(hex(rest)), expected));

  it('has the checksum of Castagnoli', () => {
    assert.equal(crc32c(Buffer.from('123456789')), 0xe306_9283);
  });
});

const address = fc
  .oneof(fc.ipV4(), fc.ipV6())
  .map(parseClientAddress)
  .filter((parsed): parsed is ClientAddress => parsed !== undefined);
const plain = { noNullPrototype: true };
const endpoint = fc.record({ address, port: fc.nat(65_535) }, plain);
const connection = fc.option(fc.record({ source: endpoint, destination: endpoint }, plain), { nil: undefined });
const version = fc.constantFrom<1 | 2>(1, 2);

describe('the headers that are sent', () => {
  it('read as what they were made of, whatever follows', () => {
    fc.assert(
      fc.property(version, connection, fc.uint8Array(), (sent, proxied, rest) => {
        const header = renderProxyHeader(sent, proxied);
        const { length } = header;
        const expected =
          proxied === undefined ? { kind: 'own', length } : { kind: 'proxied', connection: proxied, length };
        assert.deepEqual(readProxyHeader(Buffer.concat([header, rest])), expected);
      }),
    );
  });

  it('are incomplete until their last byte is there', () => {
    fc.assert(
      fc.property(version, connection, fc.nat(), (sent, proxied, cut) => {
        const header = renderProxyHeader(sent, proxied);
        assert.equal(readProxyHeader(header.subarray(0, cut % header.length)).kind, 'incomplete');
      }),
    );
  });

  it('are known to be damaged by their checksum', () => {
    fc.assert(
      fc.property(endpoint, endpoint, fc.nat(), fc.integer({ min: 1, max: 255 }), (source, destination, at, flip) => {
        const header = renderProxyHeader(2, { source, destination });
        // Among addresses and ports: what is around them says where they are.
        const place = 16 + (at % (header.length - 16 - 7));
        header[place] = (header[place] as number) ^ flip;
        assert.notEqual(readProxyHeader(header).kind, 'proxied');
      }),
    );
  });
});

describe('the reader of proxies’ headers', () => {
  it('takes any bytes, never more than there are', () => {
    const start = fc.constantFrom('', 'PROXY ', 'PROXY TCP4 ', `${Buffer.from(SIGNATURE, 'hex').toString('latin1')}!`);
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 300 }), (prefix, rest) => {
        const bytes = Buffer.concat([Buffer.from(prefix, 'latin1'), rest]);
        const header = readProxyHeader(bytes);
        if ('length' in header) assert.ok(header.length <= bytes.length);
      }),
    );
  });
});
