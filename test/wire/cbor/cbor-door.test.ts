import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { decode, encode } from 'cborg';
import { type MemoryAccount, MemoryBackend } from '../../support/memory-backend.ts';
import { assertAuthHeaders } from '../support/requests.ts';
import { ALICE, basic, CALLER, type Service, startService } from '../support/service.ts';

const PATH = '/api/v1/auth/cbor';
const LATIN: MemoryAccount = { name: 'ünï@exämple.test', password: 'pä' };
const DISABLED: MemoryAccount = { name: 'bob', password: 'bob-pw', isDisabled: true };
const RIGHT = { username: 'alice@example.test', password: 'alice-pw', protocol: 'imap' } as const;

interface Asked {
  readonly method?: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | undefined;
}

/** Asks, and reads the answer as CBOR as strictly as the door reads. */
async function ask(service: Service, { method = 'POST', query = '', headers = {}, body }: Asked) {
  const sent = { Authorization: CALLER, 'Content-Type': 'application/cbor', ...headers };
  const init = { method, headers: sent, ...(body !== undefined && { body: Buffer.from(body) }) };
  const response = await fetch(`${service.url}${PATH}${query}`, init);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const got = Object.fromEntries(response.headers);
  assertAuthHeaders({ status: response.status, headers: got, body: '' });
  assert.equal(got['cache-control'], 'no-store');
  const isCbor = got['content-type'] === 'application/cbor' && method !== 'HEAD';
  const value: unknown = isCbor ? decode(bytes, { strict: true, allowIndefinite: false }) : undefined;
  return { status: response.status, headers: got, value, bytes };
}

describe('the CBOR door', { concurrency: 1 }, () => {
  let service: Service;
  before(async () => {
    service = await startService({ backends: [new MemoryBackend([ALICE, LATIN, DISABLED])] });
  });
  after(() => service[Symbol.asyncDispose]());

  const login = (fields: Readonly<Record<string, unknown>> = {}, more: Asked = {}) =>
    ask(service, { body: encode({ ...RIGHT, ...fields }), ...more });

  it('lets in with what the JSON door says, and the same headers', async () => {
    const { status, headers, value } = await login();
    const byJson = await fetch(`${service.url}/api/v1/auth/json`, {
      method: 'POST',
      headers: { Authorization: CALLER, 'Content-Type': 'application/json' },
      body: JSON.stringify(RIGHT),
    });
    const different = new Set(['x-nauthilus-session', 'date', 'content-type', 'content-length']);
    const alike = (all: object) => Object.fromEntries(Object.entries(all).filter(([name]) => !different.has(name)));

    assert.equal(status, 200);
    assert.deepEqual(value, await byJson.json());
    assert.deepEqual(alike(headers), alike(Object.fromEntries(byJson.headers)));
  });

  it('looks accounts up without a password', async () => {
    const body = encode({ username: 'alice@example.test' });
    const { status, headers, value } = await ask(service, { query: '?mode=no-auth', body });

    assert.deepEqual([status, headers['auth-user']], [200, 'alice@example.test']);
    assert.equal((value as { ok: boolean }).ok, true);
  });

  for (const [what, fields, text] of [
    ['a wrong password', { password: 'wrong' }, 'Invalid login or password'],
    ['a name that nobody has', { username: 'nobody' }, 'Invalid login or password'],
    ['a disabled account', { username: 'bob', password: 'bob-pw' }, 'Account not enabled'],
  ] as const)
    it(`refuses ${what}`, async () => {
      const { status, headers, value } = await login(fields);

      assert.deepEqual([status, headers['auth-status'], value], [403, text, { ok: false, error: text }]);
    });

  it('takes a password as text or as bytes, and a name beside it as it was sent', async () => {
    for (const password of ['pä', Buffer.from('pä'), Buffer.from('pä', 'latin1')])
      assert.equal((await login({ username: LATIN.name, password })).status, 200);
    assert.equal((await login({ username: LATIN.name, password: Buffer.from('xä', 'latin1') })).status, 403);
  });

  it('says that it cannot decide now, in CBOR', async () => {
    await using away = await startService();
    away.backend.outage = { kind: 'unavailable', overloaded: false, detail: 'is away' };
    const { status, value } = await ask(away, { body: encode(RIGHT) });
    const list = await ask(away, { method: 'GET', query: '?mode=list-accounts' });

    assert.deepEqual([status, value], [500, { ok: false, error: 'Temporary server problem, try again later' }]);
    assert.deepEqual([list.status, list.value], [500, { error: 'the account list cannot be had now' }]);
  });

  it('turns requests away in CBOR that are too many', async () => {
    await using busy = await startService({ maxRequests: 0 });
    for (const query of ['', '?mode=no-auth&other=1']) {
      const { status, value } = await ask(busy, { query, body: encode(RIGHT) });
      assert.deepEqual([status, value], [503, { error: 'too many requests are under way' }]);
    }
  });

  it('lists accounts in CBOR unless another form is asked for', async () => {
    const names = ['alice@example.test', 'bob', 'ünï@exämple.test'];
    const list = (accept: string, method = 'GET') =>
      ask(service, { method, query: '?mode=list-accounts', headers: { Accept: accept } });

    assert.deepEqual((await list('*/*')).value, names);
    assert.deepEqual((await list('*/*', 'POST')).value, names);
    assert.equal(Buffer.from((await list('application/json')).bytes).toString(), JSON.stringify(names));
    const none = await list('image/png');
    assert.equal(none.status, 406);
    assert.match((none.value as { error: string }).error, /application\/json, text\/plain, application\/cbor/);
    const head = await list('*/*', 'HEAD');
    assert.deepEqual([head.status, head.headers['content-type'], head.bytes.length], [200, 'application/cbor', 0]);
  });

  it('logs and counts what it decides as its own', async () => {
    const { headers } = await login({ client_ip: '192.0.2.7' });
    const line = service.lines.find(({ session }) => session === headers['x-nauthilus-session']);

    assert.deepEqual([line?.['client_ip'], line?.['protocol']], ['192.0.2.7', 'imap']);
    assert.match(await service.metrics.render(), /door="cbor"/);
  });

  for (const [status, what, asked, field] of [
    [400, 'no CBOR', { body: Buffer.from('{"username":"a"}') }, undefined],
    [400, 'an empty body', { body: new Uint8Array() }, undefined],
    [400, 'bytes after the map', { body: Buffer.concat([encode(RIGHT), encode(RIGHT)]) }, undefined],
    [400, 'a key twice', { body: Buffer.from('a2616101616102', 'hex') }, undefined],
    [400, 'a key twice in other letters', { body: encode({ ...RIGHT, Username: 'bob' }) }, 'username'],
    [400, 'no name', { body: encode({ password: 'x' }) }, 'username'],
    [400, 'no password', { body: encode({ username: 'x' }) }, 'password'],
    [400, 'a name in bytes', { body: encode({ ...RIGHT, username: Buffer.from('a') }) }, 'username'],
    [400, 'an address that is none', { body: encode({ ...RIGHT, client_ip: 'x' }) }, 'client_ip'],
    [400, 'an unknown mode', { query: '?mode=other', body: encode(RIGHT) }, 'mode'],
    [400, "Dovecot's fields", { query: '?fields=dovecot24', body: encode(RIGHT) }, 'fields'],
    [401, 'another caller', { headers: { Authorization: basic('mx', 'wrong') }, body: encode(RIGHT) }, undefined],
    [
      401,
      'a caller without the scope',
      { headers: { Authorization: basic('reader', 'a caller secret') }, query: '?mode=no-auth', body: encode(RIGHT) },
      undefined,
    ],
    [405, 'GET of a login', { method: 'GET' }, undefined],
    [405, 'PUT', { method: 'PUT', body: encode(RIGHT) }, undefined],
    [413, 'a body over 64 KiB', { body: encode({ x: 'x'.repeat(65_536) }) }, undefined],
    [415, 'JSON', { headers: { 'Content-Type': 'application/json' }, body: encode(RIGHT) }, undefined],
    [415, 'a compressed body', { headers: { 'Content-Encoding': 'gzip' }, body: encode(RIGHT) }, undefined],
  ] as const satisfies readonly (readonly [number, string, Asked, string | undefined])[])
    it(`answers ${status} to ${what}, in CBOR with a reason`, async () => {
      const answer = await ask(service, asked);
      const value = answer.value as { error: string; errors?: readonly { field: string }[] };

      assert.equal(answer.status, status);
      assert.equal(typeof value.error, 'string');
      assert.equal(value.errors?.[0]?.field, field);
      if (status === 405) assert.equal(answer.headers['allow'], what === 'PUT' ? 'GET, HEAD, POST' : 'POST');
      if (status === 415 && what === 'JSON') assert.equal(answer.headers['accept'], 'application/cbor');
    });
});
