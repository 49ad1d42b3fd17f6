import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import { type AccountName, parseAccountName } from '../login/account-name.ts';
import { Secret } from '../login/secret.ts';
import { PasswordTags } from './password-tags.ts';

const tags = new PasswordTags(Secret.fromText('the secret of the installation'));
const alice = parseAccountName('alice') as AccountName;
const bob = parseAccountName('bob') as AccountName;

describe('tags of passwords', () => {
  it('are the same for the same login name and password, in all processes with the same secret', () => {
    const elsewhere = new PasswordTags(Secret.fromText('the secret of the installation'));

    assert.equal(tags.tagOf(alice, Secret.fromText('pw')), elsewhere.tagOf(alice, Secret.fromText('pw')));
    assert.match(tags.tagOf(alice, Secret.fromText('pw')), /^[A-Za-z0-9_-]{32}$/);
  });

  it('differ by password, login name, secret and the forms that a password may have', () => {
    const other = new PasswordTags(Secret.fromText('another secret of an installation'));
    const all = [
      tags.tagOf(alice, Secret.fromText('pw')),
      tags.tagOf(alice, Secret.fromText('PW')),
      tags.tagOf(alice, Secret.fromText('')),
      tags.tagOf(alice, Secret.fromText('pw\0')),
      tags.tagOf(alice, Secret.fromText('mu\u0308ller')),
      tags.tagOf(alice, Secret.fromText('m\u00fcller')),
      tags.tagOf(alice, Secret.fromLatin1('m\u00fcller')),
      tags.tagOf(bob, Secret.fromText('pw')),
      other.tagOf(alice, Secret.fromText('pw')),
    ];

    assert.equal(new Set(all).size, all.length);
  });

  it('are the HMAC of the login name and each form with its length', () => {
    const key = createHmac('sha256', 'the secret of the installation').update('nauthilus password tag v1').digest();
    const name = parseAccountName('j\u00fcrgen@example.test') as AccountName;
    const password = Secret.fromText('mu\u0308ller'.repeat(20));
    const hmac = createHmac('sha256', key).update(`${name}\0`);
    for (const form of password.revealForms()) {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(form.length);
      hmac.update(length).update(form);
    }

    assert.equal(tags.tagOf(name, password), hmac.digest().toString('base64url', 0, 24));
  });
});
