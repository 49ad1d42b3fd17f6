import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type MemoryAccount, MemoryBackend } from '../../support/memory-backend.ts';
import { ask, assertAuthHeaders } from '../support/requests.ts';
import { ALICE, basic, type Service, startService } from '../support/service.ts';

const PATH = '/api/v1/auth/basic';
const FOREIGN: MemoryAccount = { name: 'ünï', password: 'pä:ss 100%41' };
const BASIC = { isEnabled: true, realm: 'Webmail', networks: ['127.0.0.0/8'] };

let service: Service;
before(async () => {
  service = await startService({ backends: [new MemoryBackend([ALICE, FOREIGN])], basic: BASIC });
});
after(() => service[Symbol.asyncDispose]());

async function asking(
  Authorization: string | undefined,
  { headers = {}, method = 'GET' }: { headers?: Readonly<Record<string, string>>; method?: string } = {},
) {
  const answer = await ask(service.port, { method, path: PATH, headers: { ...headers, Authorization } });
  assertAuthHeaders(answer);
  return answer;
}

describe('a login by HTTP Basic', () => {
  for (const method of ['GET', 'HEAD', 'POST'])
    it(`is accepted by ${method}`, async () => {
      const { status, headers, body } = await asking(basic(ALICE.name, ALICE.password), { method });

      assert.deepEqual([status, headers['auth-user'], body], [200, ALICE.name, '']);
    });

  it('is accepted with every character, none of which is an escape', async () => {
    assert.equal((await asking(basic(FOREIGN.name, FOREIGN.password))).status, 200);
  });

  for (const [what, authorization] of [
    ['a wrong password', basic(ALICE.name, 'wrong')],
    ['a name that nobody has', basic('nobody', 'x')],
    ['an empty password', basic(ALICE.name, '')],
    ['no credentials', undefined],
    ['another scheme', 'Bearer abc'],
    ['what is no credential', 'Basic !'],
    ['the credential of a caller', basic('mx', 'a caller secret')],
  ] as const)
    it(`is challenged with ${what}`, async () => {
      const { status, headers } = await asking(authorization);

      assert.equal(status, 401);
      assert.equal(headers['www-authenticate'], 'Basic realm="Webmail", charset="UTF-8"');
      assert.equal(headers['auth-user'], undefined);
    });

  it('is never that of another name in headers, and is logged with the address that the web server tells', async () => {
    const headers = { 'Auth-User': 'alice@example.test', 'Auth-Pass': 'alice-pw', 'Client-IP': '192.0.2.9' };
    const answer = await asking(basic('nobody', 'x'), { headers });
    const line = service.lines.find(({ session }) => session === answer.headers['x-nauthilus-session']);

    assert.equal(answer.status, 401);
    assert.deepEqual([line?.['login_name'], line?.['client_ip'], line?.['protocol']], ['nobody', '192.0.2.9', 'http']);
  });

  it('has of the headers about its connection only those that a web server sets', async () => {
    const lineOf = async (headers: Readonly<Record<string, string>>) => {
      const answer = await asking(basic(ALICE.name, ALICE.password), { headers });
      assert.equal(answer.status, 200);
      const line = service.lines.find(({ session }) => session === answer.headers['x-nauthilus-session']);
      return [line?.['tls'], line?.['client_ip'], line?.['client_id'], line?.['local_ip']];
    };
    const forged = { 'X-SSL': 'on', 'X-SSL-Protocol': 'TLSv1.3', 'X-Client-IP': '192.0.2.9', 'X-Client-ID': 'x' };

    assert.deepEqual(await lineOf({}), await lineOf({ ...forged, 'X-Local-IP': '192.0.2.8' }));
    assert.equal((await lineOf({ ...forged, 'Auth-SSL': '' }))[0], false);
    assert.equal((await lineOf({ 'Auth-SSL': 'on' }))[0], true);
  });

  it('is a temporary failure, not a challenge, while the backend is away', async () => {
    await using away = await startService({ basic: BASIC });
    away.backend.outage = { kind: 'unavailable', overloaded: false, detail: 'is away' };
    const headers = { Authorization: basic(ALICE.name, ALICE.password) };

    assert.equal((await ask(away.port, { method: 'GET', path: PATH, headers })).status, 500);
  });

  it('is not to be had from other networks, nor where it is switched off', async () => {
    const headers = { Authorization: basic(ALICE.name, ALICE.password) };
    await using other = await startService({ basic: { ...BASIC, networks: ['192.0.2.0/24'] } });
    await using off = await startService();

    for (const { port } of [other, off])
      assert.equal((await ask(port, { method: 'GET', path: PATH, headers })).status, 404);
  });

  it('is 405 with another method', async () => {
    assert.equal((await asking(basic(ALICE.name, ALICE.password), { method: 'PUT' })).status, 405);
  });
});
