import assert from 'node:assert/strict';
import { isIP, SocketAddress } from 'node:net';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseClientAddress } from './client-address.ts';

describe('a client address', () => {
  it('is one text for all spellings of one address', () => {
    const spellings: readonly (readonly [string, readonly string[]])[] = [
      [
        '192.0.2.7',
        ['192.0.2.7', '::ffff:192.0.2.7', '::FFFF:c000:207', '0:0:0:0:0:ffff:192.0.2.7', '::ffff:192.0.2.7%eth0'],
      ],
      ['0.0.0.0', ['0.0.0.0', '::ffff:0:0']],
      [
        '2001:db8::1',
        ['2001:db8::1', '2001:DB8::1', '2001:0db8:0:0:0:0:0:0001', '2001:db8:0::0:1', '2001:db8::0.0.0.1'],
      ],
      ['::1', ['::1', '0:0:0:0:0:0:0:1', '0000::0001', '::0.0.0.1']],
      ['::', ['::', '0::0']],
      ['fe80::a:1', ['fe80::a:1', 'FE80::A:1%eth0', 'fe80::a:1%25']],
      ['2001:db8:0:1:1:1:1:1', ['2001:db8:0:1:1:1:1:1', '2001:db8::1:1:1:1:1']],
      ['1:0:0:2::3', ['1:0:0:2::3', '1:0:0:2:0:0:0:3', '1::2:0:0:0:3']],
    ];
    for (const [canonical, texts] of spellings) {
      for (const text of texts) assert.equal(parseClientAddress(text), canonical, text);
    }
  });

  it('is nothing but an address', () => {
    const refused = [
      '',
      ' ',
      '1.2.3',
      '1.2.3.4.5',
      '256.1.1.1',
      '01.2.3.4',
      '0x7f.1',
      '1.2.3.4 ',
      '1.2.3.4\n',
      '1.2.3.4/32',
      '1.2.3.4:25',
      'localhost',
      '[::1]',
      '::1]',
      ':::',
      '1::2::3',
      '::g',
      '12345::',
      '::1/64',
      '::ffff:1.2.3.256',
      'http://[::1]/',
      '\0',
    ];
    for (const text of refused) assert.equal(parseClientAddress(text), undefined, JSON.stringify(text));
  });

  it('is the text that the system has for it', () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const system = new SocketAddress({ address: text, family: 'ipv6' }).address.replace(/^::ffff:(?=\d+\.)/, '');
        const address = parseClientAddress(text);
        assert.ok(address !== undefined);
        assert.notEqual(isIP(address), 0);
        // The system writes the last four bytes of addresses that begin with 96 zero bits as IPv4.
        if (!/^::\d+\.\d+\.\d+\.\d+$/.test(system)) assert.equal(address, system);
        assert.equal(parseClientAddress(address), address);
      }),
    );
  });
});
