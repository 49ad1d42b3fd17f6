import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { KeptLines } from './kept-lines.ts';
import { LineBatch } from './line-batch.ts';
import { PIECE_BYTES } from './line-piece.ts';

const ROOMY = { lifetimeMs: 1000, maxLines: 100, maxBytes: 10_000 };

const lineOf = (session: string, text = '') => `{"session":"${session}","text":"${text}"}\n`;

/** Lines that are kept, with the log that writes them. */
function open(now: () => number) {
  const batch = new LineBatch((_, done) => done(), undefined);
  const kept = new KeptLines(now);
  return { batch, kept, keep: (session: string, text?: string) => kept.keep(batch.write(lineOf(session, text))) };
}

describe('lines that are kept', () => {
  it('are found by their session until their time is over', () => {
    let now = 0;
    const { kept, keep } = open(() => now);
    keep('before');
    kept.resize(ROOMY);
    keep('a');
    now = 600;
    keep('b');

    const found = () => ['a', 'b', 'before'].map((session) => kept.find(session));
    assert.deepEqual(found(), [lineOf('a'), lineOf('b'), undefined]);
    now = 1000;
    assert.deepEqual(found(), [undefined, lineOf('b'), undefined]);
    assert.deepEqual([kept.size, kept.bytes], [1, lineOf('b').length]);
    kept[Symbol.dispose]();
  });

  it('are never more than their number and their bytes, and always the latest', () => {
    const small = fc.integer({ min: 0, max: 40 });
    const linesOf = (length: fc.Arbitrary<number>) =>
      fc.array(fc.record({ length, waits: fc.integer({ min: 0, max: 100 }), before: fc.integer({ min: 0, max: 2 }) }), {
        maxLength: 60,
      });
    // Large lines fill pieces: where hardly any of them may be kept, a piece has few lines, and goes before they have to.
    const lines = fc.oneof(
      fc.tuple(linesOf(small), fc.integer({ min: 1, max: 240 })),
      fc.tuple(linesOf(fc.oneof(small, fc.constant(20_000))), fc.constant(4 * PIECE_BYTES)),
    );
    fc.assert(
      fc.property(lines, fc.integer({ min: 1, max: 10 }), ([lines, maxBytes], maxLines) => {
        let now = 0;
        const { batch, kept, keep } = open(() => now);
        kept.resize({ lifetimeMs: 300, maxLines, maxBytes });
        const all: { readonly session: string; readonly bytes: number; readonly at: number }[] = [];
        for (const [i, { length, waits, before }] of lines.entries()) {
          now += waits;
          // Other lines of the log may name the same session.
          for (let other = 0; other < before; other += 1) batch.write(lineOf(`${i}`, 'of another event'));
          const text = 'x'.repeat(length);
          keep(`${i}`, text);
          const bytes = lineOf(`${i}`, text).length;
          if (bytes <= maxBytes) all.push({ session: `${i}`, bytes, at: now });
        }
        const expected: string[] = [];
        let bytes = 0;
        for (const one of all.toReversed()) {
          bytes += one.bytes;
          if (expected.length === maxLines || bytes > maxBytes || one.at <= now - 300) break;
          expected.push(one.session);
        }
        const found = all.filter(({ session }) => kept.find(session)?.includes('"text":"of another') === false);
        assert.deepEqual(
          found.map(({ session }) => session),
          expected.toReversed(),
        );
        assert.equal(kept.size, expected.length);
        kept[Symbol.dispose]();
      }),
      { numRuns: 200 },
    );
  });

  it('are whole also where they are longer than a piece', () => {
    const { kept, keep } = open(() => 0);
    kept.resize({ ...ROOMY, maxBytes: 4 * PIECE_BYTES });
    const text = 'x'.repeat(PIECE_BYTES);
    keep('before');
    keep('long', text);
    keep('after');

    const found = ['before', 'long', 'after'].map((session) => kept.find(session));
    assert.deepEqual(found, [lineOf('before'), lineOf('long', text), lineOf('after')]);
    kept[Symbol.dispose]();
  });

  it('hold no more of the log than twice their bytes, however much else is in it', () => {
    const { batch, kept, keep } = open(() => 0);
    kept.resize({ lifetimeMs: 1000, maxLines: 1000, maxBytes: PIECE_BYTES });
    const filler = 'x'.repeat(PIECE_BYTES / 4);
    for (let i = 0; i < 100; i += 1) {
      keep(`${i}`);
      for (let other = 0; other < 4; other += 1) batch.write(lineOf('other', filler));
    }

    assert.ok(kept.size >= 3 && kept.size <= 5, `${kept.size} lines are kept`);
    assert.equal(kept.find('99'), lineOf('99'));
    kept[Symbol.dispose]();
  });

  it('stay as far as other bounds allow, and go where there is none', () => {
    const { kept, keep } = open(() => 0);
    kept.resize(ROOMY);
    for (const session of ['a', 'b', 'c']) keep(session);
    kept.resize({ ...ROOMY, maxLines: 2 });
    assert.deepEqual(
      ['a', 'b', 'c'].map((session) => kept.find(session)),
      [undefined, lineOf('b'), lineOf('c')],
    );
    kept.resize({ ...ROOMY, lifetimeMs: 0 });
    assert.deepEqual([kept.find('c'), kept.size, kept.isOn], [undefined, 0, false]);
  });
});
