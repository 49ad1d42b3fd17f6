import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { freePort } from './free-port.ts';
import { SmtpClient, smtpLogin } from './mail/smtp-client.ts';
import { type Nauthilus, startNauthilus } from './nauthilus.ts';
import { type Postfix, startPostfix } from './postfix.ts';
import { runTool } from './run-tool.ts';
import { type Saslauthd, startSaslauthd } from './saslauthd.ts';

const LAUNCHER = fileURLToPath(new URL('../../bin/nauthilus', import.meta.url));
const ACCOUNTS = `alice@example.test:{PLAIN}alice-pw
bob@example.test:{PLAIN}bob-pw::::::disabled=yes
grace@example.test:{PLAIN}pässwörd € &%+"
henry:{PLAIN}henry-pw
`;
const RIGHT = '235 2.7.0 Authentication successful';
const WRONG = '535 5.7.8 Error: authentication failed: authentication failure';
const LATER = /^454 4\.7\.0 Temporary authentication failure/;

describe('saslauthd with what "nauthilus generate saslauthd" writes', { concurrency: 1 }, () => {
  let folder: string;
  let service: Nauthilus;
  let saslauthd: Saslauthd;
  let postfix: Postfix;
  let smtp: number;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nauthilus-generated-'));
    service = await startNauthilus({
      accounts: ACCOUNTS,
      plainPort: await freePort(),
      credential: 'saslauthd:a caller’s secret & more',
    });
    await generate(service, folder);
    saslauthd = await startSaslauthd(await readFile(join(folder, 'saslauthd.conf'), 'utf8'));
    const conf = await readFile(join(folder, 'smtpd.conf'), 'utf8');
    smtp = await freePort();
    postfix = await startPostfix({
      main: {
        smtpd_sasl_auth_enable: 'yes',
        smtpd_sasl_type: 'cyrus',
        smtpd_sasl_path: 'smtpd',
        smtpd_error_sleep_time: '0',
        virtual_mailbox_domains: 'example.test',
        virtual_mailbox_maps: 'static:any',
        virtual_transport: 'discard:',
        smtpd_relay_restrictions: 'permit_sasl_authenticated, reject',
      },
      services: [`127.0.0.1:${smtp} inet n - n - - smtpd`],
      ports: [smtp],
      files: { 'config/sasl/smtpd.conf': conf.replace('/var/run/saslauthd/mux', saslauthd.socket) },
    });
  });
  after(async () => {
    await postfix?.[Symbol.asyncDispose]();
    await saslauthd?.[Symbol.asyncDispose]();
    await service?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  for (const [what, user, realm, password, answer] of [
    ['lets a name with its domain in', 'alice@example.test', '', 'alice-pw', 'OK'],
    ['lets a name in a realm in', 'alice', 'example.test', 'alice-pw', 'OK'],
    ['lets a name in that has no domain', 'henry', '', 'henry-pw', 'OK'],
    ['lets a password in that is not ASCII', 'grace', 'example.test', 'pässwörd € &%+"', 'OK'],
    ['refuses a wrong password', 'alice', 'example.test', 'wrong', 'NO'],
    ['refuses a name that nobody has', 'nobody', 'example.test', 'alice-pw', 'NO'],
    ['refuses a realm that nobody is in', 'alice', 'other.test', 'alice-pw', 'NO'],
    ['refuses a disabled account', 'bob', 'example.test', 'bob-pw', 'NO'],
  ] as const)
    it(what, async () => {
      assert.equal(await saslauthd.ask({ user, realm, password }), answer);
    });

  it('is a caller of its own, whose logins are those of SMTP within TLS', async () => {
    const line = await service.logLine(/"login_name":"alice@example\.test".*"outcome":"accept"/);

    assert.match(line, /"caller":"saslauthd".*"protocol":"smtp".*"tls":true.*"user_agent":"saslauthd"/);
  });

  it('loses but the process that was asked with more than it has room for', async () => {
    assert.equal(await saslauthd.ask({ user: 'alice', realm: 'example.test', password: '@'.repeat(255) }), '');
    assert.equal(await saslauthd.ask({ user: 'alice', realm: 'example.test', password: 'alice-pw' }), 'OK');
  });

  it('gets nothing with another secret than that of the caller', async () => {
    const conf = await readFile(join(folder, 'saslauthd.conf'), 'utf8');
    await using stranger = await startSaslauthd(conf.replace(/caller_secret=\w+/, 'caller_secret=guess'));

    assert.equal(await stranger.ask({ user: 'alice', realm: 'example.test', password: 'alice-pw' }), 'NO');
    await service.logLine(/"wrong-credentials"/);
  });

  for (const way of ['authPlain', 'authLogin'] as const)
    it(`lets mail users log in to Postfix by ${way}, and nobody else`, async () => {
      assert.equal(await smtpLogin(smtp, way, 'alice@example.test', 'alice-pw'), RIGHT);
      assert.equal(await smtpLogin(smtp, way, 'henry', 'henry-pw'), RIGHT);
      assert.equal(await smtpLogin(smtp, way, 'alice@example.test', 'wrong'), WRONG);
      assert.equal(await smtpLogin(smtp, way, 'bob@example.test', 'bob-pw'), WRONG);
    });

  it('has mail taken from who has logged in', async () => {
    const client = await SmtpClient.open(smtp);
    assert.match(await client.deliver('alice@example.test', 'bob@example.test'), /^554 5\.7\.1/);
    await client.command('RSET');
    assert.equal(await client.authPlain('alice@example.test', 'alice-pw'), RIGHT);
    assert.match(await client.deliver('alice@example.test', 'bob@example.test'), /^250 2\.0\.0/);
    client.close();
  });

  it('cannot tell an outage of the service from a refusal', async () => {
    await service.stop();

    assert.equal(await saslauthd.ask({ user: 'alice', realm: 'example.test', password: 'alice-pw' }), 'NO');
    assert.equal(await smtpLogin(smtp, 'authPlain', 'alice@example.test', 'alice-pw'), WRONG);
  });

  it('is a temporary failure of Postfix where it is away itself', async () => {
    await saslauthd[Symbol.asyncDispose]();

    assert.match(await smtpLogin(smtp, 'authPlain', 'alice@example.test', 'alice-pw'), LATER);
  });
});

async function generate(service: Nauthilus, folder: string): Promise<void> {
  const secretFile = join(folder, 'caller.credential');
  await writeFile(secretFile, service.credential, { mode: 0o600 });
  const home = dirname(service.caFile);
  const from = ['--config', join(home, 'nauthilus.yaml'), '--output', folder, '--secret-file', secretFile];
  await runTool([LAUNCHER, 'generate', 'saslauthd', ...from]);
}
