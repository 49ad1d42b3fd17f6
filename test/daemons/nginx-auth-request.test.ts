import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { freePort } from './free-port.ts';
import { type Nauthilus, startNauthilus } from './nauthilus.ts';
import { type Nginx, startNginx } from './nginx.ts';

/** What a browser would like to be taken for. */
const FORGED = {
  'X-SSL': 'on',
  'Auth-SSL': 'on',
  'X-SSL-Protocol': 'TLSv1.3',
  'X-SSL-Client-Verify': 'SUCCESS',
  'X-SSL-Client-CN': 'ceo',
  'Client-IP': '192.0.2.9',
  'X-Client-IP': '192.0.2.9',
  'Client-Port': '1',
  'X-Client-Port': '1',
  'X-Client-ID': 'forged',
  'X-Local-IP': '192.0.2.9',
  'X-Local-Port': '993',
  'Auth-Login-Attempt': '7',
  'Auth-Protocol': 'imap',
  'X-Forwarded-For': '192.0.2.9',
  'User-Agent': 'browser',
};

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

  it('takes no word of the browser for what is known of its connection', async () => {
    // At the second path nginx hands on all that it does not set.
    for (const [path, name] of [
      ['', 'mallory'],
      ['open/', 'trudy'],
    ] as const) {
      const headers = { ...FORGED, Authorization: `Basic ${Buffer.from(`${name}:x`).toString('base64')}` };
      assert.equal((await fetch(`${url}${path}`, { headers })).status, 401);

      const line = await service.logLine(new RegExp(`"login_name":"${name}"`));
      const { client_port: clientPort, ...told } = JSON.parse(line) as Record<string, unknown>;
      assert.partialDeepStrictEqual(told, {
        client_ip: '127.0.0.1',
        tls: false,
        protocol: 'http',
        user_agent: 'browser',
      });
      assert.notEqual(clientPort, 1);
      assert.doesNotMatch(line, /192\.0\.2\.9|forged|ceo|SUCCESS|TLSv|993/);
    }
  });

  it('is an error, and asks for no password, while the service is stopped', async () => {
    await service.stop();

    assert.equal((await open('alice:alice-pw')).status, 500);
  });
});

function pageFor(port: number, servicePort: number): string {
  const asked = (path: string, more: string) => `
    location = ${path} {
      internal;
      proxy_pass http://127.0.0.1:${servicePort}/api/v1/auth/basic;
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
      ${more}
      proxy_set_header Client-IP $remote_addr;
      proxy_set_header Client-Port $remote_port;
      proxy_set_header Auth-SSL $https;
    }`;
  const page = (path: string, by: string) => `
    location ${path} {
      auth_request ${by};
      auth_request_set $account $upstream_http_auth_user;
      add_header X-User $account;
      root FOLDER;
      try_files /nginx.conf =404;
    }`;
  const alone = `proxy_pass_request_headers off;
      proxy_set_header Authorization $http_authorization;
      proxy_set_header User-Agent $http_user_agent;`;
  return `http {
  server {
    listen 127.0.0.1:${port};
    ${page('/', '/auth')}
    ${page('/open/', '/auth-open')}
    ${asked('/auth', alone)}
    ${asked('/auth-open', '')}
  }
}`;
}
