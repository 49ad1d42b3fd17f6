import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type ClientAddress, parseClientAddress } from '../login/client-address.ts';
import type { Block } from '../state/blocks.ts';
import { networkOf, overlap } from './network-prefix.ts';
import { isBlockOf, ownersOf, sweepOf } from './traces.ts';

function addressOf(text: string): ClientAddress {
  const address = parseClientAddress(text);
  assert.ok(address !== undefined, text);
  return address;
}

describe('networks', () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['192.0.2.0/24', '192.0.2.7/32', true],
    ['192.0.2.7/32', '192.0.2.0/24', true],
    ['192.0.2.0/24', '192.0.3.7/32', false],
    ['192.0.2.0/24', '192.0.2.0/24', true],
    ['0.0.0.0/0', '192.0.2.0/24', true],
    ['2001:db8::/48', '2001:db8:0:7::1/128', true],
    ['2001:db8:1::/48', '2001:db8::/56', false],
    ['::/0', '192.0.2.0/24', false],
    ['192.0.2.7', '192.0.2.7/32', false],
  ];
  for (const [one, other, expected] of cases)
    it(`${one} and ${other} ${expected ? 'overlap' : 'do not'}`, () => assert.equal(overlap(one, other), expected));

  it('of one address all overlap', () => {
    const length = fc.integer({ min: 8, max: 32 });
    fc.assert(
      fc.property(fc.ipV4(), length, length, (text, one, other) => {
        const of = (bits: number) => networkOf(addressOf(text), { ipv4: bits, ipv6: bits }) ?? '';
        return overlap(of(one), of(other));
      }),
    );
    fc.assert(
      fc.property(
        fc.ipV6(),
        fc.integer({ min: 16, max: 128 }),
        fc.integer({ min: 16, max: 128 }),
        (text, one, other) => {
          const address = addressOf(text);
          if (!address.includes(':')) return true;
          const of = (bits: number) => networkOf(address, { ipv4: bits, ipv6: bits }) ?? '';
          return overlap(of(one), of(other));
        },
      ),
    );
  });
});

describe('traces', () => {
  it('of an account are its own counters, and itself as a member of others', () => {
    const sweep = sweepOf({ accounts: ['alice@example.test', 'al'], networks: [] });

    assert.equal(sweep.ofOwner('account:alice@example.test'), 'all');
    assert.equal(sweep.ofOwner('account:al'), 'all');
    assert.equal(sweep.ofOwner('account:bob'), 'none');
    assert.equal(sweep.ofOwner('network:192.0.2.0/24'), 'within');
    assert.equal(sweep.ofOwner('spraying:192.0.2.0/24 dead'), 'within');
    for (const member of ['al', 'alice@example.test', 'alice@example.test 0f9a'])
      assert.equal(sweep.ofMember(member), true);
    for (const member of ['bob', 'alice@example.test.evil 0f9a', 'malice@example.test 0f9a', 'al ice 0f9a', 'dead'])
      assert.equal(sweep.ofMember(member), false, member);
  });

  it('of a network are all that overlap it, and where accounts are known', () => {
    const sweep = sweepOf({ accounts: [], networks: ['192.0.2.7/32'] });

    for (const owner of ['network:192.0.2.7/32', 'network:192.0.2.0/24', 'spraying:192.0.2.0/24 dead'])
      assert.equal(sweep.ofOwner(owner), 'all', owner);
    for (const owner of ['network:192.0.2.8/32', 'network:2001:db8::/48', 'spraying:192.0.3.0/24 dead'])
      assert.equal(sweep.ofOwner(owner), 'none', owner);
    assert.equal(sweep.ofOwner('account:alice'), 'within');
    assert.deepEqual(
      ['network 192.0.2.0/24', 'network 192.0.3.0/24', 'new-networks', 'all-known-networks'].map((name) =>
        sweep.ofCounter(name),
      ),
      [true, false, false, false],
    );
    assert.deepEqual(
      ['192.0.2.0/24', '192.0.3.0/24', 'dead'].map((member) => sweep.ofMember(member)),
      [true, false, false],
    );
  });

  it('of a rule are its counters and blocks only', () => {
    const sweep = sweepOf({ accounts: [], networks: ['192.0.2.7/32'], rule: 'subnet' });
    assert.equal(sweep.ofOwner('network:192.0.2.0/24'), 'within');
    assert.equal(sweep.ofOwner('spraying:192.0.2.0/24 dead'), 'none');
    assert.equal(sweep.ofOwner('account:alice'), 'none');
    assert.deepEqual(
      ['guesses subnet', 'blocks subnet', 'guesses address', 'logins'].map((name) => sweep.ofCounter(name)),
      [true, true, false, false],
    );
    const block = (rule: string): Block => ({
      key: `network:192.0.2.0/24 rule:${rule}`,
      network: '192.0.2.0/24',
      rule,
      scope: 'all',
      untilMs: 1,
      reason: '',
      by: '',
    });
    const traces = { accounts: [], networks: ['192.0.2.7/32'], rule: 'subnet' };
    assert.deepEqual(
      ['subnet', 'address'].map((rule) => isBlockOf(block(rule), traces)),
      [true, false],
    );
    assert.equal(isBlockOf(block('address'), { ...traces, rule: undefined }), true);
    assert.equal(isBlockOf(block('address'), { ...traces, rule: undefined, blocks: [] }), false);
    assert.equal(ownersOf({ ...traces, rule: undefined }), undefined);
    assert.equal(ownersOf(traces), undefined);
    assert.deepEqual(ownersOf({ ...traces, blocks: ['a'] }), ['network:192.0.2.7/32']);
    assert.deepEqual(ownersOf({ ...traces, blocks: ['a'], rule: 'manual' }), []);
    const account = { ...block('manual'), key: 'account:al', network: undefined };
    assert.equal(isBlockOf(account, { accounts: ['al'], networks: [] }), true);
    assert.equal(isBlockOf(account, { accounts: ['alice'], networks: [] }), false);
  });
});
