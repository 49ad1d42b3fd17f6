import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Dovecot, startDovecot } from './dovecot.ts';
import { DOVECOT_ACCOUNTS } from './dovecot-accounts.ts';
import { type Nauthilus, startNauthilus } from './nauthilus.ts';

const COUNT = 10_000;
const NO_USER = 67;
const NO_PERMISSION = 77;

describe('doveadm of a Dovecot that asks the service', () => {
  const many = Array.from({ length: COUNT }, (_, i) => `user${String(i).padStart(6, '0')}@many.example.test`);
  let service: Nauthilus;
  let dovecot: Dovecot;

  before(async () => {
    const accounts = DOVECOT_ACCOUNTS + many.map((name) => `${name}:{PLAIN}x::::::\n`).join('');
    service = await startNauthilus({ accounts });
    dovecot = await startDovecot({
      url: service.url,
      ca: service.ca,
      secret: service.credential,
      protocols: ['imap'],
      settings: "fields = { rnsMSQuota = { userdb = 'quota_rule', before = '*:storage=' }, rnsMSOverQuota = false }",
    });
  });
  after(async () => {
    await dovecot?.[Symbol.asyncDispose]();
    await service?.[Symbol.asyncDispose]();
  });

  it('tells a right password from a wrong one', async () => {
    const right = await dovecot.doveadm('auth', 'test', 'alice@example.test', 'alice-pw');
    const wrong = await dovecot.doveadm('auth', 'test', 'alice@example.test', 'wrong');

    assert.equal(right.exitCode, 0);
    assert.match(right.stdout, /auth succeeded/);
    assert.equal(wrong.exitCode, NO_PERMISSION);
  });

  it('shows the fields of an account, found by its name or an alias', async () => {
    const byName = await dovecot.doveadm('user', 'alice@example.test');
    const byAlias = await dovecot.doveadm('user', 'postmaster@example.test');

    assert.equal(byName.exitCode, 0);
    assert.match(byName.stdout, /^quota_rule\t\*:storage=100M$/m);
    assert.match(byName.stdout, /^mail\tmaildir:~\/elsewhere$/m);
    assert.match(byAlias.stdout, /^home\t.*\/mail\/alice@example\.test$/m);
  });

  it('joins several values, and does with an attribute what the settings say', async () => {
    const { stdout } = await dovecot.doveadm('user', 'frank@example.test');

    assert.match(stdout, /^acl_groups\tstaff,testers$/m);
    assert.match(stdout, /^mail\tmaildir:~\/box$/m);
    assert.match(stdout, /^quota_rule\t\*:storage=1048576$/m);
    assert.doesNotMatch(stdout, /quota_over_flag/);
  });

  it('finds neither unknown nor disabled users', async () => {
    assert.equal((await dovecot.doveadm('user', 'nobody@example.test')).exitCode, NO_USER);
    assert.equal((await dovecot.doveadm('user', 'bob@example.test')).exitCode, NO_USER);
  });

  it('shows where logins of an account are sent on to', async () => {
    const { stdout } = await dovecot.doveadm('auth', 'lookup', 'dave@example.test');

    assert.match(stdout, /host\s*: 127\.0\.0\.9/);
  });

  it(`lists ${COUNT} accounts and more, each once`, async () => {
    const { exitCode, stdout } = await dovecot.doveadm('user', '*');

    const listed = stdout.trimEnd().split('\n');
    assert.equal(exitCode, 0);
    assert.equal(new Set(listed).size, listed.length);
    assert.deepEqual(listed.filter((name) => name.endsWith('@many.example.test')).sort(), many);
    assert.equal(listed.length, COUNT + 8);
  });

  it('lists those that match a pattern', async () => {
    const { stdout } = await dovecot.doveadm('user', 'user00001?@many.example.test');

    assert.deepEqual(stdout.trimEnd().split('\n').sort(), many.slice(10, 20));
  });
});
