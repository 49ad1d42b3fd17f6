import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { xtextOf } from './xtext.ts';

describe('xtext', () => {
  for (const [text, expected] of [
    ['alice@example.test', 'alice@example.test'],
    ['alice+abuse=x', 'alice+2Babuse+3Dx'],
    ['a b\r\n', 'a+20b+0D+0A'],
    ['\u00fc~!', '+FC~!'],
  ] as const)
    it(`of ${JSON.stringify(text)} is ${expected}`, () => {
      assert.equal(xtextOf(text), expected);
    });

  it('holds every text, in characters that mean nothing else', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(255), { maxLength: 60 }), (bytes) => {
        const text = Buffer.from(bytes).toString('latin1');
        const written = xtextOf(text);
        const read = written.replace(/\+([0-9A-F]{2})/g, (_, hex: string) =>
          String.fromCharCode(Number.parseInt(hex, 16)),
        );

        assert.match(written, /^(?:[!-*,-<>-~]|\+[0-9A-F]{2})*$/);
        assert.equal(read, text);
      }),
    );
  });
});
