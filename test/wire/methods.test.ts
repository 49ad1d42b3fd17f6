import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { encode } from 'cborg';
import { ask, assertAuthHeaders, login, type RequestParts } from './support/requests.ts';
import { CALLER, type Service, startService } from './support/service.ts';

const BY_HEADERS = { 'Auth-User': 'alice@example.test', 'Auth-Pass': 'alice-pw', 'Auth-Protocol': 'imap' } as const;
const BASIC = `Basic ${Buffer.from('alice@example.test:alice-pw').toString('base64')}`;
const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' } as const;
const CBOR = { 'Content-Type': 'application/cbor' } as const;
const LOGIN = { username: 'alice@example.test', password: 'alice-pw' } as const;

/** Each question with the methods that it can be put by. */
const QUESTIONS: readonly (readonly [what: string, allow: string, parts: RequestParts])[] = [
  ['a login in JSON', 'POST', { path: '/api/v1/auth/json', body: login() }],
  ['a look-up in JSON', 'POST', { path: '/api/v1/auth/json', query: '?mode=no-auth', body: login() }],
  ['a list', 'GET, HEAD, POST', { path: '/api/v1/auth/json', query: '?mode=list-accounts' }],
  ['a login in CBOR', 'POST', { path: '/api/v1/auth/cbor', headers: CBOR, body: encode(LOGIN) }],
  ['a list in CBOR', 'GET, HEAD, POST', { path: '/api/v1/auth/cbor', query: '?mode=list-accounts' }],
  ['a login by headers', 'GET, HEAD, POST', { path: '/api/v1/auth/header', headers: BY_HEADERS }],
  [
    'a look-up by headers',
    'GET, HEAD, POST',
    { path: '/api/v1/auth/header', query: '?mode=no-auth', headers: BY_HEADERS },
  ],
  ['a login by nginx', 'GET, HEAD, POST', { path: '/api/v1/auth/nginx', headers: BY_HEADERS }],
  ['a list at the header door', 'GET, HEAD, POST', { path: '/api/v1/auth/header', query: '?mode=list-accounts' }],
  ['a login by Basic', 'GET, HEAD, POST', { path: '/api/v1/auth/basic', headers: { Authorization: BASIC } }],
  [
    'a login by a form',
    'POST',
    { path: '/api/v1/auth/saslauthd', headers: FORM, body: String(new URLSearchParams(LOGIN)) },
  ],
];
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'] as const;

let service: Service;
before(async () => {
  service = await startService({ basic: { isEnabled: true, realm: 'mail', networks: ['127.0.0.0/8'] } });
});
after(() => service[Symbol.asyncDispose]());

function asking(parts: RequestParts, method: string) {
  const { headers, body = '', ...rest } = parts;
  const bytes = Buffer.from(body as string);
  const length = { 'Content-Length': String(bytes.length) };
  return ask(service.port, {
    ...rest,
    method,
    headers: { Authorization: CALLER, ...(method !== 'GET' && method !== 'HEAD' && length), ...headers },
    ...(method !== 'GET' && method !== 'HEAD' && { body: bytes }),
  });
}

describe('the method of a question', () => {
  for (const [what, allow, parts] of QUESTIONS)
    for (const method of METHODS) {
      const isAllowed = allow.split(', ').includes(method);
      it(`${method} is ${isAllowed ? 'taken' : 'refused'} for ${what}`, async () => {
        const answer = await asking(parts, method);

        assertAuthHeaders(answer);
        assert.equal(answer.headers['cache-control'], 'no-store');
        assert.equal(answer.status, isAllowed ? 200 : 405);
        // Of a path that serves several questions, what is no method of any is told those of all.
        const isOfNone = !/^(GET|HEAD|POST)$/.test(method) && /json|cbor/.test(parts.path ?? '');
        assert.equal(answer.headers['allow'], isAllowed ? undefined : isOfNone ? 'GET, HEAD, POST' : allow);
      });
    }

  for (const [what, allow, parts] of QUESTIONS.filter(([, methods]) => methods.includes('HEAD')))
    it(`HEAD has the headers of GET for ${what}`, async () => {
      const own = new Set(['x-nauthilus-session', 'date', 'transfer-encoding']);
      const [byGet, byHead] = await Promise.all(['GET', 'HEAD'].map((method) => asking(parts, method)));
      const alike = (headers: object = {}) =>
        Object.fromEntries(Object.entries(headers).filter(([name]) => !own.has(name)));

      assert.ok(allow.includes('GET'));
      assert.deepEqual(alike(byHead?.headers), alike(byGet?.headers));
    });
});

describe('the form of a list', () => {
  const lists = ['/api/v1/auth/json', '/api/v1/auth/header', '/api/v1/auth/cbor'] as const;
  for (const path of lists)
    for (const [accept, type] of [
      [undefined, path.endsWith('cbor') ? 'application/cbor' : 'application/json; charset=utf-8'],
      ['application/json', 'application/json; charset=utf-8'],
      ['application/cbor', 'application/cbor'],
      ['application/x-www-form-urlencoded', 'application/x-www-form-urlencoded'],
      ['text/plain', 'text/plain; charset=utf-8'],
      ['application/cbor;q=0.5, text/plain;q=0.9', 'text/plain; charset=utf-8'],
    ] as const)
      it(`at ${path} is ${type} for ${accept ?? 'no wish'}`, async () => {
        const answer = await ask(service.port, {
          path,
          method: 'GET',
          query: '?mode=list-accounts',
          headers: { Accept: accept },
        });

        assert.deepEqual([answer.status, answer.headers['content-type']], [200, type]);
        assert.equal(answer.headers['vary'], 'Accept');
        assert.match(answer.body, /alice(@|%40)example\.test/);
      });

  for (const path of lists)
    it(`at ${path} is 406 where none of them will do`, async () => {
      const answer = await ask(service.port, {
        path,
        method: 'GET',
        query: '?mode=list-accounts',
        headers: { Accept: 'image/png' },
      });

      assertAuthHeaders(answer);
      assert.deepEqual([answer.status, answer.headers['cache-control']], [406, 'no-store']);
      assert.match(answer.body, /application\/x-www-form-urlencoded/);
    });

  it('does not matter for a login', async () => {
    const answer = await ask(service.port, { body: login(), headers: { Accept: 'image/png' } });

    assert.deepEqual([answer.status, answer.headers['content-type']], [200, 'application/json; charset=utf-8']);
  });
});
