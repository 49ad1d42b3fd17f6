import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { format, inspect } from 'node:util';
import v8 from 'node:v8';
import pino from 'pino';
import { Secret } from './secret.ts';

const TEXT = 'hunter2-pässword';
const secret = Secret.fromText(TEXT);
/** The secret where the compiler would take it for text. */
const asText = secret as unknown as string;

/** Everything that one may do by accident with a value that one wants to see. */
const WAYS_TO_PRINT: Readonly<Record<string, () => string>> = {
  template: () => `${asText}`,
  concatenation: () => `a${String(secret)}`,
  inspect: () => inspect(secret),
  'inspect of a holder': () => inspect({ deep: { list: [secret], map: new Map([['k', secret]]) } }, { depth: 9 }),
  'inspect with everything on': () =>
    inspect(secret, { showHidden: true, getters: true, customInspect: false, depth: 9 }),
  '%s %o %O %j %d': () => format('%s %o %O %j %d %i %f', secret, secret, secret, secret, secret, secret, secret),
  JSON: () => JSON.stringify({ secret, list: [secret] }),
  'keys and values': () =>
    JSON.stringify([Object.entries(secret), Reflect.ownKeys(secret).map(String), Object.assign({}, secret)]),
  'structured clone': () => inspect(structuredClone(secret)),
  serialisation: () => v8.serialize(secret).toString('latin1'),
  error: () => inspect(new Error('failed', { cause: secret })),
  pino: () => {
    let line = '';
    pino(
      {},
      {
        write: (text: string) => {
          line += text;
        },
      },
    ).info({ secret, nested: { secret }, err: { secret } }, 'a %s %o %j', secret, secret, secret);
    return line;
  },
};

describe('a secret', () => {
  for (const [way, print] of Object.entries(WAYS_TO_PRINT)) {
    it(`is not shown by ${way}`, () => {
      const shown = print();

      assert.doesNotMatch(shown, /hunter2/);
      assert.doesNotMatch(shown, new RegExp(Buffer.from(TEXT).toString('hex').slice(0, 12), 'i'));
      assert.doesNotMatch(shown, /104,\s*117,\s*110/);
    });
  }

  it('is revealed as the bytes of its text', () => {
    assert.deepEqual(secret.reveal(), Buffer.from(TEXT));
    assert.deepEqual(Secret.fromText('plain').revealForms(), [Buffer.from('plain')]);
    assert.deepEqual(Secret.fromText('').revealForms(), [Buffer.alloc(0)]);
  });

  it('that is composed otherwise is also tried in normalisation form C', () => {
    assert.deepEqual(Secret.fromText('u\u0308').revealForms(), [Buffer.from('u\u0308'), Buffer.from('ü')]);
    assert.deepEqual(Secret.fromText('ü').revealForms(), [Buffer.from('ü')]);
  });

  it('that came as Latin-1 bytes is tried as UTF-8 and as these bytes', () => {
    assert.deepEqual(Secret.fromLatin1('pä').revealForms(), [Buffer.from('pä', 'utf8'), Buffer.from('pä', 'latin1')]);
    assert.deepEqual(Secret.fromLatin1('plain').revealForms(), [Buffer.from('plain')]);
  });

  it('that came as UTF-8 bytes among others that are none is tried as these bytes first', () => {
    const asLatin1 = Buffer.from('pä', 'utf8').toString('latin1');

    assert.deepEqual(Secret.fromLatin1(asLatin1).reveal(), Buffer.from('pä', 'utf8'));
  });

  it('that names characters beyond Latin-1 is text', () => {
    assert.deepEqual(Secret.fromLatin1('p€').revealForms(), [Buffer.from('p€')]);
  });

  it('tells its longest length, whether it is empty and whether it holds NUL', () => {
    assert.equal(Secret.fromLatin1('ää').byteLength, 4);
    assert.equal(Secret.fromText('').isEmpty, true);
    assert.equal(Secret.fromText(' ').isEmpty, false);
    assert.equal(Secret.fromText('a\0b').hasNul, true);
    assert.equal(Secret.fromLatin1('ä\0').hasNul, true);
    assert.equal(secret.hasNul, false);
  });
});
