import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Dovecot, startDovecot } from './dovecot.ts';
import { DOVECOT_ACCOUNTS } from './dovecot-accounts.ts';
import { freePort } from './free-port.ts';
import { ImapClient } from './mail/imap-client.ts';
import { type Nauthilus, startNauthilus } from './nauthilus.ts';
import { type Nginx, startNginx } from './nginx.ts';
import { runTool } from './run-tool.ts';

const LAUNCHER = fileURLToPath(new URL('../../bin/nauthilus', import.meta.url));

describe('an nginx with what "nauthilus generate nginx" writes', { concurrency: 1 }, () => {
  let folder: string;
  let behind: Nauthilus;
  let host: Dovecot;
  let service: Nauthilus;
  let nginx: Nginx;
  let imap: number;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nauthilus-generated-'));
    behind = await startNauthilus({ accounts: DOVECOT_ACCOUNTS });
    const { url, ca, credential } = behind;
    host = await startDovecot({ version: '2.3', url, ca, secret: `${credential}\n` });
    const pool = { name: 'imap', protocols: ['imap'], hosts: [{ host: 'localhost', port: host.ports.imap }] };
    service = await startNauthilus({
      accounts: DOVECOT_ACCOUNTS,
      plainPort: await freePort(),
      settings: [`mail_hosts: ${JSON.stringify({ pools: [pool] })}`],
    });
    imap = await freePort();
    const tlsPort = await freePort();
    const conf = await generate(service, folder);
    const onFreePorts = conf
      .replace('listen 143;', `listen 127.0.0.1:${imap};`)
      .replace('listen 993 ssl;', `listen 127.0.0.1:${tlsPort} ssl;`);
    nginx = await startNginx({ blocks: onFreePorts, ports: [imap, tlsPort] });
  });
  after(async () => {
    await nginx?.[Symbol.asyncDispose]();
    await service?.[Symbol.asyncDispose]();
    await host?.[Symbol.asyncDispose]();
    await behind?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  async function loginAs(password: string, startsTls = true): Promise<string> {
    const client = await ImapClient.open(imap);
    try {
      if (startsTls) await client.startTls();
      const { text } = await client.login('alice@example.test', password);
      return text;
    } finally {
      client.close();
    }
  }

  it('lets a mail user in after STARTTLS, to a host that is given by its name, and the service sees TLS', async () => {
    assert.match(await loginAs('alice-pw'), /^OK .*Logged in/);
    assert.match(await service.logLine(/"account":"alice@example\.test"/), /"tls":"TLSv1\.[23]"/);
  });

  it('refuses a wrong password', async () => {
    assert.match(await loginAs('wrong'), /^NO Invalid login or password/);
  });

  it('takes no password in the clear', async () => {
    assert.match(await loginAs('alice-pw', false), /^BAD/);
  });
});

async function generate(service: Nauthilus, folder: string): Promise<string> {
  const secretFile = join(folder, 'caller.credential');
  await writeFile(secretFile, service.credential, { mode: 0o600 });
  const home = dirname(service.caFile);
  const from = ['--config', join(home, 'nauthilus.yaml'), '--output', folder, '--secret-file', secretFile];
  const to = ['--installed-in', folder, '--certificate', service.caFile, '--key', join(home, 'key.pem')];
  await runTool([LAUNCHER, 'generate', 'nginx', ...from, ...to]);
  return readFile(join(folder, 'nauthilus-mail.conf'), 'utf8');
}
