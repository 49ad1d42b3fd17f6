import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { DOVECOT_ACCOUNTS } from './dovecot-accounts.ts';
import { DOVECOT_VERSIONS } from './dovecot-host.ts';
import { type GeneratedDovecot, startGeneratedDovecot } from './generated-dovecot.ts';
import { ImapClient } from './mail/imap-client.ts';
import { type Nauthilus, startNauthilus } from './nauthilus.ts';

for (const version of DOVECOT_VERSIONS) {
  describe(`a Dovecot ${version} that is set up with the generated files alone`, () => {
    let service: Nauthilus;
    let dovecot: GeneratedDovecot;
    before(async () => {
      service = await startNauthilus({ accounts: DOVECOT_ACCOUNTS });
      dovecot = await startGeneratedDovecot(version, service);
    });
    after(async () => {
      await dovecot?.[Symbol.asyncDispose]();
      await service?.[Symbol.asyncDispose]();
    });

    it('logs a user in with the right password only', async () => {
      const client = await ImapClient.open(dovecot.imapPort);
      const wrong = await client.login('alice@example.test', 'wrong');
      const right = await client.login('alice@example.test', 'alice-pw');
      client.close();

      assert.match(wrong.text, /^NO \[AUTHENTICATIONFAILED\]/);
      assert.equal(right.isOk, true, right.text);
    });

    it('knows the quota of an account that the service knows in bytes', async () => {
      const client = await ImapClient.open(dovecot.imapPort);
      await client.login('frank@example.test', 'frank-pw');
      const { untagged } = await client.command('GETQUOTAROOT INBOX');
      client.close();

      assert.match(untagged.join('\n'), /^\* QUOTA "User quota" \(STORAGE \d+ 1024\)$/m);
    });

    it('shows and lists accounts to doveadm', async () => {
      const one = await dovecot.doveadm('user', 'alice@example.test');
      const all = await dovecot.doveadm('user', '*');
      const none = await dovecot.doveadm('user', 'nobody@example.test');

      assert.equal(one.exitCode, 0, one.stderr);
      assert.match(all.stdout, /^alice@example\.test$/m);
      assert.equal(all.stdout.trimEnd().split('\n').length, 8);
      assert.equal(none.exitCode, 67);
    });

    it('has a secret that only root and Dovecot can read', async () => {
      const { mode, uid } = await stat(join(dovecot.folder, 'nauthilus.secret'));

      assert.equal(mode & 0o777, 0o640);
      assert.equal(uid, 0);
    });
  });
}
