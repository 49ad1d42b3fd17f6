import assert from 'node:assert/strict';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { directoryBackend, directorySecret } from './directory-backend.ts';
import { type Dovecot, startDovecot } from './dovecot.ts';
import { MASTER } from './dovecot-accounts.ts';
import { ImapClient } from './mail/imap-client.ts';
import { SmtpClient } from './mail/smtp-client.ts';
import { type Nauthilus, startNauthilus } from './nauthilus.ts';
import { runTool } from './run-tool.ts';
import { type Slapd, startSlapd } from './slapd.ts';

const COUNT = 10_000;
const NO_USER = 67;
const ATTRIBUTES = [
  { from: 'nauthilusQuota', as: 'rnsMSQuota' },
  { from: 'nauthilusOverQuota', as: 'rnsMSOverQuota' },
  { from: 'nauthilusMailPath', as: 'rnsMSMailPath' },
  { from: 'nauthilusAclGroups', as: 'ACL-Groups' },
  { from: 'nauthilusProxyHost', as: 'Proxy-Host' },
  { from: 'nauthilusDovecotMaster', as: 'rnsMSDovecotMaster', absent: [''], replace: { FALSE: '' } },
];
const IN_FILE = 'zoe@file.test:{PLAIN}zoe-pw::::::\nalice@example.test:{PLAIN}not-asked::::::\n';

describe('a mail user of a Dovecot whose accounts are in LDAP and in a file', () => {
  const opened = new AsyncDisposableStack();
  let slapd: Slapd;
  let service: Nauthilus;
  let dovecot: Dovecot;
  before(async () => {
    slapd = opened.use(await startSlapd({ accounts: COUNT }));
    const master = { base_dn: slapd.baseDn, filter: '(&(nauthilusAccount=%{user})(nauthilusDovecotMaster=TRUE))' };
    const directory = directoryBackend([slapd], {
      domains: ['example.test', 'example.org'],
      attributes: ATTRIBUTES,
      master,
    });
    const file = { type: 'file', name: 'accounts', path: 'accounts.passwd' };
    const backends = [directory, file];
    service = opened.use(await startNauthilus({ accounts: IN_FILE, backends, files: directorySecret(slapd) }));
    dovecot = opened.use(
      await startDovecot({
        version: '2.3',
        url: service.url,
        ca: service.ca,
        secret: service.credential,
        protocols: ['imap', 'lmtp'],
        masterUsers: { [MASTER.name]: MASTER.password },
      }),
    );
  });
  after(() => opened.disposeAsync());

  async function imap<T>(user: string, password: string, use: (client: ImapClient) => Promise<T>): Promise<T> {
    const client = await ImapClient.open(dovecot.ports.imap);
    try {
      const { isOk, text } = await client.login(user, password);
      assert.ok(isOk, text);
      return await use(client);
    } finally {
      client.close();
    }
  }

  async function refusal(user: string, password: string): Promise<string> {
    const client = await ImapClient.open(dovecot.ports.imap);
    const { text } = await client.login(user, password);
    client.close();
    return text;
  }

  it('has the quota, the mail path and the groups of the entry', async () => {
    const quota = await imap('alice@example.test', 'alice-pw', (client) => client.command('GETQUOTAROOT INBOX'));
    const rights = await imap('carol@example.test', 'carol-pw', async (client) => {
      await client.command('CREATE Restricted');
      return client.command('MYRIGHTS Restricted');
    });

    assert.match(quota.untagged.join('\n'), /STORAGE \d+ 102400/);
    await access(join(dovecot.folder, 'mail', 'alice@example.test', 'custom-mail'));
    assert.match(rights.untagged.join('\n'), /MYRIGHTS Restricted \S*i\S*/);
  });

  it('logs in by an alias, from another domain, and from the file behind the directory', async () => {
    for (const [user, password] of [
      ['frank.alias@example.test', 'frank-pw'],
      ['grace@example.org', 'grace-pw'],
      ['zoe@file.test', 'zoe-pw'],
      ['user9999@example.test', 'pw-9999'],
    ] as const)
      await imap(user, password, (client) => client.command('SELECT INBOX'));

    assert.match(await service.logLine(/"account":"frank@example\.test"/), /"login_name":"frank\.alias@example\.test"/);
    assert.match(await service.logLine(/"account":"zoe@file\.test"/), /"backend":"accounts"/);
  });

  it('is refused with a wrong password, as a stranger, and while switched off', async () => {
    for (const [user, password] of [
      ['alice@example.test', 'wrong'],
      ['alice@example.test', 'not-asked'],
      ['nobody@example.test', 'x'],
      ['nobody@file.test', 'x'],
      ['bob@example.test', 'bob-pw'],
      ['*', 'alice-pw'],
    ] as const)
      assert.match(await refusal(user, password), /^NO \[AUTHENTICATIONFAILED\]/, user);
    await dovecot.logged(/\(user disabled.*: user=<bob@example\.test>/);
  });

  it('is found by doveadm with all fields, proxied or not', async () => {
    const { stdout: frank } = await dovecot.doveadm('user', 'frank@example.test');
    const dave = await dovecot.doveadm('auth', 'test', 'dave@example.test', 'dave-pw');
    const erin = await dovecot.doveadm('auth', 'test', 'erin@example.test', 'erin-pw');

    assert.match(frank, /^quota_rule\t\*:bytes=1048576$/m);
    assert.match(frank, /^quota_over_flag\tTRUE$/m);
    assert.match(dave.stdout, /host=127\.0\.0\.9/);
    assert.doesNotMatch(erin.stdout, /host=/);
    for (const name of ['nobody@example.test', 'bob@example.test'])
      assert.equal((await dovecot.doveadm('user', name)).exitCode, NO_USER);
  });

  it('gets mail over LMTP where he is known and not over quota', async () => {
    const deliver = async (to: string) => {
      const client = await SmtpClient.open(dovecot.ports.lmtp, 'LHLO');
      const answer = await client.deliver('sender@example.net', to);
      client.close();
      return answer;
    };

    assert.match(await deliver('alice@example.test'), /^250 .*Saved/);
    assert.match(await deliver('postmaster@example.test'), /^(250|452|552)/);
    assert.match(await deliver('nobody@example.test'), /^550/);
  });

  it('is one of all that doveadm lists', async () => {
    const { stdout } = await dovecot.doveadm('user', '*');
    const names = stdout.trim().split('\n');

    assert.equal(new Set(names).size, names.length);
    assert.equal(names.filter((name) => /^user\d+@example\.test$/.test(name)).length, COUNT);
    assert.ok(names.includes('zoe@file.test') && names.includes('grace@example.org'));
  });

  it('lets in a master user of Dovecot, and one of the directory where Dovecot knows none', async () => {
    await imap(`alice@example.test*${MASTER.name}`, MASTER.password, (client) => client.command('SELECT INBOX'));
    const body = JSON.stringify({ username: 'alice@example.test*erin@example.test', password: 'erin-pw' });
    const curl = [
      'curl',
      '-s',
      '--cacert',
      service.caFile,
      '-u',
      service.credential,
      '-w',
      '%{http_code}',
      '-o',
      '/dev/null',
    ];

    assert.equal(await runTool([...curl, '-H', 'Content-Type: application/json', '-d', body, service.url]), '200');
    const line = await service.logLine(/"master":"erin@example\.test"/);
    assert.match(line, /"account":"alice@example\.test".*"outcome":"accept"/);
  });

  it('is asked to try again while the directory is away, and only then', async () => {
    slapd.pause();
    const away = await refusal('alice@example.test', 'alice-pw');
    await service.logLine(/"msg":"server down"/);
    slapd.resume();
    assert.match(away, /^NO \[UNAVAILABLE\]/);
    await service.logLine(/"msg":"server up again"/);

    await imap('alice@example.test', 'alice-pw', (client) => client.command('SELECT INBOX'));
    assert.doesNotMatch(await service.log(), /alice-pw|nauthilus-secret/);
  });
});
