import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Dovecot, type DovecotOptions, startDovecot } from './dovecot.ts';
import { DOVECOT_ACCOUNTS, MASTER } from './dovecot-accounts.ts';
import { DOVECOT_VERSIONS, type DovecotVersion } from './dovecot-host.ts';
import { ImapClient } from './mail/imap-client.ts';
import { SmtpClient } from './mail/smtp-client.ts';
import { type Nauthilus, startNauthilus } from './nauthilus.ts';

const TEMPORARY = /^NO \[UNAVAILABLE\] Temporary authentication failure/;
const REFUSED = /^NO \[AUTHENTICATIONFAILED\]/;
const TEMPFAIL = 75;

describe('a Dovecot', { concurrency: DOVECOT_VERSIONS.length }, () => {
  for (const version of DOVECOT_VERSIONS)
    describe(`${version} whose service`, { concurrency: 1 }, () => goThrough(version));
});

function goThrough(version: DovecotVersion): void {
  let service: Nauthilus;
  before(async () => {
    service = await startNauthilus({ accounts: DOVECOT_ACCOUNTS });
  });
  after(async () => {
    await service?.[Symbol.asyncDispose]();
  });

  const start = (changes: Partial<DovecotOptions> = {}) =>
    startDovecot({
      version,
      url: service.url,
      ca: service.ca,
      secret: service.credential,
      protocols: ['imap', 'lmtp'],
      masterUsers: { [MASTER.name]: MASTER.password },
      ...changes,
    });

  it('stops, answers with temporary failures until it is back', async () => {
    await using dovecot = await start();
    assert.match(await login(dovecot), /^OK/);

    await service.stop();
    const right = await login(dovecot);
    const wrong = await login(dovecot, 'wrong');
    const master = await login(dovecot, MASTER.password, `alice@example.test*${MASTER.name}`);
    const known = await deliver(dovecot, 'alice@example.test');
    const unknown = await deliver(dovecot, 'nobody@example.test');
    const found = await dovecot.doveadm('user', 'alice@example.test');
    const listed = await dovecot.doveadm('user', '*');
    await service.start();
    const again = await login(dovecot);
    const stillWrong = await login(dovecot, 'wrong');
    const delivered = await deliver(dovecot, 'alice@example.test');

    for (const text of [right, wrong, master]) assert.match(text, TEMPORARY);
    for (const text of [known, unknown]) assert.match(text, /^451/);
    assert.equal(found.exitCode, TEMPFAIL);
    assert.notEqual(listed.exitCode, 0);
    assert.equal(listed.stdout, '');
    assert.match(again, /^OK/);
    assert.match(stillWrong, REFUSED);
    assert.match(delivered, /^250/);
    await dovecot.logged(/not decided, no answer from https:.*refused/);
  });

  it('stops for many logins, is asked again as soon as it is back', async () => {
    await using dovecot = await start({ protocols: ['imap'] });
    await service.stop();
    for (let i = 0; i < 10; i += 1)
      assert.equal((await dovecot.doveadm('user', 'alice@example.test')).exitCode, TEMPFAIL);
    await service.start();

    const since = performance.now();
    const again = await login(dovecot);

    assert.match(again, /^OK/);
    assert.ok(performance.now() - since < 5000, `${performance.now() - since} ms`);
  });

  it('restarts between two logins, lets both in', async () => {
    await using dovecot = await start({ protocols: ['imap'] });
    const first = await login(dovecot);

    await service.stop();
    await service.start();
    const second = await login(dovecot);

    assert.match(first, /^OK/);
    assert.match(second, /^OK/);
  });

  it('shows a certificate that is not trusted, hands no password to it', async () => {
    const stranger = await startNauthilus({ accounts: '' });
    await stranger.stop();
    await using dovecot = await start({ protocols: ['imap'], ca: stranger.ca });
    const before = (await service.log()).length;

    const text = await login(dovecot);

    await stranger[Symbol.asyncDispose]();
    assert.match(text, TEMPORARY);
    assert.doesNotMatch((await service.log()).slice(before), /alice@example\.test/);
  });

  for (const [form, secret] of [
    ['as name:password and a carriage return', (credential: string) => `${credential}\r\n`],
    ['in base64', (credential: string) => base64(credential)],
    ['in base64, wrapped', (credential: string) => `${base64(credential).replace(/.{10}/g, '$&\n')}\n`],
  ] as const) {
    it(`has a credential that stands in the file ${form}, lets in who knows the password`, async () => {
      await using dovecot = await start({ protocols: ['imap'], secret: secret(service.credential) });

      assert.match(await login(dovecot), /^OK/);
    });
  }

  it('does not know the credential, lets nobody in until the file is put right', async () => {
    await using dovecot = await start({ protocols: ['imap'], secret: 'dovecot:not-the-secret\n' });

    const before = await login(dovecot);
    await writeFile(join(dovecot.folder, 'secret'), service.credential);
    const after = await login(dovecot);

    assert.match(before, TEMPORARY);
    await dovecot.logged(/does not know the credential in .*\/secret/);
    assert.match(after, /^OK/);
  });

  it('cannot be asked for want of a credential, lets nobody in and says why', async () => {
    await using dovecot = await start({ protocols: ['imap'], secret: 'dovecot:two\nlines' });

    const nonsense = await login(dovecot);
    await rm(join(dovecot.folder, 'secret'));
    const missing = await login(dovecot);

    for (const text of [nonsense, missing]) assert.match(text, TEMPORARY);
    await dovecot.logged(/no credential: .*\/secret holds neither one line "name:password" nor base64/);
    await dovecot.logged(/no credential: .*\/secret: No such file/);
  });
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

async function login(dovecot: Dovecot, password = 'alice-pw', user = 'alice@example.test'): Promise<string> {
  const client = await ImapClient.open(dovecot.ports.imap);
  const { text } = await client.login(user, password);
  client.close();
  return text;
}

async function deliver(dovecot: Dovecot, to: string): Promise<string> {
  const client = await SmtpClient.open(dovecot.ports.lmtp, 'LHLO');
  const answer = await client.deliver('sender@example.net', to);
  client.close();
  return answer;
}
