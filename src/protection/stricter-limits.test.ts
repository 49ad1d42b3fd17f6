import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseClientAddress } from '../login/client-address.ts';
import { anAttempt } from '../../test/support/attempts.ts';
import { aProtection } from '../../test/support/protection.ts';
import { guessAt, knownCounters, knownNetworkCounter, strangerCounter } from './account-budget.ts';
import { repeatCounter, type Rung, rungCounter, rungsOf } from './network-ladder.ts';
import { sharedAddressCounter } from './shared-address.ts';
import { sprayingCounter } from './spraying.ts';
import { stricterBy } from './stricter-limits.ts';

const { guesses: rules } = aProtection();
const address = parseClientAddress('192.0.2.1');
const GUESS = guessAt('alice', 'm', address);
const [RUNG] = rungsOf(anAttempt({ clientAddress: address }), rules.networks) as readonly [Rung];

function given<T>(value: T | undefined): T {
  assert.ok(value !== undefined);
  return value;
}

describe('stricter limits', () => {
  it('hold for guesses, in a part rounded up and never below one', () => {
    const counters = [
      strangerCounter(GUESS, rules.accounts),
      ...knownCounters(GUESS, '192.0.2.0/24', rules.accounts),
      rungCounter(GUESS, RUNG),
      given(sprayingCounter(GUESS, rules.spraying)?.counter),
    ];
    for (const counter of counters) {
      assert.deepEqual(stricterBy(50)(counter), { ...counter, limit: Math.ceil(counter.limit / 2) });
      assert.equal(stricterBy(1)({ ...counter, limit: 3 }).limit, 1);
      assert.deepEqual(stricterBy(100)(counter), counter);
    }
  });

  it('do not hold for what is known of accounts and networks, and for how often a network was blocked', () => {
    const counters = [
      given(knownNetworkCounter(GUESS, rules.knownNetworks)),
      sharedAddressCounter('alice', given(address), rules.sharedAddresses),
      repeatCounter(RUNG),
    ];
    for (const counter of counters) assert.deepEqual(stricterBy(50)(counter), counter);
  });
});
