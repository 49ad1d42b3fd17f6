import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Dovecot, startDovecot } from './dovecot.ts';
import { MASTER } from './dovecot-accounts.ts';
import { DOVECOT_VERSIONS, type DovecotVersion } from './dovecot-host.ts';
import { freePort } from './free-port.ts';
import { ImapClient } from './mail/imap-client.ts';
import { type Nauthilus, startNauthilus } from './nauthilus.ts';

const FROM = '127.0.0.5';
const BEHIND = '127.0.0.3';

describe('a Dovecot in front of another', { concurrency: DOVECOT_VERSIONS.length }, () => {
  for (const version of DOVECOT_VERSIONS)
    describe(`both ${version}, which ask the same service`, { concurrency: 1 }, () => proxy(version));
});

function proxy(version: DovecotVersion): void {
  let service: Nauthilus;
  let front: Dovecot;
  let behind: Dovecot;
  before(async () => {
    const imapPort = await freePort();
    const to = `proxy_maybe=y host=${BEHIND} port=${imapPort}`;
    service = await startNauthilus({
      accounts: [
        `alice@example.test:{PLAIN}alice-pw::::::${to} quota_rule=*:storage=100M`,
        `bob@example.test:{PLAIN}bob-pw::::::${to} destuser=robert@example.test`,
        'robert@example.test:{PLAIN}bob-pw::::::quota_rule=*:storage=7M',
        `carol@example.test:{PLAIN}carol-pw::::::proxy=y host=${BEHIND} port=1 proxy_timeout=1`,
        `erin@example.test:{PLAIN}erin-pw::::::${to}`,
        `frank@example.test:{PLAIN}frank-pw::::::${to} quota_rule=*:storage=100M`,
        `dave@example.test:{PLAIN}dave-pw::::::proxy_maybe=y host=${BEHIND} port=${imapPort} starttls=any-cert`,
        '',
      ].join('\n'),
    });
    const shared = { version, url: service.url, ca: service.ca, secret: service.credential } as const;
    const masterUsers = { [MASTER.name]: MASTER.password };
    behind = await startDovecot({
      ...shared,
      imapPort,
      address: BEHIND,
      masterUsers,
      protocols: ['imap'],
      lines: ['login_trusted_networks = 127.0.0.1/32'],
    });
    front = await startDovecot({ ...shared, masterUsers, imapPort, protocols: ['imap'] });
  });
  after(async () => {
    await front?.[Symbol.asyncDispose]();
    await behind?.[Symbol.asyncDispose]();
    await service?.[Symbol.asyncDispose]();
  });

  async function quotaOf(user: string, password: string): Promise<string> {
    const client = await ImapClient.open(front.ports.imap, undefined, FROM);
    const { isOk, text } = await client.login(user, password);
    const { untagged } = isOk ? await client.command('GETQUOTAROOT INBOX') : { untagged: [text] };
    client.close();
    return untagged.join('\n');
  }

  it('sends a login on to it, which then opens the mailbox', async () => {
    const quota = await quotaOf('alice@example.test', 'alice-pw');

    assert.match(quota, /STORAGE \d+ 102400/);
    await behind.logged(/Logg?ed in: user=<alice@example\.test>|Login: user=<alice@example\.test>/);
    await front.logged(/proxy\(.*127\.0\.0\.3|[Pp]roxying to 127\.0\.0\.3/);
  });

  it('lets both tell the service the address of the client', async () => {
    await quotaOf('alice@example.test', 'alice-pw');

    for (const line of await service.logLines(/"login_name":"alice@example\.test"/, 2))
      assert.match(line, /"127\.0\.0\.5"/);
  });

  it('refuses a wrong password itself', async () => {
    assert.match(await quotaOf('erin@example.test', 'wrong'), /^NO \[AUTHENTICATIONFAILED\]/);
    assert.doesNotMatch(await behind.log(), /erin/);
  });

  it('logs in there under another name where the account says so', async () => {
    assert.match(await quotaOf('bob@example.test', 'bob-pw'), /STORAGE \d+ 7168/);
  });

  it('speaks TLS to it where the account says so', async () => {
    await quotaOf('dave@example.test', 'dave-pw');

    await behind.logged(/user=<dave@example\.test>.*TLS/);
  });

  it('opens the mailbox itself for a master user, whose password the other need not know', async () => {
    assert.match(await quotaOf(`frank@example.test*${MASTER.name}`, MASTER.password), /STORAGE \d+ 102400/);
    assert.doesNotMatch(await behind.log(), /frank/);
  });

  it('reports a temporary failure where the other cannot be reached', async () => {
    assert.match(await quotaOf('carol@example.test', 'carol-pw'), /^NO \[UNAVAILABLE\]/);
  });
}
