import assert from 'node:assert/strict';
import { validateHeaderName, validateHeaderValue } from 'node:http';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { binaryText, renderAttributeHeaders } from './attribute-headers.ts';

function render(attributes: Record<string, readonly string[]>, limit = 4096): Record<string, string> {
  const flat = renderAttributeHeaders(attributes, limit);
  return Object.fromEntries(Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i], flat[2 * i + 1]]));
}

describe('attributes as headers', () => {
  it('keep their values as they are where these are plain', () => {
    assert.deepEqual(render({ home: ['/srv/a b'], group: ['x', 'y'], empty: [''] }), {
      'X-Nauthilus-home': '/srv/a b',
      'X-Nauthilus-group': 'x,y',
      'X-Nauthilus-empty': '',
    });
  });

  it('are percent-encoded where a value could be taken for more, or be lost', () => {
    const encodings: readonly (readonly [string, string])[] = [
      ['a\r\nSet-Cookie: b', 'a%0D%0ASet-Cookie: b'],
      ['a\0b', 'a%00b'],
      ['ü€😀', '%C3%BC%E2%82%AC%F0%9F%98%80'],
      ['100%', '100%25'],
      ['cn=a,dc=b', 'cn=a%2Cdc=b'],
      [' a ', '%20a%20'],
      ['   ', '%20%20%20'],
      ['\t', '%09'],
      ['\u007f\u0085', '%7F%C2%85'],
      ['\ud800', '%EF%BF%BD'],
    ];
    for (const [value, encoded] of encodings) assert.deepEqual(render({ a: [value] }), { 'X-Nauthilus-a': encoded });
  });

  it('have names that a header can have', () => {
    assert.deepEqual(Object.keys(render({ 'a b:c\r\nd/é': ['1'], 'userCertificate;binary': ['2'] })), [
      'X-Nauthilus-a_b_c__d__',
      'X-Nauthilus-userCertificate_binary',
    ]);
  });

  it('stand once, and never in the place of a header of ours', () => {
    assert.deepEqual(
      render({ Home: ['1'], home: ['2'], 'h:': ['3'], h_: ['4'], Session: ['5'], 'memory-cache': ['6'], none: [] }),
      {
        'X-Nauthilus-Home': '1',
        'X-Nauthilus-h_': '3',
      },
    );
  });

  it('are left out whole where they would take more than the limit, and smaller ones are not', () => {
    const attributes = { small: ['1'], large: ['x'.repeat(100)], after: ['2'] };

    assert.deepEqual(Object.keys(render(attributes, 60)), ['X-Nauthilus-small', 'X-Nauthilus-after']);
    assert.deepEqual(render(attributes, 0), {});
  });

  it('can always be sent within the limit, and be decoded again', () => {
    const values = fc.array(fc.string({ unit: 'grapheme', maxLength: 12 }), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(fc.dictionary(fc.string({ maxLength: 8 }), values), fc.nat(300), (attributes, limit) => {
        const flat = renderAttributeHeaders(attributes, limit);
        let bytes = 0;
        for (let i = 0; i < flat.length; i += 2) {
          const [name = '', value = ''] = flat.slice(i, i + 2);
          validateHeaderName(name);
          validateHeaderValue(name, value);
          bytes += name.length + value.length + 4;
          const decoded = value.split(',').map(decodeURIComponent);
          assert.ok(Object.values(attributes).some((own) => JSON.stringify(own) === JSON.stringify(decoded)));
        }
        assert.ok(bytes <= limit);
      }),
    );
  });
});

describe('binary text', () => {
  it('has one character for each byte of UTF-8', () => {
    assert.equal(binaryText('aü€'), 'a\u00c3\u00bc\u00e2\u0082\u00ac');
  });
});
