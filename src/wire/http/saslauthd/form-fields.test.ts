import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readForm } from './form-fields.ts';

const read = (text: string) => readForm(Buffer.from(text, 'latin1'));

/** As saslauthd does it: everything but ASCII letters and digits. */
const escape = (bytes: Uint8Array) =>
  Array.from(bytes, (byte) => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');

describe('a form', () => {
  for (const [what, text, fields] of [
    ['with plus signs and escapes', 'username=a%40b&password=x+y%2Bz', { username: 'a@b', password: 'x y+z' }],
    ['with an empty value', 'realm=&username=a', { realm: '', username: 'a' }],
    ['with names in capitals', 'UserName=a', { username: 'a' }],
    ['with an equals sign in a value', 'password=a=b', { password: 'a=b' }],
    ['with bytes that are no UTF-8', 'password=p%E4ss', { password: 'p\xe4ss' }],
    ['with UTF-8', 'password=p%C3%A4ss', { password: 'p\xc3\xa4ss' }],
    ['with a NUL that is written as such', 'password=a%00b', { password: 'a\0b' }],
    ['with a name of JavaScript', 'constructor=x', { constructor: 'x' }],
    ['with nothing', '', {}],
  ] as const)
    it(`${what} is read, one character for each byte`, () => {
      const form = read(text);

      assert.equal(form.kind, 'form');
      assert.deepEqual(form.kind === 'form' && [...form.fields], Object.entries(fields));
    });

  for (const [what, text, message] of [
    ['a field that stands twice', 'username=a&username=b', /stands twice/],
    ['a field that stands twice in other letters', 'username=a&USERNAME=a', /stands twice/],
    ['half an escape', 'username=a%4', /two hexadecimal digits/],
    ['an escape that is none', 'username=%zz', /two hexadecimal digits/],
    ['a field without a value', 'username', /name=value/],
    ['nothing between two fields', 'username=a&&password=b', /name=value/],
    ['nothing after the last field', 'username=a&', /name=value/],
    ['an escaped name', 'user%6eame=a', /name=value/],
    ['a raw NUL', 'username=a\0', /percent-encoded/],
    ['a raw byte beyond ASCII', 'username=\xe4', /percent-encoded/],
    ['a raw line end', 'username=a\r\n', /percent-encoded/],
    ['a raw space', 'username=a b', /percent-encoded/],
    ['too many fields', Array.from({ length: 65 }, (_, i) => `f${i}=x`).join('&'), /64 fields/],
    ['too many bytes', `password=${'x'.repeat(16 * 1024)}`, /16 KiB/],
  ] as const)
    it(`with ${what} is refused`, () => {
      const form = read(text);

      assert.equal(form.kind, 'malformed');
      assert.match(form.kind === 'malformed' ? form.message : '', message);
    });

  it('gives back any bytes that saslauthd has escaped', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 256 }), fc.uint8Array({ maxLength: 256 }), (user, password) => {
        const form = read(`username=${escape(user)}&password=${escape(password)}&protocol=smtp`);

        assert.equal(form.kind, 'form');
        if (form.kind !== 'form') return;
        assert.deepEqual(Buffer.from(form.fields.get('username') ?? '', 'latin1'), Buffer.from(user));
        assert.deepEqual(Buffer.from(form.fields.get('password') ?? '', 'latin1'), Buffer.from(password));
      }),
    );
  });

  it('of any bytes is read as a browser reads it, or not at all', () => {
    const piece = fc.oneof(
      fc.constantFrom('username', 'password', '=', '&', '%', '%41', '%E4', '+', '\0', '\n', 'x'),
      fc.string({ maxLength: 3 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join('');
        const form = readForm(Buffer.from(text));
        if (form.kind !== 'form') return;
        const byBrowser = new URLSearchParams(text);
        for (const [name, value] of form.fields) {
          const [written] = [...byBrowser.keys()].filter((key) => key.toLowerCase() === name);
          // Browsers read UTF-8 and put a mark for what is none; the door leaves that to who reads the field.
          assert.equal(
            new TextDecoder('utf-8', { ignoreBOM: true }).decode(Buffer.from(value, 'latin1')),
            byBrowser.get(written ?? ''),
          );
        }
      }),
      { numRuns: 1000 },
    );
  });
});
