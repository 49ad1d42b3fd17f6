import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Secret } from '../../../src/login/secret.ts';
import { type MemoryAccount, MemoryBackend } from '../../support/memory-backend.ts';
import { ask, assertAuthHeaders } from '../support/requests.ts';
import { ALICE, type Service, startService } from '../support/service.ts';

const PATH = '/api/v1/auth/nginx';
const LOST: MemoryAccount = { name: 'lost', password: 'lost-pw', attributes: { mailHost: ['gone.test'] } };
const MAIL_POOLS = [
  { name: 'imap', protocols: ['imap'], hosts: [{ host: '10.0.0.1', port: 1143, weight: 1 }] },
  { name: 'smtp', protocols: ['smtp'], hosts: [{ host: '2001:db8::1', port: 587, weight: 1 }] },
];

let service: Service;
before(async () => {
  service = await startService({ backends: [new MemoryBackend([ALICE, LOST])], mailPools: MAIL_POOLS });
});
after(() => service[Symbol.asyncDispose]());

/** Asks as nginx does. */
async function asking(
  headers: Readonly<Record<string, string | undefined>> = {},
  { port, query = '', method = 'GET' }: { port?: number; query?: string; method?: string } = {},
) {
  const answer = await ask(port ?? service.port, {
    method,
    path: PATH,
    query,
    headers: {
      'Auth-Method': 'plain',
      'Auth-User': 'alice@example.test',
      'Auth-Pass': 'alice-pw',
      'Auth-Protocol': 'imap',
      'Auth-Login-Attempt': '1',
      'Client-IP': '192.0.2.7',
      ...headers,
    },
  });
  assertAuthHeaders(answer);
  return answer;
}

describe('an answer to nginx', () => {
  it('tells account, address and port of an accepted login', async () => {
    const { status, headers, body } = await asking();

    assert.equal(status, 200);
    assert.equal(headers['auth-status'], 'OK');
    assert.equal(headers['auth-user'], 'alice@example.test');
    assert.equal(headers['auth-server'], '10.0.0.1');
    assert.equal(headers['auth-port'], '1143');
    assert.equal(headers['auth-pass'], undefined);
    assert.equal(headers['x-nauthilus-home'], undefined);
    assert.equal(body, '');
  });

  it('tells it for look-ups too', async () => {
    const { headers } = await asking({ 'Auth-Pass': undefined, 'Auth-Protocol': 'smtp' }, { query: '?mode=no-auth' });

    assert.deepEqual(
      [headers['auth-status'], headers['auth-server'], headers['auth-port']],
      ['OK', '2001:db8::1', '587'],
    );
  });

  it('names no host where none is configured for the protocol', async () => {
    const { headers } = await asking({ 'Auth-Protocol': 'sieve' });

    assert.deepEqual([headers['auth-status'], headers['auth-server']], ['OK', undefined]);
  });

  it('is 200 for a refused login, and lets the client wait', async () => {
    const { status, headers } = await asking({ 'Auth-Pass': 'wrong' });

    assert.equal(status, 200);
    assert.equal(headers['auth-status'], 'Invalid login or password');
    assert.equal(headers['auth-wait'], '2');
    assert.equal(headers['auth-error-code'], undefined);
    assert.equal(headers['auth-user'], undefined);
    assert.equal(headers['auth-server'], undefined);
  });

  for (const [attempt, wait] of [
    ['4', '2'],
    ['5', undefined],
    ['60', undefined],
  ] as const)
    it(`${wait === undefined ? 'has the connection closed' : 'has the client wait'} after try ${attempt}`, async () => {
      const { headers } = await asking({ 'Auth-Pass': 'wrong', 'Auth-Login-Attempt': attempt });

      assert.equal(headers['auth-wait'], wait);
    });

  it('has the code of SMTP for wrong passwords', async () => {
    const { headers } = await asking({ 'Auth-Pass': 'wrong', 'Auth-Protocol': 'smtp' });

    assert.equal(headers['auth-error-code'], '535 5.7.8');
  });

  it('is a temporary failure, never a refusal, while the backend is away', async () => {
    await using away = await startService({ mailPools: MAIL_POOLS });
    away.backend.outage = { kind: 'unavailable', overloaded: false, detail: 'is away' };
    const smtp = await asking({ 'Auth-Protocol': 'smtp' }, { port: away.port });
    const imap = await asking({}, { port: away.port });

    assert.deepEqual([smtp.status, smtp.headers['auth-error-code']], [200, '454 4.7.0']);
    assert.equal(imap.headers['auth-status'], 'Temporary server problem, try again later');
    assert.equal(imap.headers['auth-wait'], undefined);
  });

  it('is a temporary failure where the host of the account cannot be found, and the log says which', async () => {
    const headers = { 'Auth-User': 'lost', 'Auth-Pass': 'lost-pw' };
    const imap = await asking(headers);
    const smtp = await asking({ ...headers, 'Auth-Protocol': 'smtp' });
    const session = imap.headers['x-nauthilus-session'];
    const said = service.lines.filter((line) => line['session'] === session).map(({ error }) => error);

    assert.equal(imap.status, 200);
    assert.equal(imap.headers['auth-status'], 'Temporary server problem, try again later');
    assert.equal(smtp.headers['auth-error-code'], '451 4.3.0');
    assert.ok(said.includes('the mail host gone.test has no address now'));
  });

  for (const [what, status, headers, options] of [
    ['a caller that is not let in', 401, { Authorization: undefined }, {}],
    ['no password', 400, { 'Auth-Pass': undefined }, {}],
    ['an unknown mode', 400, {}, { query: '?mode=list-accounts' }],
    ['another method', 405, {}, { method: 'PUT' }],
  ] as const)
    it(`says nothing of passwords to ${what}: nginx does not look at the status ${status}`, async () => {
      const answer = await asking({ ...headers, 'Auth-Protocol': 'smtp' }, options);

      assert.equal(answer.status, status);
      assert.equal(answer.headers['auth-status'], 'Temporary server problem, try again later');
      assert.equal(answer.headers['auth-error-code'], '451 4.3.0');
    });
});

describe('an answer to nginx of a service that has too much to do', () => {
  it('is a temporary failure in SMTP too', async () => {
    await using busy = await startService({ maxRequests: 0 });
    const { status, headers } = await asking({ 'Auth-Protocol': 'smtp' }, { port: busy.port });

    assert.deepEqual([status, headers['auth-error-code']], [503, '451 4.3.0']);
    assert.equal(headers['auth-wait'], undefined);
  });
});

describe('an answer to nginx, where it is set so,', () => {
  let own: Service;
  before(async () => {
    const backendLogin = { nameSuffix: '*nginx', password: Secret.fromText('for the hosts') };
    own = await startService({
      mailPools: MAIL_POOLS,
      nginx: { waitSeconds: 7, maxAttempts: 2, hasResponseCodes: true, backendLogin },
    });
  });
  after(() => own[Symbol.asyncDispose]());

  it('has the password of the mail hosts', async () => {
    const { headers } = await asking({}, { port: own.port });

    assert.deepEqual([headers['auth-user'], headers['auth-pass']], ['alice@example.test*nginx', 'for the hosts']);
  });

  it('never has it where the login is refused', async () => {
    const { headers } = await asking({ 'Auth-Pass': 'wrong' }, { port: own.port });

    assert.deepEqual([headers['auth-pass'], headers['auth-wait']], [undefined, '7']);
  });

  for (const [protocol, refused, later] of [
    [
      'imap',
      '[AUTHENTICATIONFAILED] Invalid login or password',
      '[UNAVAILABLE] Temporary server problem, try again later',
    ],
    ['pop3', '[AUTH] Invalid login or password', '[SYS/TEMP] Temporary server problem, try again later'],
    ['smtp', 'Invalid login or password', 'Temporary server problem, try again later'],
  ] as const)
    it(`has the codes of ${protocol}`, async () => {
      const wrong = await asking({ 'Auth-Protocol': protocol, 'Auth-Pass': 'wrong' }, { port: own.port });
      own.backend.outage = { kind: 'unavailable', overloaded: false, detail: 'is away' };
      const away = await asking({ 'Auth-Protocol': protocol }, { port: own.port });
      own.backend.outage = undefined;

      assert.deepEqual([wrong.headers['auth-status'], away.headers['auth-status']], [refused, later]);
    });
});
