import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { MemoryBackend } from '../../support/memory-backend.ts';
import { RawClient } from '../support/raw-client.ts';
import { ask, assertAuthHeaders, type RequestParts, request } from '../support/requests.ts';
import { ALICE, basic, CALLER, type Service, startService } from '../support/service.ts';

const PATH = '/api/v1/auth/saslauthd';
const RIGHT = 'username=alice&realm=example.test&password=alice%2Dpw&protocol=smtp';
const PROOF = 'caller=mx&caller_secret=a%20caller%20secret';
const NO_HEADER = { Authorization: undefined, 'Content-Type': 'application/x-www-form-urlencoded' } as const;

let service: Service;
before(async () => {
  service = await startService({
    backends: [new MemoryBackend([ALICE, { name: 'bob', password: 'bob-pw', isDisabled: true }])],
  });
});
after(() => service[Symbol.asyncDispose]());

async function asking(body: string, parts: RequestParts = {}) {
  const answer = await ask(service.port, { path: PATH, headers: NO_HEADER, body, ...parts });
  assertAuthHeaders(answer);
  assert.equal(answer.headers['cache-control'], 'no-store');
  return answer;
}

describe('a form of saslauthd', () => {
  it('lets in, with the credential of the caller in the form or in a header', async () => {
    for (const headers of [NO_HEADER, { ...NO_HEADER, Authorization: CALLER }]) {
      const body = headers === NO_HEADER ? `${RIGHT}&${PROOF}` : RIGHT;
      const answer = await asking(body, { headers });

      assert.deepEqual([answer.status, answer.body], [200, 'OK']);
      assert.equal(answer.headers['auth-user'], 'alice@example.test');
      assert.equal(answer.headers['content-type'], 'text/plain; charset=utf-8');
    }
  });

  it('is answered alike by either parser, and goes on with the next request on the connection', async () => {
    using client = await RawClient.open(service.port);
    const parts = { path: PATH, headers: { ...NO_HEADER, 'User-Agent': 'saslauthd' }, body: `${RIGHT}&${PROOF}` };
    client
      .write(request(parts))
      .write(request({ ...parts, query: '?x=1' }))
      .write(request(parts));

    for (let i = 0; i < 3; i += 1) assert.equal((await client.read()).status, 200);
  });

  for (const [what, change, text] of [
    ['a wrong password', { password: 'wrong' }, 'Invalid login or password'],
    ['a name that nobody has', { username: 'nobody' }, 'Invalid login or password'],
    ['another realm', { realm: 'other.test' }, 'Invalid login or password'],
    ['a disabled account', { username: 'bob', realm: '', password: 'bob-pw' }, 'Account not enabled'],
  ] as const)
    it(`is refused with ${what}`, async () => {
      const fields = new URLSearchParams(`${RIGHT}&${PROOF}`);
      for (const [name, value] of Object.entries(change)) fields.set(name, value);
      const answer = await asking(String(fields));

      assert.deepEqual([answer.status, answer.headers['auth-status'], answer.body], [403, text, text]);
    });

  it('is a temporary failure while the backend is away', async () => {
    await using away = await startService();
    away.backend.outage = { kind: 'unavailable', overloaded: false, detail: 'is away' };
    const { status, body } = await ask(away.port, { path: PATH, headers: NO_HEADER, body: `${RIGHT}&${PROOF}` });

    assert.deepEqual([status, body], [500, 'Temporary server problem, try again later']);
  });

  it('is never shown with its secrets in the log', async () => {
    await asking(`${RIGHT.replace('alice%2Dpw', 'hidden%2Dpassword')}&${PROOF}`);
    await asking(`${RIGHT}&caller=mx&caller_secret=hidden%2Dsecret`);

    assert.doesNotMatch(JSON.stringify(service.lines), /hidden|caller secret/);
  });

  for (const [what, status, body, parts] of [
    ['no credential', 401, RIGHT, {}],
    ['half a credential', 401, `${RIGHT}&caller=mx`, {}],
    ['another secret', 401, `${RIGHT}&caller=mx&caller_secret=x`, {}],
    ['another caller', 401, `${RIGHT}&caller=x&caller_secret=a%20caller%20secret`, {}],
    [
      'a header that proves nothing beside a form that does',
      401,
      `${RIGHT}&${PROOF}`,
      { headers: { ...NO_HEADER, Authorization: basic('mx', 'wrong') } },
    ],
    ['a field twice', 400, `${RIGHT}&${PROOF}&username=bob`, {}],
    ['bytes that nobody has encoded', 400, `${RIGHT}&${PROOF}\0\0`, {}],
    ['an address that is none', 400, `${RIGHT}&${PROOF}&client_ip=x`, {}],
    ['no name', 400, `password=x&${PROOF}`, {}],
    ['no password', 400, `username=x&${PROOF}`, {}],
    ['a look-up', 400, `username=alice&${PROOF}`, { query: '?mode=no-auth' }],
    ['a list', 400, PROOF, { query: '?mode=list-accounts' }],
    ['GET', 405, '', { method: 'GET' }],
    ['HEAD', 405, '', { method: 'HEAD' }],
    ['a body over 64 KiB', 413, 'x'.repeat(65_537), {}],
    ['JSON', 415, '{}', { headers: { ...NO_HEADER, 'Content-Type': 'application/json' } }],
    ['a compressed body', 415, RIGHT, { headers: { ...NO_HEADER, 'Content-Encoding': 'gzip' } }],
  ] as const satisfies readonly (readonly [string, number, string, RequestParts])[])
    it(`with ${what} is answered ${status}`, async () => {
      const answer = await asking(body, parts);

      assert.equal(answer.status, status);
      assert.notEqual(answer.headers['auth-status'], 'OK');
      if (status === 405) assert.equal(answer.headers['allow'], 'POST');
    });
});
