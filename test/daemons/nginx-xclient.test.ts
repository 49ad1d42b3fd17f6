import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { freePort } from './free-port.ts';
import { SmtpClient } from './mail/smtp-client.ts';
import { type Nauthilus, startNauthilus } from './nauthilus.ts';
import { type Nginx, startNginx } from './nginx.ts';
import { type Postfix, startPostfix } from './postfix.ts';

describe('a Postfix that nginx tells the account by XCLIENT', { concurrency: 1 }, () => {
  let postfix: Postfix;
  let service: Nauthilus;
  let nginx: Nginx;
  let port: number;

  before(async () => {
    const [behind, plainPort] = [await freePort(), await freePort()];
    port = await freePort();
    postfix = await startPostfix({
      main: {
        smtpd_authorized_xclient_hosts: '127.0.0.1',
        default_transport: 'discard',
        smtpd_relay_restrictions: 'permit_mynetworks, reject',
      },
      services: [`127.0.0.1:${behind} inet n - n - - smtpd`],
      ports: [behind],
    });
    service = await startNauthilus({
      accounts: 'alice+abuse@example.test:{PLAIN}alice-pw::::::alias=alice\n',
      plainPort,
      settings: [
        `mail_hosts: { pools: [{ name: smtp, protocols: [smtp], hosts: [{ host: 127.0.0.1, port: ${behind} }] }] }`,
        'nginx: { xclient: true }',
      ],
    });
    nginx = await startNginx({
      blocks: `mail {
  server_name mail.example.test;
  auth_http 127.0.0.1:${plainPort}/api/v1/auth/nginx;
  auth_http_header Authorization "Basic ${Buffer.from(service.credential).toString('base64')}";
  server { listen 127.0.0.1:${port}; protocol smtp; smtp_auth plain cram-md5 none; xclient on; }
}`,
      ports: [port],
    });
  });
  after(async () => {
    await nginx?.[Symbol.asyncDispose]();
    await service?.[Symbol.asyncDispose]();
    await postfix?.[Symbol.asyncDispose]();
  });

  it('knows it whole, whatever is in its name', async () => {
    const client = await SmtpClient.open(port);
    const answer = await client.authPlain('alice', 'alice-pw');
    const delivered = await client.deliver('alice@example.test', 'x@example.net');
    client.close();

    assert.match(answer, /^235/);
    assert.match(delivered, /^250/, await postfix.log());
    await postfix.logLine(/sasl_username=alice\+abuse@example\.test/);
  });

  it('gets no mail of who does not log in', async () => {
    const client = await SmtpClient.open(port);
    const answer = await client.deliver('alice@example.test', 'x@example.net');
    client.close();

    assert.match(answer, /^530 5\.7\.0 Authentication required/);
    await service.logLine(/Auth-Method: none lets mail in without a login.*"request rejected"/);
  });

  it('never sees who proves a digest: nginx answers, and no guess is counted', async () => {
    const client = await SmtpClient.open(port);
    await client.command('AUTH CRAM-MD5');
    const answer = await client.command(Buffer.from('alice 0123456789abcdef0123456789abcdef').toString('base64'));
    client.close();

    assert.match(answer, /^504 5\.5\.4 Authentication mechanism is not supported/);
    assert.match(await service.logLine(/cram-md5 needs/), /take it out of/);
    assert.doesNotMatch(await service.log(), /login refused/);
  });
});
