import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { KeptLines } from './kept-lines.ts';

const ROOMY = { lifetimeMs: 1000, maxLines: 100, maxBytes: 10_000 };

describe('lines that are kept', () => {
  it('are found by their session until their time is over', () => {
    let now = 0;
    using kept = new KeptLines(() => now);
    kept.keep('before', 'nothing is kept yet');
    kept.resize(ROOMY);
    kept.keep('a', 'line a');
    now = 600;
    kept.keep('b', 'line b');

    assert.deepEqual([kept.find('a'), kept.find('b'), kept.find('before')], ['line a', 'line b', undefined]);
    now = 1000;
    assert.deepEqual([kept.find('a'), kept.find('b'), kept.size, kept.bytes], [undefined, 'line b', 1, 6]);
  });

  it('are never more than their number and their bytes, and always the latest', () => {
    const line = fc.record({ length: fc.integer({ min: 0, max: 40 }), waits: fc.integer({ min: 0, max: 100 }) });
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 60 }),
        fc.integer({ min: 1, max: 10 }),
        fc.integer({ min: 1, max: 120 }),
        (lines, maxLines, maxBytes) => {
          let now = 0;
          using kept = new KeptLines(() => now);
          kept.resize({ lifetimeMs: 300, maxLines, maxBytes });
          const all: { readonly session: string; readonly length: number; readonly at: number }[] = [];
          for (const [i, { length, waits }] of lines.entries()) {
            now += waits;
            kept.keep(`${i}`, 'x'.repeat(length));
            if (length <= maxBytes) all.push({ session: `${i}`, length, at: now });
          }
          const expected: string[] = [];
          let bytes = 0;
          for (const { session, length, at } of all.toReversed()) {
            bytes += length;
            if (expected.length === maxLines || bytes > maxBytes || at <= now - 300) break;
            expected.push(session);
          }
          const found = all.map(({ session }) => session).filter((session) => kept.find(session) !== undefined);
          assert.deepEqual(found, expected.toReversed());
          assert.equal(kept.size, expected.length);
        },
      ),
    );
  });

  it('stay as far as other bounds allow, and go where there is none', () => {
    using kept = new KeptLines(() => 0);
    kept.resize(ROOMY);
    for (const session of ['a', 'b', 'c']) kept.keep(session, `line ${session}`);
    kept.resize({ ...ROOMY, maxLines: 2 });
    assert.deepEqual(
      ['a', 'b', 'c'].map((session) => kept.find(session)),
      [undefined, 'line b', 'line c'],
    );
    kept.resize({ ...ROOMY, lifetimeMs: 0 });
    assert.deepEqual([kept.find('c'), kept.size, kept.isOn], [undefined, 0, false]);
  });
});
