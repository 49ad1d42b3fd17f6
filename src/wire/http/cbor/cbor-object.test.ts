import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encode } from 'cborg';
import fc from 'fast-check';
import { readCborObject } from './cbor-object.ts';

const hex = (text: string) => readCborObject(Buffer.from(text.replaceAll(' ', ''), 'hex'));

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let i = 1; i < depth; i += 1) value = [value];
  return { a: value };
}

describe('a CBOR body', () => {
  it('is one map, whatever is in it', () => {
    const value = { username: 'ü€', client_port: 993, ssl: true, none: null, deep: { list: [1, -2, 1.5, 'x'] } };

    assert.deepEqual(readCborObject(encode(value)), { kind: 'object', value });
    assert.deepEqual(readCborObject(encode({})), { kind: 'object', value: {} });
  });

  it('may have numbers that are longer than they need be', () => {
    assert.deepEqual(hex('a1 61 61 19 0001'), { kind: 'object', value: { a: 1 } });
  });

  it('has byte strings as bytes', () => {
    assert.deepEqual(hex('a1 61 61 42 ff00'), { kind: 'object', value: { a: new Uint8Array([255, 0]) } });
  });

  it('has text with a byte order mark as it was sent', () => {
    assert.deepEqual(hex('a1 61 61 64 efbbbf 78'), { kind: 'object', value: { a: '\ufeffx' } });
  });

  it('is left alone by a key that objects have', () => {
    const read = hex('a1 69 5f5f70726f746f5f5f a1 61 61 01');

    assert.equal(read.kind === 'object' && Object.getPrototypeOf(read.value), Object.prototype);
    assert.equal(({} as Record<string, unknown>)['a'], undefined);
  });

  for (const [what, text, message] of [
    ['nothing', '', /not valid/],
    ['an array', '80', /one CBOR map/],
    ['a text string', '61 61', /one CBOR map/],
    ['a byte string', '41 61', /one CBOR map/],
    ['null', 'f6', /one CBOR map/],
    ['a number', '01', /one CBOR map/],
    ['bytes after the map', 'a0 00', /not valid/],
    ['a second map', 'a0 a0', /not valid/],
    ['a key twice', 'a2 61 61 01 61 61 02', /stands twice/],
    ['a key twice, further in', 'a1 61 62 a2 61 61 01 61 61 02', /stands twice/],
    ['a key that is a number', 'a1 01 01', /not valid/],
    ['a key that is bytes', 'a1 41 61 01', /not valid/],
    ['a map of indefinite length', 'bf 61 61 01 ff', /definite length/],
    ['an array of indefinite length', 'a1 61 61 9f 01 ff', /definite length/],
    ['text of indefinite length', 'a1 61 61 7f 61 61 ff', /definite length/],
    ['bytes of indefinite length', 'a1 61 61 5f 41 61 ff', /definite length/],
    ['a tag', 'a1 61 61 c0 61 61', /tags/],
    ['a bignum', 'a1 61 61 c2 41 01', /tags/],
    ['undefined', 'a1 61 61 f7', /not valid/],
    ['NaN', 'a1 61 61 f9 7e00', /not valid/],
    ['infinity', 'a1 61 61 f9 7c00', /not valid/],
    ['a number that JavaScript has not', 'a1 61 61 1b ffffffffffffffff', /not valid/],
    ['a simple value that nothing has', 'a1 61 61 e0', /not valid/],
    ['a break that ends nothing', 'ff', /definite length/],
    ['text that is no UTF-8', 'a1 61 61 62 c3 28', /no UTF-8/],
    ['half a surrogate pair', 'a1 61 61 63 ed a0 80', /no UTF-8/],
    ['a key that is no UTF-8', 'a1 61 ff 01', /no UTF-8/],
    ['a map that is cut off', 'a2 61 61 01', /not valid/],
    ['text that is cut off', 'a1 61 61 65 61', /not valid/],
    ['more text than there is, by far', 'a1 61 61 7b 001fffffffffffff', /not valid/],
    ['a map that says to be larger than any', 'bb 001fffffffffffff', /more than 4096 entries/],
    ['an array that says to be larger than any', 'a1 61 61 9a ffffffff', /more than 4096 entries/],
  ] as const)
    it(`is refused with ${what}`, () => {
      const read = hex(text);

      assert.equal(read.kind, 'malformed');
      assert.match(read.kind === 'malformed' ? read.message : '', message);
    });

  it('is nested up to 32 levels, and no deeper', () => {
    assert.equal(readCborObject(encode(nested(32))).kind, 'object');
    assert.deepEqual(readCborObject(encode(nested(33))), {
      kind: 'malformed',
      message: 'nested deeper than 32 levels',
    });
    assert.equal(readCborObject(Buffer.alloc(60_000, 0x81)).kind, 'malformed');
    assert.equal(readCborObject(Buffer.alloc(60_000, 0xa1)).kind, 'malformed');
  });

  it('has up to 4096 entries in an array or a map, and no more', () => {
    const list = (length: number) => readCborObject(encode({ a: Array.from({ length }, () => 1) }));
    const map = (length: number) =>
      readCborObject(encode(Object.fromEntries(Array.from({ length }, (_, i) => [`k${i}`, 1]))));

    for (const read of [list, map]) {
      assert.equal(read(4096).kind, 'object');
      assert.equal(read(4097).kind, 'malformed');
    }
    assert.equal(readCborObject(encode({ a: Array.from({ length: 20 }, () => [1, 2, []]) })).kind, 'object');
  });

  it('of any bytes is read or refused, never anything else', () => {
    const right = encode({ username: 'alice', password: 'secret', client_port: 1, list: ['x', { a: null }] });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(right.length), fc.nat(4), (bytes, at, drop) => {
        const changed = Buffer.concat([right.subarray(0, at), bytes, right.subarray(at + drop)]);
        for (const body of [bytes, changed]) assert.match(readCborObject(body).kind, /^(object|malformed)$/);
      }),
      { numRuns: 2000 },
    );
  });

  it('gives back any JSON', () => {
    const map = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue({ maxDepth: 6 }), { maxKeys: 8 });
    fc.assert(
      fc.property(map, (value) => {
        const json = JSON.parse(JSON.stringify(value)) as Record<string, unknown>;
        fc.pre(JSON.stringify(json).isWellFormed());
        const read = readCborObject(encode(json));
        assert.deepEqual(read.kind === 'object' ? { ...read.value } : read, { ...json });
      }),
    );
  });
});
