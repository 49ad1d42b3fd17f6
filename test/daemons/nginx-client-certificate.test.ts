import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { probeHost } from '../../src/wire/mail-hosts/probes/probe.ts';
import { createSecureContext } from 'node:tls';
import { Secret } from '../../src/login/secret.ts';
import { probeSettings } from '../support/mail-hosts.ts';
import { createAuthority, type KeyPairFiles } from './certificate-authority.ts';
import { freePort } from './free-port.ts';
import { ImapClient } from './mail/imap-client.ts';
import { type Nauthilus, startNauthilus } from './nauthilus.ts';
import { type Nginx, startNginx } from './nginx.ts';

describe('an nginx with certificates of an authority', { concurrency: 1 }, () => {
  let folder: string;
  let ca: string;
  let client: KeyPairFiles;
  let service: Nauthilus;
  let nginx: Nginx;
  const ports = { imap: 0, web: 0 };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nauthilus-certificates-'));
    const authority = await createAuthority(folder);
    ca = authority.certificate;
    const server = await authority.issue({ name: 'server', altNames: ['DNS:mail.test'] });
    client = await authority.issue({ name: 'alice' });
    const plainPort = await freePort();
    for (const name of ['imap', 'web'] as const) ports[name] = await freePort();
    service = await startNauthilus({
      accounts: 'alice@example.test:{PLAIN}alice-pw\n',
      plainPort,
      // Nobody is there; it is what nginx tells of the client that counts.
      settings: ['mail_hosts: { pools: [{ name: m, protocols: [imap], hosts: [{ host: 127.0.0.1, port: 1 }] }] }'],
    });
    const tls = `ssl_certificate ${server.certificate}; ssl_certificate_key ${server.key};`;
    nginx = await startNginx({
      blocks: blocksFor(ports, { tls, ca, plainPort, credential: service.credential }),
      ports: Object.values(ports),
      files: { users: 'probe:{PLAIN}probe-pw\n' },
    });
  });
  after(async () => {
    await nginx?.[Symbol.asyncDispose]();
    await service?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  it('has the certificate of a mail user in the log, and lets nobody in by it', async () => {
    const [cert, key] = [await readFile(client.certificate, 'utf8'), await readFile(client.key, 'utf8')];
    const imap = await ImapClient.open(ports.imap);
    await imap.startTls({ cert, key });
    const { text } = await imap.login('alice@example.test', 'wrong');
    imap.close();

    assert.match(text, /^NO Invalid login or password/);
    const line = JSON.parse(await service.logLine(/login refused/)) as Record<string, string>;
    assert.deepEqual(
      [line['tls_client_verify'], line['tls_client_subject'], line['tls_client_issuer']],
      ['SUCCESS', 'CN=alice', 'CN=Test authority'],
    );
    assert.match(line['tls_client_fingerprint'] ?? '', /^[0-9a-f]{40}$/);
    assert.match(line['tls_client_serial'] ?? '', /^[0-9A-F]+$/);
  });

  for (const [path, password, detail] of [
    ['/up', 'probe-pw', undefined],
    ['/up', 'wrong', 'GET /up: not 204 but: HTTP/1.1 401 Unauthorized'],
    ['/down', 'probe-pw', 'GET /down: not 204 but: HTTP/1.1 503 Service Temporarily Unavailable'],
  ] as const)
    it(`is probed over HTTPS: ${path} with ${password}`, async () => {
      const settings = probeSettings({
        protocol: 'http',
        tls: 'implicit',
        trust: createSecureContext({ ca: await readFile(ca) }),
        login: { name: 'probe', password: Secret.fromText(password) },
        http: { path, status: 204 },
      });
      const result = await probeHost({ address: '127.0.0.1', port: ports.web, host: 'mail.test' }, settings);

      assert.deepEqual(result, detail === undefined ? { kind: 'alive' } : { kind: 'failed', detail });
    });
});

function blocksFor(
  ports: { readonly imap: number; readonly web: number },
  it: { readonly tls: string; readonly ca: string; readonly plainPort: number; readonly credential: string },
): string {
  return `mail {
  server_name mail.test;
  auth_http 127.0.0.1:${it.plainPort}/api/v1/auth/nginx;
  auth_http_header Authorization "Basic ${Buffer.from(it.credential).toString('base64')}";
  ${it.tls}
  server {
    listen 127.0.0.1:${ports.imap}; protocol imap; starttls only; imap_auth plain;
    ssl_verify_client on; ssl_client_certificate ${it.ca}; auth_http_pass_client_cert on;
  }
}
http {
  server {
    listen 127.0.0.1:${ports.web} ssl; ${it.tls}
    auth_basic up; auth_basic_user_file FOLDER/users;
    location /up { try_files /none @up; }
    location @up { return 204; }
    location /down { try_files /none @down; }
    location @down { return 503; }
  }
}`;
}
