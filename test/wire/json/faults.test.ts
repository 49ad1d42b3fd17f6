import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, it } from 'node:test';
import type { PasswordQuery } from '../../../src/backends/backend.ts';
import { MemoryBackend } from '../../support/memory-backend.ts';
import { ask, assertAuthHeaders, login, request } from '../support/requests.ts';
import { RawClient } from '../support/raw-client.ts';
import { ALICE, basic, startService } from '../support/service.ts';

const TEMPORARY = { ok: false, error: 'Temporary server problem, try again later' };

describe('a backend that fails', () => {
  it('makes logins and look-ups 500, never a refusal', async () => {
    await using service = await startService();
    for (const overloaded of [false, true]) {
      service.backend.outage = { kind: 'unavailable', overloaded, detail: 'no route to ldap1.internal' };
      for (const query of ['', '?mode=no-auth']) {
        const answer = await ask(service.port, { query, body: login() });

        assert.equal(answer.status, 500);
        assertAuthHeaders(answer);
        assert.equal(answer.headers['auth-status'], TEMPORARY.error);
        assert.equal(answer.headers['retry-after'], undefined);
        assert.deepEqual(JSON.parse(answer.body), TEMPORARY);
        assert.equal(service.lines.at(-1)?.['detail'], 'no route to ldap1.internal');
      }
    }
    service.backend.outage = undefined;
    assert.equal((await ask(service.port, { body: login() })).status, 200);
  });

  for (const when of ['at once', 'later'] as const) {
    it(`by a bug ${when} makes one login 500, with one line that tells of the bug`, async () => {
      await using service = await startService();
      const bug = new RangeError('off by one');
      service.backend.verifyPassword = () => {
        if (when === 'at once') throw bug;
        return Promise.reject(bug);
      };

      const answer = await ask(service.port, { body: login() });

      assert.equal(answer.status, 500);
      assertAuthHeaders(answer);
      assert.deepEqual(JSON.parse(answer.body), TEMPORARY);
      const lines = service.lines.filter((line) => line['session'] === answer.headers['x-nauthilus-session']);
      assert.equal(lines.length, 1);
      assert.equal(lines[0]?.['level'], 'error');
      assert.equal(lines[0]?.['reason'], 'internal-error');
      assert.match(String(lines[0]?.['detail']), /RangeError: off by one\n/);
    });
  }

  it('by never answering makes a login 500 at the deadline', async () => {
    await using service = await startService({ decisionMs: 50 });
    service.backend.verifyPassword = () => new Promise(() => {});

    const answer = await ask(service.port, { body: login() });

    assert.equal(answer.status, 500);
    assertAuthHeaders(answer);
    assert.equal(service.lines.at(-1)?.['reason'], 'deadline-exceeded');
  });

  it('by a bug of the door itself is 500 with one line', async () => {
    await using service = await startService();
    service.backend.verifyPassword = () => ({ kind: 'verified', account: { name: 1 } as never });

    const answer = await ask(service.port, { body: login() });

    assert.equal(answer.status, 500);
    assertAuthHeaders(answer);
    const lines = service.lines.filter((line) => line['msg'] === 'request failed');
    assert.equal(lines.length, 1);
    assert.equal(lines[0]?.['session'], answer.headers['x-nauthilus-session']);
  });
});

describe('callers', () => {
  it('that guess are slowed down, while a right caller of the same address goes on', async () => {
    await using service = await startService();
    const statuses: number[] = [];
    for (let i = 0; i < 14; i += 1) {
      const answer = await ask(service.port, { headers: { Authorization: basic('mx', `guess ${i}`) }, body: login() });
      assertAuthHeaders(answer);
      statuses.push(answer.status);
      if (answer.status === 429) assert.match(answer.headers['retry-after'] ?? '', /^[1-9]\d?$/);
    }
    assert.deepEqual(statuses, [...Array(10).fill(401), 429, 429, 429, 429]);
    const right = await ask(service.port, {
      headers: { Authorization: basic('reader', 'a caller secret') },
      body: login(),
    });
    assert.equal(right.status, 200);
  });

  it('that were let in before go on while somebody guesses at their secret', async () => {
    await using service = await startService();
    assert.equal((await ask(service.port, { body: login() })).status, 200);
    for (let i = 0; i < 12; i += 1) await ask(service.port, { headers: { Authorization: basic('mx', `guess ${i}`) } });

    assert.equal((await ask(service.port, { body: login() })).status, 200);
  });

  it('that cannot be checked are told 503', async () => {
    await using service = await startService({ prove: () => Promise.resolve({ kind: 'unavailable' as const }) });

    const answer = await ask(service.port, { body: login() });

    assert.equal(answer.status, 503);
    assertAuthHeaders(answer);
  });

  it('whose proof fails by a bug are told 500, and not for ever', async () => {
    let isBroken = true;
    const prove = () => (isBroken ? Promise.reject(new TypeError('a bug')) : ('match' as const));
    await using service = await startService({ prove });

    const answer = await ask(service.port, { body: login() });
    assert.equal(answer.status, 500);
    assertAuthHeaders(answer);
    isBroken = false;
    assert.equal((await ask(service.port, { body: login() })).status, 200);
  });

  it('that are proven slowly are told 408 where their body does not come meanwhile, and once only', async () => {
    const { promise, resolve } = Promise.withResolvers<'match'>();
    await using service = await startService({
      prove: () => promise,
      limits: { headerTimeoutMs: 100, bodyTimeoutMs: 200 },
    });
    using client = await RawClient.open(service.port);
    const answer = await client.write(request({ body: login() }).subarray(0, -2)).read();
    resolve('match');
    await sleep(50);

    assert.equal(answer.status, 408);
    assert.equal(await client.closed(), '');
    assert.deepEqual(
      service.lines.map((line) => line['msg']),
      ['request rejected'],
    );
  });
});

describe('bytes that are no UTF-8', () => {
  const frame = (password: Uint8Array, username = 'alice@example.test') =>
    Buffer.concat([Buffer.from(`{"username":"${username}","password":"`), password, Buffer.from('"}')]);

  it('reach the backend as they are', async () => {
    await using service = await startService();
    const forms: Buffer[] = [];
    service.backend.verifyPassword = ({ password }: PasswordQuery) => {
      forms.push(...password.revealForms());
      return { kind: 'unknown-user' };
    };

    const raw = Buffer.from('p\u00e4ss\u00ff\u0080', 'latin1');
    assert.equal((await ask(service.port, { body: frame(raw) })).status, 403);

    assert.ok(forms.some((form) => form.equals(raw)));
    assert.ok(forms.some((form) => form.equals(Buffer.from('päss\u00ff\u0080', 'utf8'))));
  });

  it('let in whose password is stored as UTF-8 or as Latin-1', async () => {
    await using service = await startService({ backends: [new MemoryBackend([{ name: 'utf8', password: 'pä' }])] });

    assert.equal((await ask(service.port, { body: frame(Buffer.from('pä', 'latin1'), 'utf8') })).status, 200);
    assert.equal((await ask(service.port, { body: frame(Buffer.from('pä', 'utf8'), 'utf8') })).status, 200);
    assert.equal((await ask(service.port, { body: frame(Buffer.from('pa', 'latin1'), 'utf8') })).status, 403);
  });

  it('in a password leave a name in UTF-8 what it is', async () => {
    await using service = await startService({ backends: [new MemoryBackend([{ name: 'münch', password: 'pä' }])] });

    assert.equal((await ask(service.port, { body: frame(Buffer.from('pä', 'latin1'), 'münch') })).status, 200);
  });
});

describe('the log', () => {
  it('never shows a password, whatever becomes of the request', async () => {
    await using service = await startService();
    const password = 'S3cret-"\\password';
    const bodies = [
      login({ password }),
      login({ username: 'nobody', password }),
      login({ username: 'a b', password }),
      login({ password, client_ip: 'x' }),
      login({ password, PASSWORD: password }),
      login({ password: [password] }),
      `{"username":"a","password":${JSON.stringify(password)},"password":${JSON.stringify(password)}}`,
      `{"username":"a","password":${JSON.stringify(password)}`,
    ];
    for (const body of bodies) {
      const answer = await ask(service.port, { body });
      assert.doesNotMatch(answer.body, /S3cret/);
    }
    await ask(service.port, { body: login({ password }), headers: { Authorization: basic('mx', password) } });

    assert.ok(service.lines.length >= bodies.length);
    assert.doesNotMatch(JSON.stringify(service.lines), /S3cret|a caller secret/);
  });

  it('warns of an account whose attributes are too large for the mail server', async () => {
    const attributes = { note: ['x'.repeat(500)] };
    await using service = await startService({
      backends: [new MemoryBackend([{ ...ALICE, attributes }])],
      attributeLimit: 400,
    });

    assert.equal((await ask(service.port, { body: login() })).status, 200);

    const line = service.lines.find((one) => 'limit' in one);
    assert.deepEqual([line?.['account'], line?.['bytes'], line?.['limit']], ['alice@example.test', 506, 400]);
  });
});
