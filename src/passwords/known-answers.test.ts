import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '../login/secret.ts';
import { PasswordChecks } from './password-checks.ts';
import { parseStoredPassword } from './stored-password.ts';

/** Published vectors: RFC 6070, RFC 6234, RFC 1321, the papers and reference programs of the crypt(3) kinds and of Argon2. */
const VECTORS: readonly (readonly [title: string, stored: string, password: string | Buffer])[] = [
  [
    'Argon2i of the reference program',
    '{ARGON2I}$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA',
    'password',
  ],
  [
    'Argon2i of version 1.0, which is not named',
    '{ARGON2I}$argon2i$m=65536,t=2,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ',
    'password',
  ],
  [
    'Argon2id of the reference program',
    '{ARGON2ID}$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
    'password',
  ],
  ['bcrypt $2a$', '{BLF-CRYPT}$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', 'U*U'],
  [
    'bcrypt $2y$, an 8-bit password',
    '{CRYPT}$2y$05$/OK.fbVrR/bpIqNJ5ianF.Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq',
    Buffer.of(0xa3),
  ],
  [
    'bcrypt $2x$, an 8-bit password',
    '{CRYPT}$2x$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e',
    Buffer.of(0xa3),
  ],
  ['SHA256-CRYPT', '{SHA256-CRYPT}$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5', 'Hello world!'],
  [
    'SHA512-CRYPT',
    '{SHA512-CRYPT}$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1',
    'Hello world!',
  ],
  ['MD5-CRYPT', '{MD5-CRYPT}$1$deadbeef$Q7g0UO4hRC0mgQUQ/qkjZ0', 'password'],
  ['DES-CRYPT', '{DES-CRYPT}CCNf8Sbh3HDfQ', 'U*U*U*U*'],
  [
    'scrypt in crypt(3)',
    '{CRYPT}$7$C6..../....SodiumChloride$kBGj9fHznVYFQMEn/qDCfrDevf9YDtcDdKvEqHJLV8D',
    'pleaseletmein',
  ],
  ['PBKDF2 of RFC 6070, 1 round', '{PBKDF2}$1$salt$1$0c60c80f961f0e71f3a9b524af6012062fe037a6', 'password'],
  ['PBKDF2 of RFC 6070, 4096 rounds', '{PBKDF2}$1$salt$4096$4b007901b765489abead49d926f721d065a429c1', 'password'],
  ['SHA-1 of RFC 3174', '{SHA1.hex}a9993e364706816aba3e25717850c26c9cd0d89d', 'abc'],
  ['SHA-256 of RFC 6234', '{SHA256}ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', 'abc'],
  [
    'SHA-512 of RFC 6234',
    '{SHA512}ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
    'abc',
  ],
  ['MD5 of RFC 1321', '{PLAIN-MD5}900150983cd24fb0d6963f7d28e17f72', 'abc'],
];

for (const [title, stored, password] of VECTORS) {
  test(`accepts the published hash: ${title}`, async () => {
    const hash = parseStoredPassword(stored, 'PLAIN');
    assert.ok(hash.kind === 'hash', JSON.stringify(hash));
    const bytes = Buffer.from(password);
    const checks = new PasswordChecks();
    const signal = new AbortController().signal;

    assert.equal(await hash.check(bytes), true);
    assert.equal(await hash.check(Buffer.concat([Buffer.of(0x21), bytes])), false);
    assert.equal(await checks.check(hash, Secret.fromText('another'), signal), 'mismatch');
  });
}
