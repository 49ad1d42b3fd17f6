import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Callers } from '../../src/wire/http/callers.ts';
import type { Exchange } from '../../src/wire/http/exchange.ts';
import { metricsDoor } from '../../src/wire/http/health-doors.ts';
import { ask, login } from './support/requests.ts';
import { basic, CALLER, startService } from './support/service.ts';

describe('the health of the service', () => {
  it('is live as long as it answers, ready as long as its backends are', async () => {
    await using service = await startService();
    const get = (path: string) => ask(service.port, { method: 'GET', path, headers: { Authorization: undefined } });

    assert.equal((await get('/healthz/live')).status, 200);
    const ready = await get('/healthz/ready');
    assert.equal(ready.status, 200);
    assert.deepEqual(JSON.parse(ready.body), { status: 'ok', backends: [{ name: 'memory', status: 'ok' }] });

    service.backend.outage = { kind: 'unavailable', overloaded: false, detail: 'ldap1.internal refuses' };
    assert.equal((await get('/healthz/live')).status, 200);
    const down = await get('/healthz/ready');
    assert.equal(down.status, 503);
    assert.deepEqual(JSON.parse(down.body), { status: 'down', backends: [{ name: 'memory', status: 'down' }] });
  });

  it('can only be read', async () => {
    await using service = await startService();
    for (const path of ['/healthz/live', '/healthz/ready', '/metrics']) {
      const answer = await ask(service.port, { path, body: '' });

      assert.equal(answer.status, 405);
      assert.equal(answer.headers['allow'], 'GET, HEAD');
      assert.equal((await ask(service.port, { method: 'HEAD', path })).status, 200);
    }
  });
});

describe('the metrics', () => {
  it('tell this machine what was asked and answered', async () => {
    await using service = await startService();
    await ask(service.port, { body: login() });
    await ask(service.port, { body: login({ password: 'no' }) });
    await ask(service.port, { body: '' });
    await ask(service.port, { path: '/nowhere', body: '' });
    await ask(service.port, { headers: { Authorization: basic('mx', 'no') }, body: login() });
    const { status, headers, body } = await ask(service.port, {
      method: 'GET',
      path: '/metrics',
      headers: { Authorization: undefined },
    });

    assert.equal(status, 200);
    assert.match(headers['content-type'] ?? '', /^text\/plain; version=0\.0\.4/);
    for (const sample of [
      'decisions_total{mode="authenticate",outcome="accept",reason="ok",protocol="imap"} 1',
      'decisions_total{mode="authenticate",outcome="refuse",reason="wrong-password",protocol="imap"} 1',
      'http_answers_total{door="json",status="200"} 1',
      'http_answers_total{door="json",status="403"} 1',
      'http_answers_total{door="json",status="400"} 1',
      'http_answers_total{door="json",status="401"} 1',
      'http_answers_total{door="none",status="404"} 1',
      'caller_rejections_total{reason="wrong-credentials"} 1',
    ]) {
      assert.ok(body.includes(`\nnauthilus_${sample}\n`), sample);
    }
    assert.doesNotMatch(body, /alice/);
  });

  it('are for callers with the scope admin where another machine asks', async () => {
    const prove = (_: string, secret: { reveal(): Buffer }) =>
      secret.reveal().equals(Buffer.from('a caller secret')) ? 'match' : 'mismatch';
    const callers = new Callers(
      [
        { name: 'mx', scopes: new Set(['admin']), networks: [] },
        { name: 'reader', scopes: new Set(['authenticate', 'lookup', 'list']), networks: [] },
      ],
      prove,
      () => 0,
    );
    const door = metricsDoor(() => Promise.resolve('# text\n'), 'text/plain', callers);
    const statusFor = (authorization: string | undefined) =>
      new Promise<number>((resolve) => {
        const res = { writeHead: resolve, end: () => {} };
        const req = { method: 'GET', headers: { authorization } };
        door.open({ req, res, address: '192.0.2.1', fail: () => resolve(500) } as unknown as Exchange);
      });

    assert.equal(await statusFor(undefined), 401);
    assert.equal(await statusFor(CALLER), 200);
    assert.equal(await statusFor(basic('reader', 'a caller secret')), 401);
    for (let i = 0; i < 10; i += 1) await statusFor(basic('mx', `guess ${i}`));
    assert.equal(await statusFor(basic('mx', 'guess')), 429);
  });
});
