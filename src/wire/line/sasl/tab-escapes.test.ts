import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { escapeTabs, unescapeTabs } from './tab-escapes.ts';

it('reads every text that it has written, and writes none that ends a parameter or a line', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const written = escapeTabs(text);

      assert.equal(unescapeTabs(written), text);
      assert.doesNotMatch(written, /[\0\t\r\n]/);
    }),
  );
});

it('reads both escapes of a line feed, and takes others for the character itself', () => {
  assert.equal(unescapeTabs('a\u0001nb\u0001lc\u0001xd\u0001'), 'a\nb\ncxd');
});
