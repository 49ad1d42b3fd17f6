import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { awayDirectory } from './away-directory.ts';
import { freePort } from './free-port.ts';
import { SmtpClient, smtpLogin } from './mail/smtp-client.ts';
import { type Nauthilus, startNauthilus } from './nauthilus.ts';
import { type Postfix, startPostfix } from './postfix.ts';
import { runTool } from './run-tool.ts';

const ACCOUNTS = `alice@example.test:{PLAIN}alice-pw
bob@example.test:{PLAIN}bob-pw::::::disabled=yes
grace@example.test:{PLAIN}pässwörd € &%+"
henry:{PLAIN}henry-pw
`;
const RIGHT = '235 2.7.0 Authentication successful';
const WRONG = '535 5.7.8 Error: authentication failed: Invalid login or password';
const LATER = '454 4.7.0 Temporary authentication failure: Connection lost to authentication server';

describe('Postfix with smtpd_sasl_type = dovecot, and no Dovecot', { concurrency: 1 }, () => {
  let folder: string;
  let service: Nauthilus;
  let postfix: Postfix;
  const ports = { unix: 0, inet: 0 };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nauthilus-sasl-'));
    await chmod(folder, 0o755);
    const socket = join(folder, 'auth');
    const inet = await freePort();
    service = await startNauthilus({
      accounts: ACCOUNTS,
      backends: [{ name: 'accounts', type: 'file', path: 'accounts.passwd' }, await awayDirectory()],
      settings: [
        'line_listeners:',
        `  - { name: postfix, protocol: sasl, unix: { path: ${socket}, group: postfix, mode: '0660' } }`,
        `  - { name: postfix-inet, protocol: sasl, port: ${inet} }`,
      ],
    });
    ports.unix = await freePort();
    ports.inet = await freePort();
    postfix = await startPostfix({
      main: {
        smtpd_sasl_auth_enable: 'yes',
        smtpd_sasl_type: 'dovecot',
        smtpd_sasl_path: socket,
        smtpd_error_sleep_time: '0',
        virtual_mailbox_domains: 'example.test',
        virtual_mailbox_maps: 'static:any',
        virtual_transport: 'discard:',
        smtpd_relay_restrictions: 'permit_sasl_authenticated, reject',
      },
      services: [
        `127.0.0.1:${ports.unix} inet n - n - 1 smtpd`,
        `127.0.0.1:${ports.inet} inet n - n - 1 smtpd -o smtpd_sasl_path=inet:127.0.0.1:${inet}`,
      ],
      ports: [ports.unix, ports.inet],
    });
  });
  after(async () => {
    await postfix?.[Symbol.asyncDispose]();
    await service?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  for (const over of ['unix', 'inet'] as const)
    for (const way of ['authPlain', 'authLogin'] as const)
      it(`tells who may log in by ${way} over ${over}, who may not, and what is not known now`, async () => {
        const answer = (user: string, password: string) => smtpLogin(ports[over], way, user, password);

        assert.equal(await answer('alice@example.test', 'alice-pw'), RIGHT);
        assert.equal(await answer('henry', 'henry-pw'), RIGHT);
        assert.equal(await answer('grace@example.test', 'pässwörd € &%+"'), RIGHT);
        assert.equal(await answer('alice@example.test', 'wrong'), WRONG);
        assert.equal(await answer('nobody@example.test', 'alice-pw'), WRONG);
        assert.equal(
          await answer('bob@example.test', 'bob-pw'),
          '535 5.7.8 Error: authentication failed: Account not enabled',
        );
        assert.equal(await answer('somebody@away.test', 'any'), LATER);
      });

  it('opens the socket for the group of Postfix only', async () => {
    const group = Number(await runTool(['getent', 'group', 'postfix']).then((line) => line.split(':')[2]));
    const { gid, mode } = await stat(join(folder, 'auth'));

    assert.deepEqual([gid, mode & 0o777], [group, 0o660]);
  });

  it('lets nobody in as another', async () => {
    const client = await SmtpClient.open(ports.unix);
    const message = Buffer.from('henry\0alice@example.test\0alice-pw').toString('base64');

    assert.equal(await client.command(`AUTH PLAIN ${message}`), WRONG);
    client.close();
    const line = await service.logLine(/"check-authorization-identity"/);
    assert.match(line, /"caller":"postfix".*"login_name":"alice@example\.test".*"outcome":"refuse"/);
  });

  it('is told from where the client comes, and to where', async () => {
    assert.equal(await smtpLogin(ports.inet, 'authPlain', 'henry', 'henry-pw'), RIGHT);

    const line = await service.logLine(/"caller":"postfix-inet".*"login_name":"henry"/);
    assert.match(line, /"protocol":"smtp","mechanism":"(plain|login)"/);
    assert.match(line, /"client_ip":"127\.0\.0\.1".*"local_ip":"127\.0\.0\.1"/);
  });

  it('has mail taken from who has logged in', async () => {
    const client = await SmtpClient.open(ports.unix);
    assert.match(await client.deliver('alice@example.test', 'bob@example.test'), /^554 5\.7\.1/);
    await client.command('RSET');
    assert.equal(await client.authPlain('alice@example.test', 'alice-pw'), RIGHT);
    assert.match(await client.deliver('alice@example.test', 'bob@example.test'), /^250 2\.0\.0/);
    client.close();
  });

  // The processes of Postfix are one for each port, and have their connections to the service since the first login.
  it('goes on when the service has read its configuration anew, or was started again', async () => {
    const clients = await Promise.all([SmtpClient.open(ports.unix), SmtpClient.open(ports.inet)]);
    process.kill(service.pid ?? 0, 'SIGHUP');
    await service.logLine(/"what":"configuration"/);
    for (const client of clients) assert.equal(await client.authPlain('henry', 'wrong'), WRONG);

    await service.stop();
    await service.start();
    for (const client of clients) assert.equal(await client.authPlain('henry', 'henry-pw'), RIGHT);
    for (const client of clients) client.close();
  });

  it('is a temporary failure while the service is away', async () => {
    const clients = await Promise.all([SmtpClient.open(ports.unix), SmtpClient.open(ports.inet)]);
    await service.stop();
    try {
      for (const client of clients)
        assert.match(await client.authPlain('henry', 'henry-pw'), /^454 4\.7\.0 Temporary authentication failure/);
    } finally {
      await service.start();
    }
    for (const client of clients) assert.equal(await client.authPlain('henry', 'henry-pw'), RIGHT);
    for (const client of clients) client.close();
  });
});
