import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Frames, LineFrames } from './frames.ts';
import { NetstringFrames, renderNetstring } from './socketmap/netstring.ts';

const latin1 = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('latin1'));

/** Pushes a text in pieces; gives what was cut out of it, ending with the problem where there is one. */
function cut(frames: Frames, text: string, pieces: readonly number[]): (string | { problem: string })[] {
  const found: (string | { problem: string })[] = [];
  let at = 0;
  for (const size of [...pieces, text.length]) {
    frames.push(text.slice(at, at + size));
    at += size;
    for (let frame = frames.next(); frame !== undefined; frame = frames.next()) {
      found.push(frame);
      if (typeof frame !== 'string') return found;
    }
    if (at >= text.length) break;
  }
  return found;
}

describe('cutting what comes in into requests', () => {
  it('gives lines in whatever pieces they come', () => {
    const lines = fc.array(latin1.map((line) => line.replaceAll('\n', '')));
    fc.assert(
      fc.property(lines, fc.array(fc.integer({ min: 1, max: 50 })), (all, pieces) => {
        const text = all.map((line) => `${line}\n`).join('');
        assert.deepEqual(cut(new LineFrames(200), text, pieces), all);
      }),
    );
  });

  it('gives netstrings in whatever pieces they come', () => {
    fc.assert(
      fc.property(fc.array(latin1), fc.array(fc.integer({ min: 1, max: 50 })), (all, pieces) => {
        const text = all.map(renderNetstring).join('');
        assert.deepEqual(cut(new NetstringFrames(200), text, pieces), all);
      }),
    );
  });

  it('takes any bytes without a crash, and holds no more than a request', () => {
    fc.assert(
      fc.property(fc.array(latin1), (chunks) => {
        for (const frames of [new LineFrames(64), new NetstringFrames(64)]) cut(frames, chunks.join(''), [7, 7, 7]);
      }),
    );
  });

  for (const [what, text] of [
    ['no digits', 'abc'],
    ['a colon alone', ':'],
    ['a sign', '-1:,'],
    ['a length that begins with 0', '01:a,'],
    ['another end', '1:a;'],
    ['too long a length', '65:'],
    ['more digits than any length has', '00001'],
    ['a space', '1 :a,'],
  ] as const)
    it(`takes ${what} for no netstring`, () => {
      const [found] = cut(new NetstringFrames(64), text, []);

      assert.equal(typeof found, 'object');
    });

  it('takes an empty netstring for one', () => {
    assert.deepEqual(cut(new NetstringFrames(64), '0:,1:a,', [1, 1]), ['', 'a']);
  });

  it('stops at a line that is too long, whole or not', () => {
    const problem = { problem: 'a line is longer than 4 bytes' };

    assert.deepEqual(cut(new LineFrames(4), 'abcd\nabcde', []), ['abcd', problem]);
    assert.deepEqual(cut(new LineFrames(4), 'abcde\n', [3, 3]), [problem]);
  });

  it('knows whether a part of a request is there', () => {
    const frames = new LineFrames(10);
    frames.push('a\nb');
    frames.next();

    assert.equal(frames.isPartial, true);
    frames.push('\n');
    frames.next();
    assert.equal(frames.isPartial, false);
  });
});
