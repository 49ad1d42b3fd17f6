import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PasswordChecks } from '../../passwords/password-checks.ts';
import { Secret } from '../../login/secret.ts';
import { runTool } from '../../../test/daemons/run-tool.ts';
import { readUserPassword } from './user-password.ts';

const MODULES: Readonly<Record<string, readonly string[]>> = {
  ARGON2: ['-o', 'module-load=argon2'],
  SHA256: ['-o', 'module-load=pw-sha2'],
  SHA512: ['-o', 'module-load=pw-sha2'],
  SSHA256: ['-o', 'module-load=pw-sha2'],
  SSHA512: ['-o', 'module-load=pw-sha2'],
};

describe('a value of userPassword', () => {
  const checks = new PasswordChecks({ concurrency: 2, maxQueue: 10 });
  const never = new AbortController().signal;

  async function check(value: string, password: string): Promise<unknown> {
    const hash = readUserPassword(Buffer.from(value));
    assert.ok(hash.kind === 'hash', value);
    return checks.check(hash, Secret.fromText(password), never);
  }

  for (const scheme of ['SSHA', 'SHA', 'MD5', 'SMD5', 'CRYPT', 'CLEARTEXT', ...Object.keys(MODULES)]) {
    it(`made by slappasswd proves the password and no other: ${scheme}`, async () => {
      const command = [
        'slappasswd',
        ...(MODULES[scheme] ?? []),
        '-n',
        '-h',
        `{${scheme}}`,
        '-c',
        '$6$%.16s',
        '-s',
        'pässwörd',
      ];
      const value = await runTool(command);

      assert.equal(await check(value, 'pässwörd'), 'match', value);
      assert.equal(await check(value, 'passwörd'), 'mismatch', value);
    });
  }

  it('is the password itself where it has no scheme', async () => {
    assert.equal(await check('open', 'open'), 'match');
    assert.equal(await check('open', 'Open'), 'mismatch');
  });

  it('is told where another program holds the password, or the scheme is not known', () => {
    for (const value of [
      '{SASL}alice@EXAMPLE.TEST',
      '{NEW}abc',
      '{ARGON2}$argon2d$v=19$m=4096,t=3,p=1$c2FsdHNhbHQ$aGFzaA',
    ]) {
      assert.equal(readUserPassword(Buffer.from(value)).kind, 'problem', value);
    }
  });
});
