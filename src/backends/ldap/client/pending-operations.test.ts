import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { PendingOperation } from './pending-operation.ts';
import { PendingOperations } from './pending-operations.ts';

const MOST = 8;

function anOperation(): PendingOperation {
  return new PendingOperation('search', { maxEntries: 1, deadline: 0, settle: () => {} });
}

describe('pending operations', () => {
  it('are found by their ids, and nobody else by an id that was once theirs', () => {
    const orders = fc.array(fc.integer({ min: -1, max: MOST }), { maxLength: 200 });
    fc.assert(
      fc.property(orders, (taken) => {
        const pending = new PendingOperations(MOST);
        const expected = new Map<number, PendingOperation>();
        const ended = new Set<number>();
        for (const order of taken) {
          const id = [...expected.keys()][order];
          if (id !== undefined) {
            assert.equal(pending.take(id), expected.get(id));
            expected.delete(id);
            ended.add(id);
          } else if (expected.size < MOST) {
            const fresh = pending.takeId();
            assert.ok(!expected.has(fresh) && !ended.has(fresh));
            const operation = anOperation();
            pending.add(fresh, operation);
            expected.set(fresh, operation);
          }
        }
        assert.equal(pending.size, expected.size);
        assert.deepEqual(new Set(pending.ids()), new Set(expected.keys()));
        for (const [known, operation] of expected) assert.equal(pending.get(known), operation);
        for (const known of ended) assert.equal(pending.take(known), undefined);
      }),
    );
  });
});
