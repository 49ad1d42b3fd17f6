import assert from 'node:assert/strict';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { test } from 'node:test';
import { cryptSchemes } from './crypt-schemes.ts';
import { cryptThreads } from './crypt-threads.ts';
import { unsaltedDigest } from './digests.ts';
import { openLibcrypt } from './libcrypt.ts';
import { HashingFailedError, HashNotMadeError } from './scheme.ts';

const PASSWORDS = [
  '',
  'a',
  'secret',
  'Grüße',
  ...[15, 16, 17, 31, 32, 33, 63, 64, 65, 200, 511].map((n) => 'x'.repeat(n)),
];
const SETTINGS = [
  '$1$abcdefgh$',
  '$1$a$',
  '$5$saltstring$',
  '$5$rounds=1234$x$',
  '$6$saltsaltsaltsalt$',
  '$6$rounds=1001$ab.-,$',
];
const fallback = cryptThreads(2);

function schemesWithout(fallbackOnly = fallback) {
  const system = openLibcrypt(['libdoes-not-exist.so']);
  return cryptSchemes({ system, fallback: fallbackOnly }, unsaltedDigest('PLAIN-MD5', 'md5', 'hex'));
}

test('computes what libcrypt computes', async () => {
  const system = openLibcrypt();
  assert.ok(system.kind === 'libcrypt');
  for (const password of PASSWORDS.map((text) => Buffer.from(text))) {
    for (const setting of SETTINGS) {
      const theirs = await system.crypt(password, setting);
      assert.equal(await fallback(password, setting), theirs);
      assert.equal(await fallback(password, theirs), theirs, 'a hash is a setting too');
    }
  }
});

test('without libcrypt the schemes make and check $1$, $5$ and $6$, and say what the others need', async () => {
  for (const scheme of schemesWithout().filter(({ name }) => /^(?:SHA|MD5)/.test(name))) {
    const raw = await scheme.make(Buffer.from('secret'));
    const hash = scheme.read(raw);
    assert.ok(hash.kind === 'hash');
    assert.equal(await hash.check(Buffer.from('secret')), true);
    assert.equal(await hash.check(Buffer.from('Secret')), false);
  }
  const crypt = schemesWithout().find(({ name }) => name === 'CRYPT');
  const des = schemesWithout().find(({ name }) => name === 'DES-CRYPT');
  assert.ok(crypt !== undefined && des !== undefined);
  for (const raw of ['jHj3Pe3ynOsq6', '$2x$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e']) {
    assert.match(JSON.stringify(crypt.read(raw)), /needs the system library libdoes-not-exist\.so/);
  }
  assert.equal(crypt.read('$2y$05$/OK.fbVrR/bpIqNJ5ianF.Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq').kind, 'hash');
  await assert.rejects(des.make(Buffer.from('secret')), HashNotMadeError);
});

test('an absent koffi is told apart from an absent library', () => {
  assert.match(JSON.stringify(openLibcrypt(['libcrypt.so.1'], () => undefined)), /the npm package koffi/);
});

test('a password that crypt(3) cannot see whole matches nothing and is refused for a new hash', async () => {
  const system = openLibcrypt();
  const nul = Buffer.from('secret\0more');
  for (const parts of [
    { system, fallback },
    { system: openLibcrypt(['none']), fallback },
  ]) {
    const sha = cryptSchemes(parts, unsaltedDigest('PLAIN-MD5', 'md5', 'hex')).find(
      ({ name }) => name === 'SHA512-CRYPT',
    );
    const hash = sha?.read(await sha.make(Buffer.from('secret')));
    assert.ok(sha !== undefined && hash?.kind === 'hash');
    assert.equal(await hash.check(nul), false);
    assert.equal(await hash.check(Buffer.alloc(512, 'x')), false);
    await assert.rejects(sha.make(Buffer.alloc(512, 'x')), { code: 'unusable-password' });
  }
});

test('libcrypt says of a setting that it does not know that it cannot compute it', async () => {
  const system = openLibcrypt();
  assert.ok(system.kind === 'libcrypt');

  for (const setting of ['*0', '!', '$99$salt$', ''])
    await assert.rejects(system.crypt(Buffer.from('secret'), setting), HashingFailedError);
});

test('the event loop stays responsive while the threads compute many rounds', async () => {
  await fallback(Buffer.from('secret'), '$6$salt$');
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();

  await Promise.all(Array.from({ length: 8 }, () => fallback(Buffer.from('secret'), '$6$rounds=50000$salt$')));

  delay.disable();
  assert.ok(delay.max < 250e6, `longest delay of the event loop: ${delay.max / 1e6} ms`);
});
