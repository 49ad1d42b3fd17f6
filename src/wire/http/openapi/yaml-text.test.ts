import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parse } from 'yaml';
import { type JsonValue, yamlText } from './yaml-text.ts';

describe('YAML', () => {
  it('says what JSON says, whatever it is', () => {
    fc.assert(
      fc.property(fc.jsonValue({ depthSize: 'medium', noUnicodeString: false }), (value) => {
        const plain = JSON.parse(JSON.stringify(value)) as JsonValue;

        assert.deepEqual(parse(yamlText(plain)), plain);
      }),
    );
  });

  it('has keys without quotes where no reader takes them for something else', () => {
    const text = yamlText({ plain: 1, on: 2, '200': 3, 'a/b': [{ c: [], d: {} }, [1, 'x'], 'yes'], $ref: '#/x' });

    assert.equal(
      text,
      'plain: 1\n"on": 2\n"a/b":\n  - c: []\n    d: {}\n  - - 1\n    - "x"\n  - "yes"\n$ref: "#/x"\n'.replace(
        'plain: 1\n',
        '"200": 3\nplain: 1\n',
      ),
    );
  });

  it('can stand within other YAML', () => {
    assert.deepEqual(parse(`outer:\n${yamlText({ a: { b: [1, { c: null }] } }, '  ')}`), {
      outer: { a: { b: [1, { c: null }] } },
    });
  });
});
