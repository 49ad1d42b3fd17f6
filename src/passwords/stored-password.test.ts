import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { test } from 'node:test';
import fc from 'fast-check';
import { Secret } from '../login/secret.ts';
import { hashPassword } from './hash-password.ts';
import { SCHEME_NAMES, type SchemeName } from './scheme.ts';
import { parseStoredPassword } from './stored-password.ts';

/** As other programs write them; those of a salted digest have the short salt of Dovecot. */
const HASHES: readonly string[] = [
  '{ARGON2ID}$argon2id$v=19$m=65536,t=3,p=1$927gfLyoEJo/9+u4lU3+yA$SRcWax481GJ8fdxJJ5c0rAyEJxCgO9bULHQaFxyg/1Q',
  '{BLF-CRYPT}$2y$05$F3PO1q/hJ0/xVScFWymFIuoLJJ67GoAUaVaByHC6kEeYGLnyqsVPO',
  '{SHA512-CRYPT}$6$VPMGP/ZNmGUlcuUU$58GkQjkIkBW/A7m1F84B8RQQHcwKEP/rBO7BIPKsGhSqIwSuk13S2TzvOQJpzd4RYxVb4xoFc6gIhdPfEUW9M.',
  '{SHA256-CRYPT}$5$rounds=10000$saltstringsaltst$3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA',
  '{MD5-CRYPT}$1$TCrDavw7$9NliFel93f1.zS13CfAFF1',
  '$1$TCrDavw7$9NliFel93f1.zS13CfAFF1',
  '{DES-CRYPT}jHj3Pe3ynOsq6',
  '{CRYPT}$y$j9T$AAt9R641xPvCI9nXw1HHW/$Le2/uBpB.JpmpWh7KK2YhDrcXr4LyALtSuWVv19.NA.',
  '{CRYPT}$gy$j9T$AAt9R641xPvCI9nXw1HHW/$4/DOH1KueA5Lc8ofc5gH/O9NYNlmo6LjZIe10gEtMiD',
  '{CRYPT}$7$C6..../....SodiumChloride$kBGj9fHznVYFQMEn/qDCfrDevf9YDtcDdKvEqHJLV8D',
  '{PBKDF2}$1$4WhRzzEIFA9mn0S8$5000$4ca5ddc6bf0ba4c4511cef3a63448694487fe97e',
  '{SSHA.HEX}c825b73987f54566af18a947d1fb3481a8ccd97f785d5d89',
  '{SSHA512.HEX}38ebbf3b185e3f8a10f2482cfede7ec970fe9ea4c207ab35ef14c81bb91ea293f77b89259163a1e52c919512840ceb7ec41ee121e1e430ad5b135479a65ff4118b6ac5e5',
  '{SMD5}OhqvIgJLZDcAcpqP8bVNwHj7yRA=',
  '{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=',
  '{SHA256}K7gNU3sdo+OL0wNhqoVWhr3g6s1xYv72ol/pe/Unols=',
  '{SHA256}2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b',
  '{SHA512.b64}vSsar3708Jvp9Szi2NWZZ02Bqp1qRCFpbcTZPdBhnWgs5WtNZKnvCXdhztmeD2cmW192CF5bDufKRpayrW/isg==',
  '{PLAIN-MD5}5ebe2294ecd0e0f08eab7690d2a6ee69',
  '{LDAP-MD5}Xr4ilOzQ4PCOq3aQ0qbuaQ==',
];

function valueStart(stored: string): number {
  return stored.indexOf('}') + 1;
}

function messageOf(stored: string, defaultScheme: SchemeName = 'CRYPT'): string {
  const result = parseStoredPassword(stored, defaultScheme);
  return result.kind === 'problem' ? result.message : 'accepted';
}

test('reads hashes with their scheme, and bare ones in the default scheme', () => {
  for (const stored of HASHES) assert.equal(messageOf(stored), 'accepted', stored);

  const bare = parseStoredPassword('jHj3Pe3ynOsq6', 'CRYPT');
  const plain = parseStoredPassword('jHj3Pe3ynOsq6', 'PLAIN');

  assert.equal(String(bare.kind === 'hash' && bare.profile), 'DES-CRYPT');
  assert.equal(String(plain.kind === 'hash' && plain.profile), 'PLAIN');
});

test('refuses a hash that was cut off anywhere', () => {
  for (const stored of HASHES) {
    for (let length = valueStart(stored); length < stored.length; length += 1) {
      const cut = stored.slice(0, length);
      // 16 of the 32 bytes of this key are a whole key of some programs.
      if (cut.endsWith('$SRcWax481GJ8fdxJJ5c0rA')) continue;
      assert.notEqual(messageOf(cut), 'accepted', cut);
    }
  }
});

test('an Argon2 hash cut to the length of a shorter key is no longer matched by its password', async () => {
  const [stored = ''] = HASHES;
  const cut = parseStoredPassword(stored.slice(0, -21), 'PLAIN');

  assert.ok(cut.kind === 'hash');
  assert.equal(await cut.check(Buffer.from('secret')), false);
});

test('refuses a hash with anything after it', () => {
  for (const stored of HASHES.filter((hash) => hash.startsWith('{'))) {
    for (const more of ['$', 'A', '.', ' ', '\n', '\0', ':'])
      assert.notEqual(messageOf(stored + more), 'accepted', stored + more);
  }
});

test('a salted digest that lost a part of a long salt is no longer matched by its password', async () => {
  for (const scheme of ['SSHA', 'SSHA256', 'SSHA512', 'SMD5'] as const) {
    const stored = await hashPassword(Secret.fromText('secret'), scheme);
    for (let length = scheme.length + 2; length < stored.length; length += 1) {
      const cut = parseStoredPassword(stored.slice(0, length), 'PLAIN');
      if (cut.kind === 'hash') assert.equal(await cut.check(Buffer.from('secret')), false);
    }
  }
});

test('never throws, whatever the text', () => {
  const schemeText = fc.oneof(
    fc.constantFrom(...SCHEME_NAMES, 'SHA', 'CLEAR', '__proto__', 'constructor'),
    fc.string(),
  );
  const suffix = fc.constantFrom('', '.b64', '.base64', '.HEX', '.', '.b64.hex', '.x');
  const value = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.constantFrom(...HASHES).map((stored) => stored.slice(valueStart(stored))),
    fc
      .tuple(fc.constantFrom('$1$', '$2y$', '$2', '$5$', '$6$', '$7$', '$y$', '$gy$', '$argon2id$', '$'), fc.string())
      .map(([start, rest]) => start + rest),
  );
  const written = fc.tuple(schemeText, suffix, value).map(([name, ending, rest]) => `{${name}${ending}}${rest}`);

  fc.assert(
    fc.property(
      fc.oneof(written, value, fc.string({ unit: 'grapheme' })),
      fc.constantFrom(...SCHEME_NAMES),
      (text, scheme) => {
        const result = parseStoredPassword(text, scheme);
        assert.ok(result.kind === 'hash' || result.message.length > 0);
      },
    ),
    { numRuns: 3000 },
  );
});

test('accepts no hash with one character changed to one that no program writes', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...HASHES),
      fc.nat(),
      fc.constantFrom('\0', ' ', '\u00fc', '\n', '*', '!'),
      (stored, at, odd) => {
        const start = valueStart(stored);
        // A salt of PBKDF2 may hold anything.
        fc.pre(!stored.startsWith('{PBKDF2}'));
        const index = start + (at % (stored.length - start));
        assert.notEqual(messageOf(stored.slice(0, index) + odd + stored.slice(index + 1)), 'accepted');
      },
    ),
  );
});

test('a scheme that is not supported is named, with the ones that are', () => {
  assert.match(
    messageOf('{SCRAM-SHA-256}4096,salt,a,b'),
    /SCRAM-SHA-256 is not supported; supported are ARGON2ID, .*PLAIN$/,
  );
  assert.match(messageOf('{SHA512.b32}x'), /SHA512 has an unknown encoding; supported are \.b64, \.base64 and \.hex/);
  assert.match(messageOf('{CRYPT}$argon2id$v=19$'), /ARGON2ID/);
  assert.match(messageOf('{CRYPT}!$6$salt$key'), /locked/);
  assert.match(messageOf('{CRYPT}*'), /locked/);
});

test('costs that would hold a thread for long are refused', () => {
  const key86 = `${'a'.repeat(85)}.`;
  const key43 = `${'a'.repeat(42)}.`;
  const tooCostly = [
    `{CRYPT}$6$rounds=5000001$salt$${key86}`,
    `{CRYPT}$5$rounds=999999999$salt$${key43}`,
    `{CRYPT}$6$rounds=999$salt$${key86}`,
    `{CRYPT}$y$jJT$salt$${key43}`,
    `{CRYPT}$7$J6..../....salt$${key43}`,
    `{CRYPT}$7$C6....z/...salt$${key43}`,
    `{CRYPT}$2y$17$${'a'.repeat(21)}O${'a'.repeat(30)}a`,
    '{PBKDF2}$1$salt$10000001$4ca5ddc6bf0ba4c4511cef3a63448694487fe97e',
    '{ARGON2ID}$argon2id$v=19$m=1048577,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
    '{ARGON2ID}$argon2id$v=19$m=1048576,t=5,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
    '{ARGON2ID}$argon2id$v=19$m=65536,t=65,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
  ];
  for (const stored of tooCostly) assert.match(messageOf(stored), /more than|outside/, stored);
});

test('no problem and no printed hash repeats what is stored', () => {
  const secrets = [
    '{PLAIN}hunter2',
    '{hunter2}x',
    '{hunter2',
    '{CRYPT}hunter2',
    '{SHA}hunter2',
    '{PLAIN.hex}hunter2',
    '{PBKDF2}hunter2',
  ];
  for (const stored of secrets) {
    const result = parseStoredPassword(stored, 'PLAIN');
    for (const shown of [
      inspect(result),
      JSON.stringify(result),
      `${result.kind === 'hash' ? result.toString() : result.message}`,
    ]) {
      assert.ok(!/hunter2/i.test(shown), shown);
    }
  }
});

test('an empty value is no password', () => {
  for (const stored of ['', '{PLAIN}', '{CRYPT}', '{SSHA.hex}']) assert.match(messageOf(stored, 'PLAIN'), /empty/);
});
