import assert from 'node:assert/strict';
import { it } from 'node:test';
import { aProtection } from '../../test/support/protection.ts';
import { type ClientAddress, parseClientAddress } from '../login/client-address.ts';
import { guessAt, knownCounterOf, knownNetworkCounter } from './account-budget.ts';
import { manualBlockKeys } from './manual-block.ts';
import { rungsAt } from './network-ladder.ts';
import { sharedAddressCounter, sharedCounterOf } from './shared-address.ts';
import { sprayingCounter, sprayingCounterOf } from './spraying.ts';
import { SurroundingsOfAddresses } from './surroundings.ts';

const { guesses: rules } = aProtection({});

it('the surroundings of an address are what each rule makes of it, whichever address was asked for before', () => {
  const surroundings = new SurroundingsOfAddresses(rules);
  for (const text of ['192.0.2.1', '192.0.2.2', '2001:db8::1', '192.0.2.1', '2001:db8:0:1::1']) {
    const address = parseClientAddress(text) as ClientAddress;
    const guess = guessAt('alice', 'abcd', address);
    const { rungs, manualKeys, knownIn = '', sprayedFrom, clientOwner } = surroundings.of(address);

    assert.deepEqual(rungs, rungsAt(address, rules.networks));
    assert.deepEqual(['account:alice', ...manualKeys], manualBlockKeys('alice', address));
    assert.deepEqual(
      knownCounterOf(guess, knownIn, rules.knownNetworks),
      knownNetworkCounter(guess, rules.knownNetworks),
    );
    assert.deepEqual(sprayingCounterOf(guess, sprayedFrom, rules.spraying), sprayingCounter(guess, rules.spraying));
    assert.deepEqual(
      sharedCounterOf('alice', clientOwner, rules.sharedAddresses),
      sharedAddressCounter('alice', address, rules.sharedAddresses),
    );
  }
});

it('an attempt without an address has none', () => {
  assert.deepEqual(new SurroundingsOfAddresses(rules).of(undefined), {
    rungs: [],
    manualKeys: [],
    knownIn: undefined,
    sprayedFrom: undefined,
    clientOwner: '',
  });
});
