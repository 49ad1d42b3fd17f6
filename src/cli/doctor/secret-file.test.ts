import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readSecretFile } from './secret-file.ts';

const BASE64 = Buffer.from('dovecot:a-long-secret-with-many-letters').toString('base64');

describe('a secret file', () => {
  for (const text of [
    'dovecot:a-long-secret-with-many-letters',
    'dovecot:a-long-secret-with-many-letters\r\n',
    BASE64,
    `${BASE64.slice(0, 20)}\n${BASE64.slice(20)}\n`,
  ])
    it(`is the credential that ${JSON.stringify(text)} means`, () => {
      const read = readSecretFile(Buffer.from(text));

      assert.equal(read.kind === 'credential' && read.name, 'dovecot');
      assert.equal(read.kind === 'credential' && read.authorization.reveal().toString(), `Basic ${BASE64}`);
    });

  for (const text of [
    '',
    'secret-alone',
    'dovecot:a\nother:b\n',
    'dovecot:a\0',
    Buffer.from('dovecot:secret\n').toString('base64'),
    Buffer.from('secret-alone').toString('base64'),
  ])
    it(`is of no use as ${JSON.stringify(text)}`, () =>
      assert.equal(readSecretFile(Buffer.from(text)).kind, 'problem'));
});
