import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MAX_ACCOUNT_NAME_BYTES, parseAccountName } from './account-name.ts';

describe('an account name', () => {
  it('may be anything that mail systems use as one', () => {
    const names = [
      'a',
      'alice@example.org',
      'Alice+Tag@Example.ORG',
      "o'neil",
      'user*master',
      'first.last_x-y~z!#$&/=?^`|',
      'müller@exämple.org',
      '用户@例え.jp',
      'emoji👍@example.org',
      'x'.repeat(MAX_ACCOUNT_NAME_BYTES),
    ];
    for (const name of names) assert.equal(parseAccountName(name), name);
  });

  it('holds nothing that a filter, a macro, a passwd file or a terminal could take for more than text', () => {
    const forbidden = Array.from(
      '(){}%"\\ \t\r\n\0\u007f\u0085\u009b\u00a0\u00ad' +
        '\u1680\u2000\u2009\u2028\u2029\u202f\u205f\u3000' +
        '\u200b\u200e\u200f\u202a\u202e\u2060\u2066\u2069\ufeff\ufffd',
    );
    for (const character of forbidden) {
      for (const name of [character, `a${character}`, `${character}a`, `a${character}@b`]) {
        assert.equal(parseAccountName(name), undefined, `U+${character.charCodeAt(0).toString(16)}`);
      }
    }
  });

  it('is never empty, never half a character and never longer than 1,024 bytes', () => {
    const refused = ['', '\ud800', 'a\udc00b', 'x'.repeat(1025), 'ü'.repeat(513), '漢'.repeat(342)];
    for (const name of refused) assert.equal(parseAccountName(name), undefined);

    assert.equal(parseAccountName('ü'.repeat(512)), 'ü'.repeat(512));
  });

  it('is the same however its characters were composed', () => {
    assert.equal(parseAccountName('mu\u0308ller'), 'm\u00fcller');
    assert.equal(parseAccountName('\u212a'), 'K');
  });

  it('stays as it is when it is read again', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(0xffff), { maxLength: 20 }), (units) => {
        const name = parseAccountName(String.fromCharCode(...units));
        if (name === undefined) return;
        assert.equal(parseAccountName(name), name);
        assert.doesNotMatch(name, /[\s\p{Cc}(){}%"\\]/u);
      }),
    );
  });
});
