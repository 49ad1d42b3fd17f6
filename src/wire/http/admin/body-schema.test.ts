import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import Type from 'typebox';
import { BodyCount, BodyFlag, BodyText, BodyTexts, isFault, parseBody } from './body-schema.ts';

const Body = Type.Object({
  name: BodyText('A name.', 5),
  names: BodyTexts('Names.'),
  flag: BodyFlag('A flag.', true),
  count: BodyCount('A number.', 1, 9),
});

describe('a body of an operator', () => {
  it('is read by its schema; what says nothing counts as not sent, and what is not known is left alone', () => {
    const sent = { name: 'x', names: ['a', ''], flag: false, count: 9, other: { deep: 1 } };

    assert.deepEqual(parseBody(Body, sent), sent);
    assert.deepEqual(parseBody(Body, { name: '', names: [], flag: null, count: undefined }), {});
  });

  const wrong: readonly (readonly [object, string])[] = [
    [{ name: 7 }, 'name: must be a string'],
    [{ name: '123456' }, 'name: must not be longer than 5 characters'],
    [{ name: '\ud800' }, 'name: must not hold half of a surrogate pair'],
    [{ names: 'a' }, 'names: must be an array of strings'],
    [{ names: [1] }, 'names: must be an array of strings'],
    [{ names: ['\udfff'] }, 'names: must not hold half of a surrogate pair'],
    [{ names: Array.from({ length: 1001 }, String) }, 'names: must not hold more than 1000'],
    [{ flag: 'true' }, 'flag: must be true or false'],
    [{ count: 0 }, 'count: must be a whole number from 1 to 9'],
    [{ count: 1.5 }, 'count: must be a whole number from 1 to 9'],
  ];
  for (const [body, error] of wrong)
    it(`with ${JSON.stringify(body).slice(0, 40)} is told: ${error}`, () => {
      const read = parseBody(Body, body as Record<string, unknown>);

      assert.ok(isFault(read));
      assert.deepEqual([read.error, read.field], [error, error.split(':')[0]]);
    });
});
