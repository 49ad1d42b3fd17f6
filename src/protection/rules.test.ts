import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { accountName } from '../../test/support/accounts.ts';
import { aProtection } from '../../test/support/protection.ts';
import { parseAccountName } from '../login/account-name.ts';
import { type ClientAddress, parseClientAddress } from '../login/client-address.ts';
import { Secret } from '../login/secret.ts';
import { accountKeyOf } from './account-key.ts';
import { canonicalDomain, isForeign } from './login-rules.ts';
import { networkOf } from './network-prefix.ts';
import { PasswordMarkers } from './password-markers.ts';
import { waitAfter } from './wait.ts';

function address(text: string): ClientAddress {
  const parsed = parseClientAddress(text);
  assert.ok(parsed !== undefined, `${text} must be an address`);
  return parsed;
}

describe('a network', () => {
  it('is the one that the address is in, for all addresses and lengths', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.integer({ min: 1, max: 128 }), (text, length) => {
        const canonical = address(text);
        const bits = canonical.includes(':') ? length : Math.min(32, length);
        const network = networkOf(canonical, { ipv4: bits, ipv6: bits }) ?? '';

        const [first, parsedBits] = ipaddr.parseCIDR(network);
        assert.equal(parsedBits, bits);
        const family = canonical.includes(':') ? ipaddr.IPv6 : ipaddr.IPv4;
        const expected = family.networkAddressFromCIDR(`${canonical}/${bits}`);
        assert.equal(first.toNormalizedString(), expected.toNormalizedString());
      }),
      { numRuns: 2000 },
    );
  });

  it('is the same for all addresses in it, and another one for others', () => {
    fc.assert(
      fc.property(fc.ipV6(), fc.ipV6(), fc.integer({ min: 1, max: 128 }), (a, b, length) => {
        const [one, two] = [address(a), address(b)];
        fc.pre(one.includes(':') && two.includes(':'));
        const lengths = { ipv4: undefined, ipv6: length };
        const isSame = ipaddr.parse(one).match(ipaddr.parse(two), length);
        assert.equal(networkOf(one, lengths) === networkOf(two, lengths), isSame);
      }),
      { numRuns: 1000 },
    );
  });

  it('of IPv4-mapped IPv6 is that of IPv4, and there is none of a family that is not meant', () => {
    const mapped = address('::FFFF:192.0.2.77');
    assert.equal(networkOf(mapped, { ipv4: 24, ipv6: undefined }), '192.0.2.0/24');
    assert.equal(networkOf(mapped, { ipv4: undefined, ipv6: 64 }), undefined);
    assert.equal(networkOf(address('2001:db8::1'), { ipv4: 24, ipv6: undefined }), undefined);
    assert.equal(networkOf(address('::1'), { ipv4: 24, ipv6: 64 }), '::/64');
    assert.equal(networkOf(address('2001:db8:0:7ff::1'), { ipv4: 24, ipv6: 56 }), '2001:db8:0:700::/56');
  });
});

describe('lists of networks', () => {
  const { exempt } = aProtection({
    exempt_networks: ['10.0.0.0/8', '192.0.2.7', '2001:db8::/32', '::ffff:198.51.100.0/120', '203.0.113.200/25'],
  });

  it('hold what is in them, in every spelling', () => {
    for (const text of ['10.255.0.1', '192.0.2.7', '2001:DB8::1', '::ffff:10.1.1.1', '198.51.100.9', '203.0.113.128'])
      assert.equal(exempt.networks.has(address(text)), true, text);
    for (const text of ['11.0.0.1', '192.0.2.8', '2001:db9::1', '::1', '198.51.101.1', '203.0.113.1'])
      assert.equal(exempt.networks.has(address(text)), false, text);
    assert.equal(exempt.networks.has(undefined), false);
  });

  it('refuse what is no network, with its place', () => {
    assert.throws(
      () => aProtection({ exempt_networks: ['10.0.0.0/33'] }),
      /^Error: exempt_networks\[0\]: is no network/,
    );
    assert.throws(
      () => aProtection({ denied_networks: { networks: ['::/0', '1.2.3'] } }),
      /denied_networks.networks\[1\]/,
    );
  });
});

describe('rules for networks', () => {
  const rule = {
    name: 'a',
    mode: 'enforce',
    window: '1h',
    limit: 5,
    block: '1h',
    longest_block: '1d',
    ipv4_prefix: 24,
  };

  it('are refused where they could not do what they say', () => {
    const { ipv4_prefix: _, ...homeless } = rule;
    assert.throws(() => aProtection({ networks: [homeless] }), /needs ipv4_prefix, ipv6_prefix or both/);
    assert.throws(
      () => aProtection({ networks: [{ ...rule, block: '10m' }] }),
      /networks\[0\].block: must not be shorter/,
    );
    assert.throws(() => aProtection({ networks: [{ ...rule, longest_block: '10m' }] }), /longest_block/);
    assert.throws(() => aProtection({ networks: [rule, rule] }), /networks\[1\].name: a is the name of networks\[0\]/);
    assert.throws(() => aProtection({ networks: [{ ...rule, ipv4_prefix: 64 }] }));
  });

  it('stand without a line of configuration', () => {
    const { guesses } = aProtection();
    assert.deepEqual(
      guesses.networks.map(({ name, mode }) => `${name} ${mode}`),
      ['address enforce', 'address-day enforce', 'subnet enforce', 'site enforce', 'provider enforce'],
    );
    assert.ok(guesses.accounts.fromNewNetworks + guesses.accounts.fromKnownNetworks <= 100);
  });
});

describe('the key of an account', () => {
  it('is the same for spellings that a directory takes for one name', () => {
    const same = [
      'Ärger@Example.test',
      'ärger@example.test',
      'A\u0308rger@example.test',
      'ä\ufe0frg\u200der@example.test',
    ];
    const keys = new Set(same.map((text) => accountKeyOf(parseAccountName(text) ?? accountName('none'))));
    assert.deepEqual([...keys], ['ärger@example.test']);
  });

  it('is its own key', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const name = parseAccountName(text);
        fc.pre(name !== undefined);
        const key = parseAccountName(accountKeyOf(name));
        if (key !== undefined) assert.equal(accountKeyOf(key), key);
      }),
    );
  });
});

describe('the marker of a password', () => {
  it('has 16 bits, is the same each time, and another one with another key', () => {
    const [one, other] = [new PasswordMarkers(Secret.fromText('a')), new PasswordMarkers(Secret.fromText('b'))];
    const markers = Array.from({ length: 200 }, (_, i) => one.markerOf(Secret.fromText(`password ${i}`)));
    for (const marker of markers) assert.match(marker, /^[0-9a-f]{4}$/);
    assert.ok(new Set(markers).size > 190);
    assert.equal(one.markerOf(Secret.fromText('password 0')), markers[0]);
    assert.notEqual(other.markerOf(Secret.fromText('password 0')), markers[0]);
  });
});

describe('waiting', () => {
  it('never gets shorter with more wrong passwords, and has a bound', () => {
    const rule = { free: 3, longestSeconds: 60 };
    let last = 0;
    for (let tried = 0; tried < 1000; tried += 1) {
      const seconds = waitAfter(tried, rule);
      assert.ok(seconds >= last && seconds <= 60);
      last = seconds;
    }
    assert.equal(waitAfter(Number.POSITIVE_INFINITY, rule), 60);
    assert.equal(waitAfter(Number.POSITIVE_INFINITY, { free: 3, longestSeconds: 0 }), 0);
  });
});

describe('relay domains', () => {
  const domains = ['example.test', '*.example.org', 'BÜCHER.example', '*.Ünï.test'].map(canonicalDomain);
  const rule = { mode: 'enforce', domains } as const;

  it('let their own names in, and those without a domain', () => {
    for (const name of [
      'a@example.test',
      'a@EXAMPLE.test.',
      'a@x.example.org',
      'a@x.y.example.org',
      'a@bücher.example',
      'a',
      'a@xn--bcher-kva.example',
      'a@b.ünï.test',
    ])
      assert.equal(isForeign(accountName(name), rule), false, name);
  });

  it('keep others out', () => {
    for (const name of [
      'a@example.org',
      'a@evilexample.org',
      'a@sub.example.test',
      'a@',
      'a@example.test@evil.test',
      'a@b@c',
    ])
      assert.equal(isForeign(accountName(name), rule), true, name);
    assert.equal(isForeign(accountName('a@anything'), { ...rule, domains: [] }), false);
  });
});
