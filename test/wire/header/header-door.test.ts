import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { type MemoryAccount, MemoryBackend } from '../../support/memory-backend.ts';
import { RawClient } from '../support/raw-client.ts';
import { ask, assertAuthHeaders, type RequestParts, request } from '../support/requests.ts';
import { ALICE, basic, type Service, startService } from '../support/service.ts';

const run = promisify(execFile);
const PATH = '/api/v1/auth/header';
const DISABLED: MemoryAccount = { name: 'bob', password: 'bob-pw', isDisabled: true };
const FOREIGN: MemoryAccount = { name: 'ünï@exämple.test', password: 'pä ss%20' };
const LOGIN = { 'Auth-User': 'alice@example.test', 'Auth-Pass': 'alice-pw', 'Auth-Protocol': 'imap' };

let service: Service;
before(async () => {
  service = await startService({ backends: [new MemoryBackend([ALICE, DISABLED, FOREIGN])] });
});
after(() => service[Symbol.asyncDispose]());

async function asking(headers: Readonly<Record<string, string | undefined>>, parts: RequestParts = {}) {
  const answer = await ask(service.port, { method: 'GET', path: PATH, headers, ...parts });
  assertAuthHeaders(answer);
  return answer;
}

describe('a login by request headers', () => {
  for (const method of ['GET', 'POST'])
    it(`is accepted by ${method}, with the account and its attributes in headers and nothing else`, async () => {
      const { status, headers, body } = await asking(LOGIN, { method });

      assert.equal(status, 200);
      assert.equal(headers['auth-status'], 'OK');
      assert.equal(headers['auth-user'], 'alice@example.test');
      assert.equal(headers['x-nauthilus-home'], '/srv/mail/alice');
      assert.equal(headers['x-nauthilus-group'], 'staff,testers');
      assert.equal(headers['x-nauthilus-memory-cache'], 'Miss');
      assert.equal(headers['cache-control'], 'no-store');
      assert.equal(headers['auth-wait'], undefined);
      assert.equal(body, '');
    });

  it('is accepted percent-encoded, as curl sends it', async () => {
    const [user, password] = [FOREIGN.name, FOREIGN.password].map(encodeURIComponent);
    const { stdout } = await run('curl', [
      '-sSi',
      '-umx:a caller secret',
      `-HAuth-User: ${user}`,
      `-HAuth-Pass: ${password}`,
      `${service.url}${PATH}`,
    ]);

    assert.match(stdout, /^HTTP\/1\.1 200 OK\r\n[^]*\nAuth-Status: OK\r\n/);
    assert.match(stdout, /^Auth-User: ünï@exämple\.test\r$/m);
  });

  it('is accepted with a password as base64', async () => {
    const headers = { ...LOGIN, 'Auth-Pass': 'YWxpY2UtcHc', 'X-Auth-Password-Encoded': '1' };

    assert.equal((await asking(headers)).status, 200);
  });

  for (const [what, headers] of [
    ['a wrong password', { 'Auth-Pass': 'wrong' }],
    ['a name that nobody has', { 'Auth-User': 'nobody' }],
    ['an empty password', { 'Auth-Pass': '' }],
    ['a disabled account and a wrong password', { 'Auth-User': 'bob' }],
  ] as const)
    it(`is refused with ${what}`, async () => {
      const answer = await asking({ ...LOGIN, ...headers });

      assert.equal(answer.status, 403);
      assert.equal(answer.headers['auth-status'], 'Invalid login or password');
      assert.equal(answer.headers['auth-wait'], '0');
      assert.equal(answer.headers['auth-user'], undefined);
    });

  it('is refused with the reason where the account is disabled and the password right', async () => {
    const { status, headers } = await asking({ ...LOGIN, 'Auth-User': 'bob', 'Auth-Pass': 'bob-pw' });

    assert.deepEqual([status, headers['auth-status']], [403, 'Account not enabled']);
  });

  it('is logged and counted as one of the JSON door is', async () => {
    const { headers } = await asking({ ...LOGIN, 'Client-IP': '192.0.2.7' });
    const line = service.lines.find(({ session }) => session === headers['x-nauthilus-session']);

    assert.deepEqual([line?.['client_ip'], line?.['protocol']], ['192.0.2.7', 'imap']);
    assert.match(await service.metrics.render(), /door="header"/);
  });

  it('is a temporary failure while the backend is away', async () => {
    await using away = await startService();
    away.backend.outage = { kind: 'unavailable', overloaded: false, detail: 'is away' };
    const { status, headers } = await ask(away.port, { method: 'GET', path: PATH, headers: LOGIN });

    assert.equal(status, 500);
    assert.equal(headers['auth-status'], 'Temporary server problem, try again later');
  });
});

describe('the header door', () => {
  it('looks accounts up without a password', async () => {
    const { status, headers } = await asking({ 'Auth-User': 'alice@example.test' }, { query: '?mode=no-auth' });

    assert.deepEqual([status, headers['auth-user']], [200, 'alice@example.test']);
  });

  it('gives the list of accounts', async () => {
    const { status, body } = await asking({}, { query: '?mode=list-accounts' });

    assert.equal(status, 200);
    assert.ok((JSON.parse(body) as string[]).includes('alice@example.test'));
  });

  it('leaves a body alone, and goes on with the next request on the connection', async () => {
    using client = await RawClient.open(service.port);
    const headers = { ...LOGIN, 'Content-Type': undefined };
    client.write(request({ path: PATH, headers, body: 'x'.repeat(100_000) }));
    client.write(request({ method: 'GET', path: PATH, headers: { ...LOGIN, 'Auth-Pass': 'wrong' } }));

    assert.equal((await client.read()).status, 200);
    assert.equal((await client.read()).status, 403);
  });

  for (const [what, status, parts] of [
    ['no credential of the caller', 401, { headers: { ...LOGIN, Authorization: undefined } }],
    [
      'a caller that may not look up',
      401,
      {
        query: '?mode=no-auth',
        headers: { ...LOGIN, Authorization: basic('reader', 'a caller secret') },
      },
    ],
    ['no user', 400, { headers: { ...LOGIN, 'Auth-User': undefined } }],
    ['no password', 400, { headers: { ...LOGIN, 'Auth-Pass': undefined } }],
    ['an address that is none', 400, { headers: { ...LOGIN, 'Client-IP': 'x' } }],
    ['an unknown mode', 400, { query: '?mode=other', headers: LOGIN }],
    ['another method', 405, { method: 'PUT', headers: LOGIN }],
  ] as const satisfies readonly (readonly [string, number, RequestParts])[])
    it(`answers ${status} to ${what}`, async () => {
      const answer = await asking({}, parts);

      assert.equal(answer.status, status);
      if (status === 405) assert.equal(answer.headers['allow'], 'GET, HEAD, POST');
    });
});
