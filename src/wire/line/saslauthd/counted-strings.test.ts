import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { CountedStrings, readStrings, renderString } from './counted-strings.ts';

const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array).toString('latin1'));
const questionOf = (strings: readonly string[]) => strings.map(renderString).join('');

/** What comes out of a frame by frame, as the connection asks for it. */
function all(frames: CountedStrings): unknown[] {
  const found: unknown[] = [];
  for (let frame = frames.next(); frame !== undefined; frame = frames.next()) {
    found.push(frame);
    if (typeof frame === 'object') break;
  }
  return found;
}

describe('a question of Cyrus SASL', () => {
  it('is read as it was written, however its bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(bytes, { minLength: 4, maxLength: 4 }),
        fc.array(fc.nat(200), { maxLength: 4 }),
        (strings, cuts) => {
          const text = questionOf(strings);
          const places = [0, ...cuts.filter((cut) => cut < text.length), text.length].sort((a, b) => a - b);
          const frames = new CountedStrings();
          const found: unknown[] = [];
          for (let i = 1; i < places.length; i += 1) {
            frames.push(text.slice(places[i - 1], places[i]));
            found.push(...all(frames));
          }
          assert.deepEqual(found, [text]);
          assert.deepEqual(readStrings(text), strings);
          assert.equal(frames.isPartial, false);
        },
      ),
    );
  });

  it('has the address of the client behind it where that came with it', () => {
    const strings = ['alice', 'secret', 'smtp', 'example.test', '192.0.2.7;4711'];
    const frames = new CountedStrings();
    frames.push(questionOf(strings));

    assert.deepEqual(readStrings(frames.next() as string), strings);
    assert.equal(frames.isPartial, false);
  });

  it('is told from one that is not whole', () => {
    const text = questionOf(['alice', 'secret', 'smtp', '']);
    for (let length = 0; length < text.length; length += 1) {
      const frames = new CountedStrings();
      frames.push(text.slice(0, length));
      assert.equal(frames.next(), undefined);
      assert.equal(frames.isPartial, length > 0);
    }
  });

  for (const place of [0, 1, 2, 3, 4])
    it(`is not read where string ${place + 1} is longer than any`, () => {
      const frames = new CountedStrings();
      frames.push(`${questionOf(['a', 'b', 'c', 'd'].slice(0, place))}\x10\x01`);

      assert.deepEqual(frames.next(), { problem: 'a string is longer than 4096 bytes' });
    });

  it('of any bytes is read or refused, and nothing is held that is longer than it may be', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 8 }), (chunks) => {
        const frames = new CountedStrings();
        for (const chunk of chunks) {
          frames.push(Buffer.from(chunk).toString('latin1'));
          for (const frame of all(frames)) if (typeof frame === 'string') assert.ok(readStrings(frame).length >= 4);
        }
      }),
    );
  });
});
