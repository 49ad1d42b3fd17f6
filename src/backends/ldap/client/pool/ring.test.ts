import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Ring } from './ring.ts';

describe('a ring', () => {
  it('gives what came in, in its order, like an array', () => {
    const steps = fc.array(fc.oneof(fc.constant('shift' as const), fc.integer({ min: 1, max: 200 })), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(steps, (taken) => {
        const ring = new Ring<number>();
        const array: number[] = [];
        let next = 0;
        for (const step of taken) {
          if (step === 'shift') assert.equal(ring.shift(), array.shift());
          for (let i = 0; step !== 'shift' && i < step; i += 1) {
            ring.push(++next);
            array.push(next);
          }
          assert.equal(ring.first(), array[0]);
          assert.equal(ring.length, array.length);
        }
        assert.deepEqual([...ring], array);
      }),
    );
  });
});
