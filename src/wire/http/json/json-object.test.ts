import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readJsonObject } from './json-object.ts';

function read(text: string | Buffer) {
  return readJsonObject(Buffer.from(text as string));
}

function messageOf(text: string): string {
  const outcome = read(text);
  assert.equal(outcome.kind, 'malformed', text);
  return outcome.field === undefined ? outcome.message : `${outcome.field}: ${outcome.message}`;
}

describe('a JSON object', () => {
  it('is what JSON.parse reads', () => {
    const objects = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 5 }));
    const spaces = fc.constantFrom(undefined, 1, '\t', ' \n');
    fc.assert(
      fc.property(objects, spaces, (value, space) => {
        const text = JSON.stringify(value, undefined, space);
        const outcome = read(text);
        assert.equal(outcome.kind, 'object');
        assert.deepEqual(outcome.value, JSON.parse(text));
        assert.equal(outcome.isLatin1, false);
      }),
    );
  });

  it('is refused where JSON.parse refuses it, or reads no object', () => {
    const text = fc.oneof(
      fc.string({ unit: fc.constantFrom(...Array.from('{}[]":,\\ua0e1tn ')), maxLength: 24 }),
      fc.json({ maxDepth: 2 }),
    );
    fc.assert(
      fc.property(text, (json) => {
        let parsed: unknown;
        try {
          parsed = JSON.parse(json);
        } catch {
          parsed = undefined;
        }
        if (read(json).kind === 'object') assert.deepEqual(parsed, (read(json) as { value: unknown }).value);
        else if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed))
          assert.match(messageOf(json), /twice/);
      }),
      { numRuns: 2000 },
    );
  });

  it('is nothing else', () => {
    for (const text of [
      '',
      ' ',
      '{',
      '{}}',
      '{}{}',
      'null',
      '[]',
      '"a"',
      '1',
      'true',
      '{"a":1,}',
      "{'a':1}",
      '{a:1}',
      '{"a":NaN}',
      '{"a":"\n"}',
    ]) {
      assert.match(messageOf(text), /not valid JSON|one JSON object/, text);
    }
  });

  it('may begin with a byte order mark', () => {
    assert.deepEqual(read('\ufeff{"a":1}'), {
      kind: 'object',
      value: { a: 1 },
      isLatin1: false,
      hasUnicodeEscapes: false,
    });
  });

  it('has no key twice, however it is spelled', () => {
    for (const text of [
      '{"user":"a","user":"b"}',
      '{"user":"a","\\u0075ser":"b"}',
      '{"x":{"user":1},"user":"a" , "y":[{"user":2}], "us\\u0065r"\n\t :"b"}',
      `{"user":"a","x":"\\"","user"${' '.repeat(30)}:"b"}`,
    ]) {
      assert.equal(messageOf(text), 'user: the key stands twice', text);
    }
    assert.match(messageOf(`{"user":"a","user"${' '.repeat(200)}:"b"}`), /twice/);
    assert.equal(messageOf('{"__proto__":1,"__proto__":2}'), '__proto__: the key stands twice');
    assert.equal(messageOf('{"":1,"":2}'), ': the key stands twice');
  });

  it('may hold the same key in objects within, and in its values', () => {
    for (const text of ['{"a":{"x":1,"x":2},"b":{"x":3}}', '{"a":"b","b":"a"}', '{"a":"\\"a\\":","b":"{\\"a\\":1}"}']) {
      assert.equal(read(text).kind, 'object', text);
    }
  });

  it('has its own keys only, __proto__ among them', () => {
    const outcome = read('{"__proto__":{"username":"root"},"constructor":"x"}');

    assert.equal(outcome.kind, 'object');
    assert.equal(Object.getPrototypeOf(outcome.value), Object.prototype);
    assert.equal(outcome.value['username'], undefined);
    assert.deepEqual(Object.keys(outcome.value), ['__proto__', 'constructor']);
  });

  it('is nested no deeper than 16 levels', () => {
    const nested = (depth: number) => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;

    assert.equal(read(nested(16)).kind, 'object');
    assert.equal(messageOf(nested(17)), 'nested deeper than 16 levels');
    assert.equal(messageOf('{"a":'.repeat(13_000)), 'nested deeper than 16 levels');
    assert.equal(read(`{"a":"${'['.repeat(1000)}"}`).kind, 'object');
  });

  it('that is no UTF-8 is read as Latin-1', () => {
    const outcome = read(Buffer.from('{"a":"\u00fc\u0080","b":"\u00c3\u00bc"}', 'latin1'));

    assert.deepEqual(outcome, {
      kind: 'object',
      value: { a: '\u00fc\u0080', b: '\u00c3\u00bc' },
      isLatin1: true,
      hasUnicodeEscapes: false,
    });
  });

  it('of 64 KiB is read or refused within some milliseconds, whatever it holds', () => {
    const length = 65_000;
    const bombs = [
      `{"a":"${'\\"'.repeat(length / 2)}"}`,
      `{"a":"${'\\\\'.repeat(length / 2)}"}`,
      `{${'"'.repeat(length)}`,
      `{"${'\\'.repeat(length)}`,
      `{${'"a":1,'.repeat(length / 6)}"b":1}`,
      `{${Array.from({ length: length / 12 }, (_, i) => `"${i}":${i}`).join(',')}}`,
      `{"a":[${'1,'.repeat(length / 2)}1]}`,
      `{"a":1e${'9'.repeat(length)}}`,
      `{"a":${'9'.repeat(length)}}`,
      `{${'"a" '.repeat(length / 4)}`,
    ];
    for (const bomb of bombs) {
      // The best of some: a busy machine may stop any of them for a while.
      const took = Array.from({ length: 3 }, () => {
        const started = performance.now();
        read(bomb);
        return performance.now() - started;
      });
      assert.ok(Math.min(...took) < 100, `${bomb.slice(0, 20)}… took ${took.join(', ')} ms`);
    }
  });
});
