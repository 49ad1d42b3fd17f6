import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { freePort } from './free-port.ts';
import { type Nauthilus, startNauthilus } from './nauthilus.ts';
import { type Nginx, startNginx } from './nginx.ts';

describe('a page behind auth_request of nginx', { concurrency: 1 }, () => {
  let service: Nauthilus;
  let nginx: Nginx;
  let url: string;

  before(async () => {
    const [plainPort, port] = [await freePort(), await freePort()];
    service = await startNauthilus({
      accounts: 'alice@example.test:{PLAIN}alice-pw::::::alias=alice\n',
      plainPort,
      settings: ['basic: { enabled: true, realm: Webmail }'],
    });
    nginx = await startNginx({ ports: [port], blocks: pageFor(port, plainPort) });
    url = `http://127.0.0.1:${port}/`;
  });
  after(async () => {
    await nginx?.[Symbol.asyncDispose]();
    await service?.[Symbol.asyncDispose]();
  });

  const open = (credentials: string) =>
    fetch(url, { headers: { Authorization: `Basic ${Buffer.from(credentials).toString('base64')}` } });

  it('opens to a mail user, who is known by his account', async () => {
    const page = await open('alice:alice-pw');

    assert.equal(page.status, 200);
    assert.equal(page.headers.get('x-user'), 'alice@example.test');
    assert.match(await service.logLine(/"login_name":"alice"/), /"client_ip":"127\.0\.0\.1"/);
  });

  it('asks for the password where it is wrong, or none is sent', async () => {
    for (const page of [await open('alice:wrong'), await fetch(url)]) {
      assert.equal(page.status, 401);
      assert.equal(page.headers.get('www-authenticate'), 'Basic realm="Webmail", charset="UTF-8"');
    }
  });

  it('is an error, and asks for no password, while the service is stopped', async () => {
    await service.stop();

    assert.equal((await open('alice:alice-pw')).status, 500);
  });
});

function pageFor(port: number, servicePort: number): string {
  return `http {
  server {
    listen 127.0.0.1:${port};
    location / {
      auth_request /auth;
      auth_request_set $account $upstream_http_auth_user;
      add_header X-User $account;
      root FOLDER;
      try_files /nginx.conf =404;
    }
    location = /auth {
      internal;
      proxy_pass http://127.0.0.1:${servicePort}/api/v1/auth/basic;
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
      proxy_set_header Client-IP $remote_addr;
      proxy_set_header Auth-SSL $https;
    }
  }
}`;
}
