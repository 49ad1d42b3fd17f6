import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { createAuthority } from './certificate-authority.ts';
import { type Dovecot, protocolsOf, startDovecot } from './dovecot.ts';
import { DOVECOT_VERSIONS, type DovecotVersion } from './dovecot-host.ts';
import { freePort } from './free-port.ts';
import { ImapClient } from './mail/imap-client.ts';
import { pop3Login } from './mail/pop3-client.ts';
import { sieveLogin } from './mail/sieve-client.ts';
import { SmtpClient } from './mail/smtp-client.ts';
import { type ScriptedService, startScriptedService } from './scripted-service.ts';

const USER = 'alice@example.test';
const FROM = '127.0.0.5';
const ACCEPTED = JSON.stringify({ ok: true, dovecot: { passdb: { user: USER }, userdb: {} } });

describe('the service', { concurrency: DOVECOT_VERSIONS.length * 2 }, () => {
  for (const version of DOVECOT_VERSIONS)
    for (const useWorker of [true, false]) {
      const where = useWorker ? 'in workers' : 'in the auth process';
      describe(`is asked by Dovecot ${version} ${where}`, { concurrency: 1 }, () => ask(version, useWorker));
    }
});

function ask(version: DovecotVersion, useWorker: boolean): void {
  const fields = `fields=dovecot${version.replace('.', '')}`;
  let service: ScriptedService;
  let dovecot: Dovecot;
  let behindProxyPort: number;
  let folder = '';
  let certificate: { cert: string; key: string };
  before(async () => {
    service = await startScriptedService();
    behindProxyPort = await freePort();
    folder = await mkdtemp(join(tmpdir(), 'nauthilus-client-'));
    const authority = await createAuthority(folder);
    const own = await authority.issue({ name: 'alice' });
    certificate = { cert: await readFile(own.certificate, 'utf8'), key: await readFile(own.key, 'utf8') };
    dovecot = await startDovecot({
      version,
      useWorker,
      url: service.url,
      secret: 'dovecot:secret',
      masters: 'service',
      ca: await readFile(authority.certificate, 'utf8'),
      lines: ['auth_username_chars =', ...CLIENT_CERTIFICATES[version], ...listenBehindProxy(behindProxyPort)],
    });
  });
  after(async () => {
    await dovecot?.[Symbol.asyncDispose]();
    await service?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(() => service.setScript((response) => response.end(ACCEPTED)));

  /** What the first request said, without the ports, which differ each time. */
  function asked(): { url: string | undefined; session: unknown; body: Record<string, string> } {
    const [request] = service.requests;
    const body = JSON.parse(request?.body.toString() ?? '{}');
    for (const port of ['client_port', 'local_port']) delete body[port];
    return { url: request?.url.split('?')[1], session: request?.headers['x-dovecot-session'], body };
  }

  it('about a login over IMAP with all that Dovecot knows of it', async () => {
    const client = await ImapClient.open(dovecot.ports.imap, undefined, FROM);
    await client.command('ID ("name" "probe")');

    const { isOk } = await client.login(USER, 'p\u00e4ss');

    client.close();
    const { url, session, body } = asked();
    assert.equal(isOk, true);
    assert.equal(url, fields);
    assert.match(String(session), /^[A-Za-z0-9+/]{10,}$/);
    assert.deepEqual(body, {
      username: USER,
      password: 'p\u00e4ss',
      client_ip: FROM,
      local_ip: '127.0.0.1',
      protocol: 'imap',
      method: 'plain',
      client_id: '"name" "probe"',
    });
    assert.equal(service.requests.length, 1);
  });

  it('with no name but the one that is typed, where names may hold tabs', async () => {
    for (const name of [`bob@example.test\t${USER}`, `${USER}\t`]) {
      const client = await ImapClient.open(dovecot.ports.imap, undefined, FROM);
      await client.login(name, 'x');
      client.close();
    }

    const names = service.requests.map(({ body }) => JSON.parse(body.toString()).username);
    assert.deepEqual(names, [`bob@example.test\t${USER}`, `${USER}\t`]);
  });

  it('with no more than its own field for a client that puts a tab into what it says of itself', async () => {
    const client = await ImapClient.open(dovecot.ports.imap, undefined, FROM);
    await client.command('ID ("name" "pro\t198.51.100.7\t%{password}be")');
    await client.login(USER, 'x');
    client.close();

    const { body } = asked();
    assert.deepEqual([body['client_ip'], body['method'], body['protocol']], [FROM, 'plain', 'imap']);
    assert.match(body['client_id'] ?? '', /^"name" "pro.198\.51\.100\.7.%\{password\}be"$/);
  });

  it('with the ports of both sides', async () => {
    const client = await ImapClient.open(dovecot.ports.imap, undefined, FROM);
    await client.login(USER, 'x');
    client.close();

    const body = JSON.parse(service.requests[0]?.body.toString() ?? '{}');
    assert.equal(body.local_port, String(dovecot.ports.imap));
    assert.match(body.client_port, /^\d{4,5}$/);
  });

  it('with TLS where the client has begun it', async () => {
    const client = await ImapClient.open(dovecot.ports.imap, undefined, FROM);
    await client.startTls();
    await client.authenticate(USER, 'x');
    client.close();

    const { ssl, ssl_protocol, ssl_client_verify } = asked().body;
    assert.deepEqual([ssl, ssl_protocol, ssl_client_verify], ['1', 'TLS', undefined]);
  });

  it('with a client certificate where one was shown that holds', async () => {
    const client = await ImapClient.open(dovecot.ports.imap, undefined, FROM);
    await client.startTls(certificate);
    await client.authenticate(USER, 'x');
    client.close();

    assert.equal(asked().body['ssl_client_verify'], '1');
  });

  it('with the address of the client that a proxy before Dovecot names', async () => {
    const client = await ImapClient.open(
      behindProxyPort,
      undefined,
      undefined,
      'PROXY TCP4 192.0.2.7 198.51.100.1 40000 143',
    );
    await client.login(USER, 'x');
    client.close();

    const { client_ip, local_ip } = asked().body;
    assert.deepEqual([client_ip, local_ip], ['192.0.2.7', '198.51.100.1']);
  });

  it('about a login of a master with both names, and then about the account', async () => {
    const client = await ImapClient.open(dovecot.ports.imap, undefined, FROM);
    const { isOk } = await client.login(`${USER}*admin`, 'master-pw');
    client.close();

    const [login, lookup] = service.requests;
    assert.equal(isOk, true);
    assert.equal(login?.url.split('?')[1], fields);
    assert.match(login?.body.toString() ?? '', /"username":"alice@example\.test\*admin"/);
    assert.match(login?.body.toString() ?? '', /"password":"master-pw"/);
    assert.equal(lookup?.url.split('?')[1], `mode=no-auth&${fields}`);
    assert.doesNotMatch(lookup?.body.toString() ?? '', /master-pw/);
  });

  it('lets no master in whom it refuses', async () => {
    service.setScript((response, _request, body) => {
      if (body.includes('*')) response.writeHead(403).end('{"ok":false,"dovecot":{"result":"mismatch"}}');
      else response.end(ACCEPTED);
    });
    const client = await ImapClient.open(dovecot.ports.imap, undefined, FROM);
    const { text } = await client.login(`${USER}*admin`, 'wrong');
    client.close();

    assert.match(text, /^NO \[AUTHENTICATIONFAILED\]/);
    assert.equal(service.requests.length, 1);
  });

  it('about logins over POP3, submission and ManageSieve, and deliveries, each by its name', async () => {
    const { pop3, submission, lmtp, sieve } = dovecot.ports;
    await pop3Login(pop3, { user: USER, password: 'x' });
    const smtp = await SmtpClient.open(submission);
    await smtp.authLogin(USER, 'x');
    smtp.close();
    if (protocolsOf(version).includes('sieve')) await sieveLogin(sieve, USER, 'x');
    const delivery = await SmtpClient.open(lmtp, 'LHLO');
    await delivery.deliver('sender@example.net', 'alice+detail@example.test');
    delivery.close();

    const questions = service.requests.map(({ url, body }) => {
      const { protocol, method, username } = JSON.parse(body.toString());
      return [url.includes('no-auth'), protocol, method, username];
    });
    assert.deepEqual(questions, [
      [false, 'pop3', 'plain', USER],
      [false, 'submission', 'login', USER],
      ...(version === '2.4' ? [[false, 'sieve', 'plain', USER]] : []),
      [true, 'lmtp', undefined, USER],
    ]);
  });

  it('about an account for doveadm without made-up addresses', async () => {
    await dovecot.doveadm('user', USER);

    const { url, session, body } = asked();
    assert.equal(url, `mode=no-auth&${fields}`);
    assert.equal(session, undefined);
    assert.deepEqual(body, { username: USER, protocol: 'doveadm' });
  });
}

const CLIENT_CERTIFICATES = {
  '2.3': ['ssl_ca = <$FOLDER/service-ca.pem', 'ssl_verify_client_cert = yes', 'ssl_require_crl = no'],
  '2.4': [
    'ssl_server_ca_file = $FOLDER/service-ca.pem',
    'ssl_server_request_client_cert = yes',
    'ssl_server_require_crl = no',
  ],
} as const;

function listenBehindProxy(port: number): readonly string[] {
  return [
    'haproxy_trusted_networks = 127.0.0.0/8',
    'service imap-login {',
    '  inet_listener behind_proxy {',
    `    port = ${port}`,
    '    haproxy = yes',
    '  }',
    '}',
  ];
}
