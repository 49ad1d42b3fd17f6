import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Secret } from '../../login/secret.ts';
import { ValueCipher } from './value-cipher.ts';

const OLD = Secret.fromText('the secret of last year');
const NEW = Secret.fromText('the secret of this year');

describe('the encryption of what is kept', () => {
  it('gives every text back under its name', () => {
    const cipher = new ValueCipher([NEW]);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (text, name) => {
        assert.equal(cipher.open(name, cipher.seal(name, text)), text);
      }),
    );
  });

  it('opens nothing that was moved, changed or cut', () => {
    const cipher = new ValueCipher([NEW]);
    const sealed = cipher.seal('alice', 'some text');

    assert.equal(cipher.open('bob', sealed), undefined);
    for (let index = 0; index < sealed.length; index += 1) {
      const changed = Buffer.from(sealed);
      changed[index] = (changed[index] as number) ^ 1;
      assert.equal(cipher.open('alice', changed), undefined, `byte ${index}`);
      assert.equal(cipher.open('alice', sealed.subarray(0, index)), undefined, `cut at ${index}`);
    }
  });

  it('opens what was sealed with the secret before, until that is taken away', () => {
    const sealed = new ValueCipher([OLD]).seal('alice', 'some text');

    assert.equal(new ValueCipher([NEW, OLD]).open('alice', sealed), 'some text');
    assert.equal(new ValueCipher([NEW]).open('alice', sealed), undefined);
    assert.equal(new ValueCipher([OLD]).open('alice', new ValueCipher([NEW, OLD]).seal('alice', 'x')), undefined);
  });

  it('shows neither the text nor that two texts are equal', () => {
    const cipher = new ValueCipher([NEW]);
    const [first, second] = [cipher.seal('alice', 'a password'), cipher.seal('alice', 'a password')];

    assert.equal(first.includes('password'), false);
    assert.notDeepEqual(first, second);
  });
});
