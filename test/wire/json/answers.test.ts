import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type MemoryAccount, MemoryBackend } from '../../support/memory-backend.ts';
import { ask, assertAuthHeaders, login, type RequestParts, request } from '../support/requests.ts';
import { RawClient } from '../support/raw-client.ts';
import { ALICE, basic, type Service, startService } from '../support/service.ts';

const DISABLED: MemoryAccount = { name: 'bob', password: 'bob-pw', isDisabled: true };
const FOREIGN: MemoryAccount = {
  name: 'ünï@exämple.test',
  password: 'ü',
  attributes: { Title: ['Dr. Ü, 100%\r\nSet-Cookie: x'] },
};

let service: Service;
before(async () => {
  service = await startService({ backends: [new MemoryBackend([ALICE, DISABLED, FOREIGN])] });
});
after(async () => {
  await service[Symbol.asyncDispose]();
});

async function asking(parts: RequestParts) {
  const answer = await ask(service.port, parts);
  assertAuthHeaders(answer);
  return answer;
}

describe('an accepted login', () => {
  it('gives the account, its attributes as arrays and the older names', async () => {
    const { status, headers, body } = await asking({ body: login() });

    assert.equal(status, 200);
    assert.equal(headers['auth-status'], 'OK');
    assert.equal(headers['auth-user'], 'alice@example.test');
    assert.equal(headers['content-type'], 'application/json; charset=utf-8');
    assert.equal(headers['cache-control'], 'no-store');
    assert.deepEqual(JSON.parse(body), {
      ok: true,
      backend: 'memory',
      passdb_backend: 'memory',
      account_field: 'user',
      totp_secret_field: '',
      webauth_userid_field: '',
      display_name_field: '',
      attributes: { home: ['/srv/mail/alice'], group: ['staff', 'testers'] },
    });
    assert.equal(headers['x-nauthilus-home'], '/srv/mail/alice');
    assert.equal(headers['x-nauthilus-group'], 'staff,testers');
  });

  it('gives a name that is not ASCII as its UTF-8 bytes, and no header that an attribute made', async () => {
    const { status, headers, body } = await asking({ body: login({ username: 'ünï@exämple.test', password: 'ü' }) });

    assert.equal(status, 200);
    assert.equal(Buffer.from(headers['auth-user'] ?? '', 'latin1').toString('utf8'), 'ünï@exämple.test');
    assert.equal(headers['set-cookie'], undefined);
    assert.equal(headers['x-nauthilus-title'], 'Dr. %C3%9C%2C 100%25%0D%0ASet-Cookie: x');
    assert.deepEqual(JSON.parse(body).attributes, { Title: ['Dr. Ü, 100%\r\nSet-Cookie: x'] });
  });

  it('has an empty object where the account has no attributes', async () => {
    const plain = await startService({ backends: [new MemoryBackend([{ name: 'x', password: 'y' }])] });
    const { body } = await ask(plain.port, { body: login({ username: 'x', password: 'y' }) });
    await plain[Symbol.asyncDispose]();

    assert.deepEqual(JSON.parse(body).attributes, {});
  });

  it('of a look-up needs no password', async () => {
    for (const password of ['', undefined, null, 'wrong']) {
      const { status, headers } = await asking({ query: '?mode=no-auth', body: login({ password }) });

      assert.equal(status, 200);
      assert.equal(headers['auth-user'], 'alice@example.test');
    }
  });
});

describe('a refused login', () => {
  const refusals: readonly (readonly [string, RequestParts, string])[] = [
    ['a wrong password', { body: login({ password: 'wrong' }) }, 'Invalid login or password'],
    ['an empty password', { body: login({ password: '' }) }, 'Invalid login or password'],
    ['a NUL in the password', { body: login({ password: 'alice-pw\0' }) }, 'Invalid login or password'],
    ['an unknown user', { body: login({ username: 'nobody' }) }, 'Invalid login or password'],
    ['a name that cannot be', { body: login({ username: 'a b' }) }, 'Invalid login or password'],
    ['a very long name', { body: login({ username: 'x'.repeat(8000) }) }, 'Invalid login or password'],
    ['a disabled account', { body: login({ username: 'bob', password: 'bob-pw' }) }, 'Account not enabled'],
    ['a disabled account with a wrong password', { body: login({ username: 'bob' }) }, 'Invalid login or password'],
    [
      'an unknown user in a look-up',
      { query: '?mode=no-auth', body: login({ username: 'nobody' }) },
      'Invalid login or password',
    ],
    [
      'a disabled account in a look-up',
      { query: '?mode=no-auth', body: login({ username: 'bob' }) },
      'Account not enabled',
    ],
  ];
  for (const [what, parts, text] of refusals) {
    it(`for ${what} is 403 and says no more than "${text}"`, async () => {
      const { status, headers, body } = await asking(parts);

      assert.equal(status, 403);
      assert.equal(headers['auth-status'], text);
      assert.equal(headers['auth-user'], undefined);
      assert.deepEqual(JSON.parse(body), { ok: false, error: text });
    });
  }
});

describe('a request without a decision', () => {
  const noCaller = { Authorization: undefined };
  const requests: readonly (readonly [number, string, RequestParts])[] = [
    [400, 'an empty body', { body: '' }],
    [400, 'a body that is no JSON', { body: 'username=alice' }],
    [400, 'a body that is no object', { body: '["alice"]' }],
    [400, 'trailing data', { body: `${login()}{}` }],
    [400, 'a key that stands twice', { body: '{"username":"a","password":"b","username":"c"}' }],
    [400, 'no host', { headers: { Host: undefined }, body: login() }],
    [400, 'no username', { body: '{"password":"b"}' }],
    [400, 'no password', { body: '{"username":"b"}' }],
    [400, 'a wrong type', { body: login({ password: ['a'] }) }],
    [400, 'a wrong address', { body: login({ client_ip: '1.2.3' }) }],
    [400, 'deep nesting', { body: `{"username":"a","password":"b","x":${'['.repeat(5000)}${']'.repeat(5000)}}` }],
    [400, 'an unknown mode', { query: '?mode=everything', body: login() }],
    [400, 'a mode in capitals', { query: '?mode=No-Auth', body: login() }],
    [400, 'a mode twice', { query: '?mode=no-auth&mode=no-auth', body: login() }],
    [401, 'no credentials', { headers: noCaller, body: login() }],
    [401, 'another scheme', { headers: { Authorization: 'Bearer x' }, body: login() }],
    [401, 'credentials that are no base64', { headers: { Authorization: 'Basic %%%' }, body: login() }],
    [401, 'wrong credentials', { headers: { Authorization: basic('mx', 'wrong') }, body: login() }],
    [401, 'an unknown caller', { headers: { Authorization: basic('nobody', 'a caller secret') }, body: login() }],
    [
      401,
      'a look-up without the scope',
      { headers: { Authorization: basic('reader', 'a caller secret') }, query: '?mode=no-auth', body: login() },
    ],
    [
      401,
      'a list without the scope',
      { method: 'GET', headers: { Authorization: basic('reader', 'a caller secret') }, query: '?mode=list-accounts' },
    ],
    [404, 'an unknown path', { path: '/api/v1/auth/nothing', body: login() }],
    [404, 'a slash at the end', { path: '/api/v1/auth/json/', body: login() }],
    [404, 'another case', { path: '/api/v1/auth/JSON', body: login() }],
    [405, 'GET without a mode', { method: 'GET' }],
    [405, 'GET of a look-up', { method: 'GET', query: '?mode=no-auth' }],
    [405, 'HEAD', { method: 'HEAD' }],
    [405, 'PUT', { method: 'PUT', headers: { 'Content-Length': '0' } }],
    [405, 'DELETE', { method: 'DELETE' }],
    [405, 'OPTIONS', { method: 'OPTIONS' }],
    [405, 'CONNECT', { method: 'CONNECT', path: 'localhost:80' }],
    [
      406,
      'a list in a form that there is not',
      { method: 'GET', query: '?mode=list-accounts', headers: { Accept: 'application/xml' } },
    ],
    [413, 'a body over 64 KiB', { body: login({ password: 'x'.repeat(65_536) }) }],
    [415, 'a form', { headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body: 'username=alice' }],
    [415, 'a type that only begins alike', { headers: { 'Content-Type': 'application/json-seq' }, body: login() }],
    [415, 'a compressed body', { headers: { 'Content-Encoding': 'gzip' }, body: login() }],
    [417, 'another expectation', { headers: { Expect: 'miracles' }, body: login() }],
  ];
  for (const [status, what, parts] of requests) {
    it(`for ${what} is ${status} with both headers and a reason`, async () => {
      const answer = await asking(parts);

      assert.equal(answer.status, status);
      assert.notEqual(answer.headers['auth-status'], 'OK');
      if (parts.method !== 'HEAD') assert.equal(typeof JSON.parse(answer.body).error, 'string');
      if (status === 401) assert.equal(answer.headers['www-authenticate'], 'Basic realm="nauthilus", charset="UTF-8"');
      if (status === 405) assert.match(answer.headers['allow'] ?? '', /POST/);
    });
  }

  it('names the field that is at fault', async () => {
    const faults: readonly (readonly [string, string])[] = [
      ['{"username":"a","password":"b","username":"c"}', 'username'],
      ['{"username":"a","password":"b","\\u0075sername":"c"}', 'username'],
      ['{"username":"a","password":"b","Username":"c"}', 'username'],
      [login({ client_ip: 'x' }), 'client_ip'],
      [login({ local_port: 70_000 }), 'local_port'],
      [login({ ssl: 'perhaps' }), 'ssl'],
      [login({ username: undefined }), 'username'],
      [login({ password: { a: 1 } }), 'password'],
    ];
    for (const [body, field] of faults) {
      const answer = await asking({ body });

      assert.equal(answer.status, 400);
      assert.equal(JSON.parse(answer.body).errors[0].field, field, body);
    }
  });

  it('is bytes that are no HTTP, or headers that are too large', async () => {
    const garbage: readonly (readonly [number, string])[] = [
      [400, 'hello\r\n\r\n'],
      [400, '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
      [400, 'BREW /api/v1/auth/json HTTP/1.1\r\nHost: x\r\n\r\n'],
      [400, 'POST /api/v1/auth/json HTTP/9.9\r\nHost: x\r\n\r\n'],
      [400, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
      [400, 'POST /api/v1/auth/json HTTP/1.1\r\nHost : x\r\n\r\n'],
      [400, 'POST /api/v1/auth/json HTTP/1.1\r\nHost: x\r\nContent-Length: ten\r\n\r\n'],
      [400, 'POST /api/v1/auth/json HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n'],
      [400, 'POST /api/v1/auth/json HTTP/1.1\r\nHost: x\r\nX: a\r\n\tfolded\x00\r\n\r\n'],
      [431, `POST /api/v1/auth/json HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`],
      [431, `POST /${'y'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`],
    ];
    for (const [status, bytes] of garbage) {
      using client = await RawClient.open(service.port);
      const answer = await client.write(Buffer.from(bytes, 'latin1')).read();

      assert.equal(answer.status, status, JSON.stringify(bytes.slice(0, 60)));
      assertAuthHeaders(answer);
      assert.equal(answer.headers['connection'], 'close');
      assert.equal(typeof JSON.parse(answer.body).error, 'string');
      await client.closed();
    }
  });

  it('has the session that is in the log', async () => {
    const { headers } = await asking({ body: '' });

    const line = service.lines.find((one) => one['session'] === headers['x-nauthilus-session']);
    assert.equal(line?.['msg'], 'request rejected');
    assert.equal(line['caller'], 'mx');
    assert.equal(line['caller_ip'], '127.0.0.1');
    assert.equal(line['status'], 400);
  });
});

describe('a request with a target that has scheme and host', () => {
  it('is answered as one without', async () => {
    using client = await RawClient.open(service.port);
    const answer = await client.write(request({ path: 'http://localhost/api/v1/auth/json', body: login() })).read();

    assert.equal(answer.status, 200);
  });
});
