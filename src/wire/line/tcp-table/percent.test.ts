import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { decodePercent, encodePercent } from './percent.ts';

it('reads all bytes that it has written, and writes none that is not plain', () => {
  const bytes = fc.uint8Array().map((all) => Buffer.from(all).toString('latin1'));
  fc.assert(
    fc.property(bytes, (text) => {
      const written = encodePercent(text);

      assert.equal(decodePercent(written), text);
      assert.match(written, /^[!-~]*$/);
    }),
  );
});

it('reads nothing that is broken', () => {
  for (const text of ['%', '%4', '%zz', 'a%', 'a\tb', '100% sure']) assert.equal(decodePercent(text), undefined, text);
});
