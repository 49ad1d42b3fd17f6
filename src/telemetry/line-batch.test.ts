import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { KeptLines } from './kept-lines.ts';
import { LineBatch } from './line-batch.ts';
import { PIECE_BYTES } from './line-piece.ts';

describe('a batch of lines', () => {
  it('uses pieces again, but none that is still to be written or whose lines are kept', () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 90_000 }), { maxLength: 40 });
    fc.assert(
      fc.property(lengths, fc.array(fc.nat(5), { minLength: 1, maxLength: 10 }), (lengths, patience) => {
        const waiting: { readonly bytes: Buffer; readonly done: () => void }[] = [];
        let written = '';
        const writeNext = (count: number) => {
          for (const { bytes, done } of waiting.splice(0, count)) {
            written += bytes.toString();
            done();
          }
        };
        const batch = new LineBatch((bytes, done) => waiting.push({ bytes, done }), undefined);
        const kept = new KeptLines(() => 0);
        kept.resize({ lifetimeMs: 1000, maxLines: 10, maxBytes: PIECE_BYTES });
        const lines = lengths.map((length, i) => `{"session":"${i}","text":"${String(i % 10).repeat(length)}"}\n`);
        for (const [i, line] of lines.entries()) {
          kept.keep(batch.write(line));
          if (i % 3 === 0) batch.flush();
          writeNext(patience[i % patience.length] as number);
          if (i > 0 && i % 7 === 0) kept.resize({ lifetimeMs: 1000, maxLines: 10 - (i % 3), maxBytes: PIECE_BYTES });
        }
        for (const [i, line] of lines.entries()) assert.ok([line, undefined].includes(kept.find(`${i}`)));
        assert.equal(lines.filter((line, i) => kept.find(`${i}`) === line).length, kept.size);
        if (lines.length > 0) assert.equal(kept.find(`${lines.length - 1}`), lines.at(-1));
        batch.flush();
        writeNext(waiting.length);

        assert.ok(written === lines.join(''), 'all lines are written, in their order');
        kept[Symbol.dispose]();
      }),
      { numRuns: 100 },
    );
  });

  for (const [what, bounds] of [
    ['nothing is kept of it', undefined],
    ['the latest lines are kept', { lifetimeMs: 1000, maxLines: 20, maxBytes: PIECE_BYTES }],
  ] as const)
    it(`has few pieces, however much is written, where ${what}`, () => {
      const buffers = new Set<ArrayBufferLike>();
      const batch = new LineBatch((bytes, done) => {
        buffers.add(bytes.buffer);
        done();
      }, undefined);
      const kept = new KeptLines(() => 0);
      const line = `${'x'.repeat(PIECE_BYTES / 10)}\n`;
      for (let i = 0; i < 500; i += 1) {
        if (bounds !== undefined && i % 50 === 0) kept.resize({ ...bounds, maxLines: bounds.maxLines + (i % 7) });
        kept.keep(batch.write(line));
      }

      assert.ok(buffers.size < 20, `${buffers.size} pieces`);
      kept[Symbol.dispose]();
    });
});
