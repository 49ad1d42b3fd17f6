import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { backOffMs } from './back-off.ts';

it('waits by chance up to a bound that doubles with each failure, and never more than 30 s', () => {
  assert.equal(backOffMs(1, 1), 250);
  assert.equal(backOffMs(4, 1), 2000);
  assert.equal(backOffMs(4, 0.5), 1000);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5000 }), fc.double({ min: 0, max: 1, noNaN: true }), (failures, chance) => {
      const ms = backOffMs(failures, chance);
      assert.ok(ms >= 0 && ms <= 30_000 && ms <= 250 * 2 ** (failures - 1));
    }),
  );
});
