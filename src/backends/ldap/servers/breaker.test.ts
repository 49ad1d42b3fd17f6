import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Breaker } from './breaker.ts';

function aBreaker(random = 1): Breaker {
  return new Breaker({ failuresToOpen: 3, firstDelayMs: 100, maxDelayMs: 1000, random: () => random });
}

describe('a breaker', () => {
  it('opens at so many failures in a row, not at as many in all', () => {
    const breaker = aBreaker();

    assert.deepEqual([breaker.sawFailure(), breaker.sawFailure()], [false, false]);
    breaker.sawSuccess();
    assert.deepEqual([breaker.sawFailure(), breaker.sawFailure(), breaker.sawFailure()], [false, false, true]);
  });

  it('waits up to twice as long each time, within bounds, until something succeeds', () => {
    const breaker = aBreaker();

    assert.deepEqual(
      Array.from({ length: 6 }, () => breaker.open()),
      [100, 200, 400, 800, 1000, 1000],
    );
    breaker.sawSuccess();
    assert.equal(breaker.open(), 100);
  });

  it('spreads waits over their whole length, but never spins', () => {
    const half = aBreaker(0.5);
    half.open();

    assert.equal(half.open(), 100);
    assert.equal(aBreaker(0).open(), 20);
  });

  it('opens at the first failure after it was half closed', () => {
    const breaker = aBreaker();
    breaker.open();
    breaker.halfClose();

    assert.equal(breaker.sawFailure(), true);
  });
});
