import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { accountName } from '../../../test/support/accounts.ts';
import { aProtection } from '../../../test/support/protection.ts';
import { parseClientAddress } from '../../login/client-address.ts';
import { NetworkSet } from '../network-set.ts';
import { type DnsList, isDecided, type ListAnswer, listedName, standingOf } from './address-lists.ts';
import { rulesFor } from './overrides.ts';
import { isOutOfPlace, placeText } from './places.ts';

const ANSWERS: readonly ListAnswer[] = ['listed', 'not-listed', 'unanswered'];

function aList(name: string, weight: number): DnsList {
  return { name, zone: 'x.test', weight, codes: new NetworkSet([]), ipv4: true, ipv6: true };
}

describe('what lists say of an address', () => {
  it('is decided only where no answer that is missing could change it', () => {
    const some = fc.array(fc.record({ weight: fc.integer({ min: -5, max: 5 }), answer: fc.constantFrom(...ANSWERS) }), {
      maxLength: 5,
    });
    fc.assert(
      fc.property(some, fc.integer({ min: 1, max: 8 }), (given, threshold) => {
        const lists = given.map(({ weight }, i) => aList(`l${i}`, weight));
        const answers = new Map(given.map(({ answer }, i) => [`l${i}`, answer] as const));
        const standing = standingOf(lists, answers, threshold);

        let outcomes = [0];
        for (const { weight, answer } of given)
          outcomes = outcomes.flatMap((sum) =>
            answer === 'unanswered' ? [sum, sum + weight] : [answer === 'listed' ? sum + weight : sum],
          );
        assert.equal(
          standing.isOver,
          outcomes.every((sum) => sum >= threshold),
        );
        assert.equal(
          standing.mayBeOver,
          outcomes.some((sum) => sum >= threshold),
        );
        assert.equal(isDecided(standing), new Set(outcomes.map((sum) => sum >= threshold)).size === 1);
      }),
      { numRuns: 1000 },
    );
  });

  it('is asked by names that lead back to the address', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const address = parseClientAddress(text);
        fc.pre(address !== undefined);
        const parts = listedName(address, 'x.test').split('.').slice(0, -2).reverse();
        const back = address.includes(':') ? (parts.join('').match(/.{4}/g) ?? []).join(':') : parts.join('.');
        assert.equal(parseClientAddress(back), address);
      }),
    );
  });
});

describe('a place', () => {
  const denied = { mode: 'enforce', databases: ['x'], deny_countries: ['cn'], deny_asns: [64496] };
  const allowed = { mode: 'enforce', databases: ['x'], allow_countries: ['DE'], deny_asns: [64496] };
  const either = { mode: 'enforce', databases: ['x'], allow_countries: ['DE'], allow_asns: [64500] };
  const cases: readonly (readonly [object, string | undefined, number | undefined, boolean])[] = [
    [denied, 'CN', 1, true],
    [denied, 'DE', 64496, true],
    [denied, 'DE', 1, false],
    [denied, undefined, undefined, false],
    [allowed, 'DE', 1, false],
    [allowed, 'DE', 64496, true],
    [allowed, 'FR', 1, true],
    [allowed, undefined, undefined, false],
    [allowed, undefined, 1, false],
    [{ ...allowed, refuse_unknown: true }, undefined, undefined, true],
    [{ ...denied, refuse_unknown: true }, undefined, undefined, false],
    [either, 'FR', 64500, false],
    [either, 'DE', 1, false],
    [either, 'FR', 1, true],
  ];
  for (const [settings, country, asn, isOut] of cases) {
    const { places } = aProtection({ places: settings });
    it(`of ${placeText({ country, asn })} is ${isOut ? 'refused' : 'let in'} by ${JSON.stringify(settings)}`, () => {
      assert.equal(isOutOfPlace({ country, asn }, places), isOut);
    });
  }
});

describe('other rules for some accounts', () => {
  const config = aProtection({
    tls: { mode: 'enforce' },
    overrides: [
      { name: 'one', accounts: ['Scanner@Example.test', 'müller@exämple.test'], tls: 'off' },
      { name: 'same', accounts: ['scanner@example.test'], tls: 'observe', denied_networks: 'off' },
      { name: 'domain', domains: ['example.org', '*.example.org.'], tls: 'observe', exempt_from_network_rules: true },
    ],
  });
  const modeFor = (text: string) => rulesFor(config, accountName(text)).tls.mode;

  it('are those of the first entry that has the name, alone, in every spelling of it', () => {
    assert.equal(modeFor('scanner@example.test'), 'off');
    assert.equal(modeFor('SCANNER@example.TEST'), 'off');
    assert.equal(modeFor('MÜLLER@exämple.test'), 'off');
    assert.equal(rulesFor(config, accountName('scanner@example.test')).deniedNetworks.mode, 'enforce');
    assert.equal(modeFor('x@example.org'), 'observe');
    assert.equal(modeFor('x@a.b.EXAMPLE.org.'), 'observe');
    for (const other of ['scanner', 'scanner@example.test.example', 'x@notexample.org', 'example.org'])
      assert.equal(modeFor(other), 'enforce', other);
    assert.equal(rulesFor(config, undefined).tls.mode, 'enforce');
  });

  it('may free from rules that look at networks', () => {
    assert.equal(config.overrides.spares(accountName('x@example.org')), true);
    assert.equal(config.overrides.spares(accountName('scanner@example.test')), false);
  });
});

describe('settings of these rules', () => {
  const rbl = { mode: 'observe', lists: [{ name: 'a', zone: 'a.test' }] };
  const problems: readonly (readonly [object, RegExp])[] = [
    [{ rbl: { mode: 'enforce' } }, /^Error: rbl\.lists: is empty, and there is nothing to ask/],
    [{ rbl: { ...rbl, threshold: 2 } }, /^Error: rbl\.threshold: cannot be reached: all lists together weigh 1/],
    [{ rbl: { ...rbl, servers: ['127.0.0.1:70000'] } }, /^Error: rbl\.servers\[0\]: is no address of a DNS server/],
    [{ rbl: { ...rbl, servers: ['1.2.3.4.5'] } }, /^Error: rbl\.servers\[0\]: is no address of a DNS server/],
    [
      { rbl: { ...rbl, lists: [...rbl.lists, ...rbl.lists] } },
      /^Error: rbl\.lists\[1\]\.name: a is the name of lists\[0\] already/,
    ],
    [
      { rbl: { ...rbl, lists: [{ ...rbl.lists[0], ipv4: false }] } },
      /^Error: rbl\.lists\[0\]: needs ipv4, ipv6 or both/,
    ],
    [{ places: { mode: 'observe', deny_countries: ['CN'] } }, /^Error: places\.databases: is empty/],
    [{ places: { mode: 'observe', databases: ['x'] } }, /^Error: places\.mode: does nothing/],
    [{ overrides: [{ name: 'x' }] }, /^Error: overrides\[0\]: needs accounts, domains or both/],
    [{ overrides: [{ name: 'x', accounts: ['a b'] }] }, /^Error: overrides\[0\]\.accounts\[0\]: cannot be the name/],
    [{ overrides: [{ name: 'x', domains: ['x.test'], rbl: 'enforce' }] }, /^Error: rbl\.lists: is empty/],
  ];
  for (const [settings, expected] of problems)
    it(`are refused with their place: ${JSON.stringify(settings)}`, () => {
      assert.throws(() => aProtection(settings), expected);
    });

  it('may name DNS servers with and without ports', () => {
    const servers = ['127.0.0.1', '127.0.0.1:5353', '::1', '[::1]:5353'];
    const { listQuestions } = aProtection({ rbl: { ...rbl, servers } });
    assert.deepEqual(listQuestions.servers, ['127.0.0.1:53', '127.0.0.1:5353', '[::1]:53', '[::1]:5353']);
  });
});
