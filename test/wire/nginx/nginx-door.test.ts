import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Secret } from '../../../src/login/secret.ts';
import { type MemoryAccount, MemoryBackend } from '../../support/memory-backend.ts';
import { ask, assertAuthHeaders } from '../support/requests.ts';
import { ALICE, type Service, startService } from '../support/service.ts';

const PATH = '/api/v1/auth/nginx';
const TAGGED: MemoryAccount = { name: 'alice+abuse@example.test', password: 'tagged-pw' };
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

  for (const [method, protocol, code, text] of [
    ['apop', 'pop3', undefined, 'Authentication mechanism is not supported'],
    ['cram-md5', 'imap', undefined, 'Authentication mechanism is not supported'],
    ['CRAM-MD5', 'smtp', '504 5.5.4', 'Authentication mechanism is not supported'],
    ['external', 'smtp', '504 5.5.4', 'Authentication mechanism is not supported'],
    ['xoauth2', 'imap', undefined, 'Authentication mechanism is not supported'],
    ['none', 'smtp', '530 5.7.0', 'Authentication required'],
  ] as const)
    for (const query of ['', '?mode=no-auth'])
      it(`refuses ${method} over ${protocol}${query}, whatever the password, and tells the operator`, async () => {
        const headers = { 'Auth-Method': method, 'Auth-Protocol': protocol };
        const answer = await asking(headers, { query });
        const last = await asking({ ...headers, 'Auth-Login-Attempt': '5' }, { query });
        const session = answer.headers['x-nauthilus-session'];
        const said = service.lines.find((line) => line['session'] === session);

        assert.equal(answer.status, 200);
        assert.equal(answer.headers['auth-status'], text);
        assert.equal(answer.headers['auth-error-code'], code);
        assert.deepEqual([answer.headers['auth-server'], answer.headers['auth-user']], [undefined, undefined]);
        assert.deepEqual([answer.headers['auth-wait'], last.headers['auth-wait']], ['2', undefined]);
        assert.deepEqual(
          [said?.['msg'], String(said?.['error']).startsWith(`Auth-Method: ${method.toLowerCase()} `)],
          ['request rejected', true],
        );
      });

  it('refuses none also without a name, as nginx asks for mail without AUTH', async () => {
    const none = { 'Auth-Method': 'none', 'Auth-User': '', 'Auth-Pass': '', 'Auth-Protocol': 'smtp' };

    assert.equal((await asking(none)).headers['auth-error-code'], '530 5.7.0');
  });

  for (const method of ['login', '', undefined])
    it(`takes a password with the method ${JSON.stringify(method)}`, async () => {
      assert.equal((await asking({ 'Auth-Method': method })).headers['auth-status'], 'OK');
    });

  it('is logged with the certificate that the client has shown', async () => {
    const { headers } = await asking({
      'Auth-SSL': 'on',
      'Auth-SSL-Protocol': 'TLSv1.3',
      'Auth-SSL-Verify': 'SUCCESS',
      'Auth-SSL-Subject': 'CN=alice,O=Example',
      'Auth-SSL-Issuer': 'CN=Example CA',
      'Auth-SSL-Serial': '0A1B',
      'Auth-SSL-Fingerprint': 'ab12',
    });
    const said = service.lines.find((line) => line['session'] === headers['x-nauthilus-session']);
    const fields = ['verify', 'subject', 'issuer', 'serial', 'fingerprint'].map((name) => said?.[`tls_client_${name}`]);

    assert.deepEqual(fields, ['SUCCESS', 'CN=alice,O=Example', 'CN=Example CA', '0A1B', 'ab12']);
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
  let backend: MemoryBackend;
  before(async () => {
    const backendLogin = { nameSuffix: '*nginx', password: Secret.fromText('for the hosts') };
    backend = new MemoryBackend([ALICE, TAGGED]);
    own = await startService({
      backends: [backend],
      mailPools: MAIL_POOLS,
      nginx: { waitSeconds: 7, maxAttempts: 2, hasResponseCodes: true, isForXclient: true, backendLogin },
    });
  });
  after(() => own[Symbol.asyncDispose]());

  it('has the password of the mail hosts', async () => {
    const { headers } = await asking({}, { port: own.port });

    assert.deepEqual([headers['auth-user'], headers['auth-pass']], ['alice@example.test*nginx', 'for the hosts']);
  });

  it('has the account so that XCLIENT can carry it, for SMTP alone', async () => {
    const tagged = { 'Auth-User': TAGGED.name, 'Auth-Pass': TAGGED.password };
    const smtp = await asking({ ...tagged, 'Auth-Protocol': 'smtp' }, { port: own.port });
    const imap = await asking(tagged, { port: own.port });

    assert.equal(smtp.headers['auth-user'], 'alice+2Babuse@example.test*nginx');
    assert.equal(imap.headers['auth-user'], 'alice+abuse@example.test*nginx');
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
      backend.outage = { kind: 'unavailable', overloaded: false, detail: 'is away' };
      const away = await asking({ 'Auth-Protocol': protocol }, { port: own.port });
      backend.outage = undefined;

      assert.deepEqual([wrong.headers['auth-status'], away.headers['auth-status']], [refused, later]);
    });
});
