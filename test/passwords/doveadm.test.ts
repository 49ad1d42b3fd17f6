import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { Secret } from '../../src/login/secret.ts';
import { hashPassword } from '../../src/passwords/hash-password.ts';
import { type CheckResult, PasswordChecks } from '../../src/passwords/password-checks.ts';
import { SCHEME_NAMES } from '../../src/passwords/scheme.ts';
import { parseStoredPassword } from '../../src/passwords/stored-password.ts';

const run = promisify(execFile);

// Short enough for DES-CRYPT, which sees eight bytes.
const PASSWORDS = ['secret', 'Grüß3', 'пар'] as const;
const WRONG = 'Gruss3';
const WRITTEN_AS = [
  ...SCHEME_NAMES,
  'SHA',
  'CLEARTEXT',
  'CLEAR',
  'SSHA.hex',
  'SSHA256.b64',
  'SSHA512.hex',
  'SHA1.hex',
  'SHA256.hex',
  'SHA512.b64',
  'SHA512.hex',
  'SHA512-CRYPT.b64',
  'ARGON2ID.b64',
  'BLF-CRYPT.hex',
  'PBKDF2.hex',
  'PLAIN.b64',
  'PLAIN.hex',
] as const;

/** What `doveadm pw` prints for a password. */
async function dovecotHash(scheme: string, password: string): Promise<string> {
  const { stdout } = await run('doveadm', ['pw', '-s', scheme, '-p', password]);
  return stdout.trimEnd();
}

async function dovecotAccepts(stored: string, password: string): Promise<boolean> {
  try {
    const { stdout } = await run('doveadm', ['pw', '-t', stored, '-p', password]);
    return stdout.includes('(verified)');
  } catch (error) {
    // 1 to 127 are doveadm's own; a missing program has a text code.
    assert.equal(typeof (error as { code: unknown }).code, 'number', String(error));
    return false;
  }
}

async function check(stored: string, password: string): Promise<CheckResult> {
  const hash = parseStoredPassword(stored, 'CRYPT');
  assert.ok(hash.kind === 'hash', `${stored}: ${JSON.stringify(hash)}`);
  return await new PasswordChecks().check(hash, Secret.fromText(password), AbortSignal.timeout(30_000));
}

for (const scheme of WRITTEN_AS) {
  test(`accepts what Dovecot makes with ${scheme}, and only with its password`, async () => {
    for (const password of PASSWORDS) {
      const stored = await dovecotHash(scheme, password);
      assert.equal(await check(stored, password), 'match', stored);
      assert.equal(await check(stored, WRONG), 'mismatch', stored);
    }
  });

  test(`makes with ${scheme} what Dovecot accepts, and only with its password`, async () => {
    const [, password] = PASSWORDS;
    const stored = await hashPassword(Secret.fromText(password), scheme);
    assert.equal(await dovecotAccepts(stored, password), true, stored);
    assert.equal(await dovecotAccepts(stored, WRONG), false, stored);
  });
}

for (const scheme of ['CRYPT', 'SHA256-CRYPT', 'SHA512-CRYPT', 'DES-CRYPT']) {
  test(`tells by content which hash of crypt(3) is stored as ${scheme}, as Dovecot does`, async () => {
    for (const maker of ['MD5-CRYPT', 'SHA256-CRYPT', 'SHA512-CRYPT', 'BLF-CRYPT', 'DES-CRYPT']) {
      const [, bare = ''] = (await dovecotHash(maker, 'secret')).split('}');
      const stored = `{${scheme}}${bare}`;
      assert.equal(await dovecotAccepts(stored, 'secret'), true, stored);
      assert.equal(await check(stored, 'secret'), 'match', stored);
      assert.equal(await check(stored, WRONG), 'mismatch', stored);
    }
  });
}

test('accepts yescrypt, gost-yescrypt and scrypt under CRYPT', async () => {
  for (const setting of [
    '$y$j9T$AAt9R641xPvCI9nXw1HHW/$',
    '$gy$j9T$AAt9R641xPvCI9nXw1HHW/$',
    '$7$A6..../....AAt9R641xPvC$',
  ]) {
    const { stdout } = await run('perl', ['-e', 'print crypt($ARGV[0], $ARGV[1])', 'secret', setting]);
    const stored = `{CRYPT}${stdout}`;
    assert.equal(await dovecotAccepts(stored, 'secret'), true, stored);
    assert.equal(await check(stored, 'secret'), 'match', stored);
    assert.equal(await check(stored, WRONG), 'mismatch', stored);
  }
});

test('takes names in any case, a bare $1$ hash and a plain digest as MD5, as Dovecot does', async () => {
  const bare = (await dovecotHash('MD5-CRYPT', 'secret')).replace('{MD5-CRYPT}', '');
  const same = [
    bare,
    `${bare}$more`,
    `{md5}${bare}`,
    '{MD5}5ebe2294ecd0e0f08eab7690d2a6ee69',
    '{Plain-MD5}Xr4ilOzQ4PCOq3aQ0qbuaQ==',
    '{ldap-md5}5ebe2294ecd0e0f08eab7690d2a6ee69',
    '{sha.HEX}e5e9fa1ba31ecd1ae84f75caaa474f3a663f05f4',
    '{Clear}secret',
  ];
  for (const stored of same) {
    assert.equal(await dovecotAccepts(stored, 'secret'), true, stored);
    assert.equal(await check(stored, 'secret'), 'match', stored);
    assert.equal(await check(stored, WRONG), 'mismatch', stored);
  }
});

test('takes an Argon2 hash under the name of the other variant, but not as CRYPT, as Dovecot does', async () => {
  const [, bare = ''] = (await dovecotHash('ARGON2ID', 'secret')).split('}');

  assert.equal(await dovecotAccepts(`{ARGON2I}${bare}`, 'secret'), true);
  assert.equal(await check(`{ARGON2I}${bare}`, 'secret'), 'match');
  assert.equal(await dovecotAccepts(`{CRYPT}${bare}`, 'secret'), false);
  assert.equal(parseStoredPassword(`{CRYPT}${bare}`, 'CRYPT').kind, 'problem');
});

test('bcrypt uses 72 bytes of a longer password, as Dovecot does', async () => {
  const stored = await dovecotHash('BLF-CRYPT', 'a'.repeat(72));
  for (const [length, accepted] of [
    [71, false],
    [73, true],
    [300, true],
  ] as const) {
    assert.equal(await dovecotAccepts(stored, 'a'.repeat(length)), accepted);
    assert.equal(await check(stored, 'a'.repeat(length)), accepted ? 'match' : 'mismatch');
  }
});
