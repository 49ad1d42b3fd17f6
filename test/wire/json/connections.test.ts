import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, it } from 'node:test';
import { MemoryBackend } from '../../support/memory-backend.ts';
import { type Answer, RawClient } from '../support/raw-client.ts';
import { assertAuthHeaders, login, request } from '../support/requests.ts';
import { ALICE, basic, type Service, type ServiceOptions, startService } from '../support/service.ts';

async function withService(options: ServiceOptions, run: (service: Service) => Promise<void>): Promise<void> {
  await using service = await startService(options);
  await run(service);
  for (let i = 0; i < 50 && service.router.inFlight > 0; i += 1) await sleep(10);
  assert.equal(service.router.inFlight, 0, 'requests stay in flight');
}

/** A backend that answers when it is told to. */
function heldBackend(): { backend: MemoryBackend; release: () => void } {
  const backend = new MemoryBackend([ALICE]);
  const { promise, resolve } = Promise.withResolvers<void>();
  backend.delay = promise;
  return { backend, release: resolve };
}

async function readAll(client: RawClient, count: number): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let i = 0; i < count; i += 1) answers.push(await client.read());
  return answers;
}

describe('a connection', () => {
  it('serves many requests', () =>
    withService({}, async ({ port }) => {
      using client = await RawClient.open(port);
      for (let i = 0; i < 20; i += 1) {
        const answer = await client
          .write(request({ body: login({ password: i % 2 === 0 ? 'alice-pw' : 'no' }) }))
          .read();
        assert.equal(answer.status, i % 2 === 0 ? 200 : 403);
        assert.equal(answer.headers['connection'], 'keep-alive');
      }
    }));

  it('answers ten requests of one write in order, each with a session of its own', async () => {
    for (const isLate of [false, true]) {
      const backend = new MemoryBackend([ALICE]);
      if (isLate) backend.delay = Promise.resolve();
      await withService({ backends: [backend] }, async ({ port }) => {
        using client = await RawClient.open(port);
        const passwords = Array.from({ length: 10 }, (_, i) => (i % 3 === 0 ? 'alice-pw' : 'no'));
        client.write(Buffer.concat(passwords.map((password) => request({ body: login({ password }) }))));

        const answers = await readAll(client, 10);
        assert.deepEqual(
          answers.map((answer) => answer.status),
          passwords.map((password) => (password === 'no' ? 403 : 200)),
        );
        const sessions = answers.map((answer) => answer.headers['x-nauthilus-session']);
        assert.equal(new Set(sessions).size, 10);
        assert.deepEqual(
          sessions,
          sessions.toSorted((a = '', b = '') => (a < b ? -1 : 1)),
        );
      });
    }
  });

  it('reads a request that comes byte by byte', () =>
    withService({}, async ({ port }) => {
      using client = await RawClient.open(port);
      for (const byte of request({ body: login() })) {
        client.write(Uint8Array.of(byte));
        await new Promise(setImmediate);
      }
      assert.equal((await client.read()).status, 200);
    }));

  it('reads a body in chunks', () =>
    withService({}, async ({ port }) => {
      using client = await RawClient.open(port);
      const body = login();
      const chunks = Array.from(body)
        .map((byte) => `1;x=y\r\n${byte}\r\n`)
        .join('');
      const headers = { 'Content-Length': undefined, 'Transfer-Encoding': 'chunked' };
      client.write(request({ headers })).write(`${chunks}0\r\nTrailer: x\r\n\r\n`);
      assert.equal((await client.read()).status, 200);
      assert.equal((await client.write(request({ body })).read()).status, 200);
    }));

  it('is told at once to go on where the client asks for that', () =>
    withService({}, async ({ port }) => {
      using client = await RawClient.open(port);
      const body = login();
      const headers = { Expect: '100-continue', 'Content-Length': String(body.length) };
      for (let i = 0; i < 3; i += 1) {
        const started = performance.now();
        client.write(request({ headers, body: '' }));
        assert.equal((await client.read()).status, 100);
        assert.ok(performance.now() - started < 1000);
        assert.equal((await client.write(body).read()).status, 200);
      }
    }));

  it('is not told to go on with a body that is too large, and is closed after the answer', () =>
    withService({}, async ({ port }) => {
      using client = await RawClient.open(port);
      const answer = await client
        .write(request({ headers: { Expect: '100-continue', 'Content-Length': '65537' } }))
        .read();
      assert.equal(answer.status, 413);
      assertAuthHeaders(answer);
      assert.equal(await client.closed(), '');
    }));

  it('goes on after a body that was too large or not wanted', () =>
    withService({}, async ({ port }) => {
      const chunked = { 'Content-Length': undefined, 'Transfer-Encoding': 'chunked' };
      const large = 'x'.repeat(70_000);
      for (const [status, bytes] of [
        [413, request({ body: large })],
        [
          413,
          Buffer.concat([
            request({ headers: chunked }),
            Buffer.from(`${large.length.toString(16)}\r\n${large}\r\n0\r\n\r\n`),
          ]),
        ],
        [401, request({ headers: { Authorization: basic('mx', 'no') }, body: login() })],
        [415, request({ headers: { 'Content-Type': 'text/plain' }, body: login() })],
        [404, request({ path: '/x', body: login() })],
      ] as const) {
        using client = await RawClient.open(port);
        const answer = await client.write(bytes).read();
        assert.equal(answer.status, status);
        assertAuthHeaders(answer);
        assert.equal((await client.write(request({ body: login() })).read()).status, 200, `after ${status}`);
      }
    }));

  it('takes a body of exactly 64 KiB', () =>
    withService({}, async ({ port }) => {
      using client = await RawClient.open(port);
      const short = login({ other: '' });
      const body = login({ other: 'x'.repeat(65_536 - short.length) });
      assert.equal(body.length, 65_536);
      assert.equal((await client.write(request({ body })).read()).status, 200);
    }));

  it('on which two lengths are claimed is refused and ended', () =>
    withService({}, async ({ port }) => {
      const smuggling: readonly string[] = [
        'Content-Length: 4\r\nTransfer-Encoding: chunked',
        'Transfer-Encoding: chunked\r\nContent-Length: 4',
        'Content-Length: 4\r\nContent-Length: 5',
        'Transfer-Encoding: xchunked',
        'Transfer-Encoding: chunked, identity',
        'Transfer-Encoding : chunked',
        'Content-Length: 4, 4',
      ];
      for (const lines of smuggling) {
        using client = await RawClient.open(port);
        client.write(`POST /api/v1/auth/json HTTP/1.1\r\nHost: x\r\n${lines}\r\n\r\n0\r\n\r\n`);
        client.write('GET /healthz/live HTTP/1.1\r\nHost: x\r\n\r\n');
        const answer = await client.read();
        assert.equal(answer.status, 400, lines);
        assertAuthHeaders(answer);
        assert.equal(await client.closed(), '', lines);
      }
    }));

  it('with rubbish after requests has these answered first', async () => {
    const { backend, release } = heldBackend();
    await withService({ backends: [backend] }, async ({ port }) => {
      using client = await RawClient.open(port);
      client.write(
        Buffer.concat([
          request({ body: login() }),
          request({ body: login({ password: 'no' }) }),
          Buffer.from('rubbish\r\n\r\n'),
        ]),
      );
      await sleep(50);
      release();
      const answers = await readAll(client, 3);
      assert.deepEqual(
        answers.map((answer) => answer.status),
        [200, 403, 400],
      );
      answers.forEach(assertAuthHeaders);
      await client.closed();
    });
  });

  it('with rubbish within a body has that as the answer of its request', () =>
    withService({}, async ({ port, lines }) => {
      using client = await RawClient.open(port);
      client
        .write(request({ headers: { 'Content-Length': undefined, 'Transfer-Encoding': 'chunked' } }))
        .write('zz\r\n');
      const answer = await client.read();
      assert.equal(answer.status, 400);
      assertAuthHeaders(answer);
      assert.equal(await client.closed(), '');
      assert.equal(lines.at(-1)?.['door'], 'json');
    }));

  it('that the client leaves in the middle of a request leaks nothing', async () => {
    const { backend, release } = heldBackend();
    await withService({ backends: [backend] }, async ({ port, router, lines }) => {
      const whole = request({ body: login() });
      for (const bytes of [whole.subarray(0, 20), whole.subarray(0, -5), whole]) {
        using client = await RawClient.open(port);
        client.write(bytes);
        await sleep(30);
      }
      await sleep(50);
      assert.equal(router.inFlight, 0);
      release();
      await sleep(20);
      assert.deepEqual(
        lines.filter((line) => line['level'] === 50),
        [],
      );
    });
  });
});

describe('a slow or stuck client', () => {
  const limits = { headerTimeoutMs: 300, bodyTimeoutMs: 600, idleTimeoutMs: 300 };

  it('is told 408 where the headers or the body do not come in time, and is cut off', () =>
    withService({ limits }, async ({ port, lines }) => {
      const whole = request({ body: login() });
      for (const [bytes, door] of [
        [Buffer.alloc(0), 'none'],
        [whole.subarray(0, 30), 'none'],
        [whole.subarray(0, -3), 'json'],
      ] as const) {
        using client = await RawClient.open(port);
        const answer = await client.write(bytes).read();
        assert.equal(answer.status, 408);
        assertAuthHeaders(answer);
        assert.equal(await client.closed(), '');
        assert.equal(lines.at(-1)?.['door'], door);
      }
    }));

  it('that sends a byte now and then is cut off all the same', () =>
    withService({ limits }, async ({ port }) => {
      using client = await RawClient.open(port);
      const started = performance.now();
      const bytes = [...request({ body: login({ other: 'x'.repeat(500) }) })];
      while (!client.hasEnded && bytes.length > 0 && performance.now() - started < 6000) {
        client.write(Uint8Array.of(bytes.shift() as number));
        await sleep(20);
      }
      assert.ok(performance.now() - started < 4000);
      assert.match(await client.closed(), /^HTTP\/1\.1 408 /);
    }));

  it('that stays idle is closed after the idle time, not before', () =>
    withService({ limits: { ...limits, idleTimeoutMs: 2000 } }, async ({ port }) => {
      using client = await RawClient.open(port);
      await client.write(request({ body: login() })).read();
      await sleep(1000);
      assert.equal((await client.write(request({ body: login() })).read()).status, 200);
      const started = performance.now();
      assert.equal(await client.closed(), '');
      assert.ok(performance.now() - started >= 1900);
    }));

  it('that waits for us is not cut off', async () => {
    const { backend, release } = heldBackend();
    await withService({ limits, backends: [backend] }, async ({ port }) => {
      using client = await RawClient.open(port);
      client.write(request({ body: login() }));
      await sleep(1500);
      release();
      assert.equal((await client.read()).status, 200);
    });
  });
});

describe('a client that resets its connection', () => {
  const live = request({ method: 'GET', path: '/healthz/live' }).toString('latin1');
  const tunnel = 'CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n';
  const upgrade = 'GET /healthz/live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
  const openings: readonly (readonly [what: string, bytes: string, status: number])[] = [
    ['a request for a tunnel', tunnel, 405],
    ['a request for a tunnel behind another', `${live}${tunnel}`, 200],
    ['a request for another protocol', upgrade, 200],
    ['no HTTP', 'hello\r\n\r\n', 400],
    ['a request', live, 200],
    ['a whole login', request({ body: login() }).toString('latin1'), 200],
  ];
  for (const [what, bytes, status] of openings) {
    it(`after ${what} ends nothing else`, () =>
      withService({}, async ({ port }) => {
        // Its own direction stays open, so that there is something to reset when the answer has come.
        const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
        using client = RawClient.over(socket);
        assert.equal((await client.write(Buffer.from(bytes, 'latin1')).read()).status, status);
        await sleep(20);
        socket.resetAndDestroy();
        await sleep(50);

        using other = await RawClient.open(port);
        assert.equal((await other.write(request({ body: login() })).read()).status, 200);
      }));
  }
});

describe('too many at a time', () => {
  it('are told 503 and may come again, while health and metrics are still answered', async () => {
    const { backend, release } = heldBackend();
    await withService({ backends: [backend], maxRequests: 2 }, async ({ port }) => {
      using first = await RawClient.open(port);
      using second = await RawClient.open(port);
      using third = await RawClient.open(port);
      for (const client of [first, second]) client.write(request({ body: login() }));
      await sleep(50);
      const answer = await third.write(request({ body: login() })).read();
      assert.equal(answer.status, 503);
      assert.equal(answer.headers['retry-after'], undefined);
      assertAuthHeaders(answer);
      for (const path of ['/healthz/live', '/healthz/ready', '/metrics']) {
        assert.equal((await third.write(request({ method: 'GET', path })).read()).status, 200, path);
      }
      release();
      assert.equal((await first.read()).status, 200);
      assert.equal((await second.read()).status, 200);
      assert.equal((await third.write(request({ body: login() })).read()).status, 200);
    });
  });

  it('connections are closed', () =>
    withService({ limits: { maxConnections: 1 } }, async ({ port }) => {
      using first = await RawClient.open(port);
      await first.write(request({ body: login() })).read();
      using second = await RawClient.open(port);
      assert.equal(await second.closed(), '');
    }));
});

describe('the end of the service', () => {
  it('lets what is under way finish and closes everything else', async () => {
    const { backend, release } = heldBackend();
    await using service = await startService({ backends: [backend] });
    const { port } = service;
    using busy = await RawClient.open(port);
    using idle = await RawClient.open(port);
    using silent = await RawClient.open(port);
    using half = await RawClient.open(port);
    await idle.write(request({ method: 'GET', path: '/healthz/live' })).read();
    busy.write(request({ body: login() }));
    half.write('POST /api');
    await sleep(50);

    const closed = service.listener.close(AbortSignal.timeout(8000));
    await idle.closed();
    await assert.rejects(() => RawClient.open(port), /ECONNREFUSED/);
    await Promise.all([silent.closed(), half.closed()]);
    release();

    const answer = await busy.read();
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['connection'], 'close');
    const started = performance.now();
    await closed;
    assert.ok(performance.now() - started < 1000);
  });

  it('cuts off what is not finished within the deadline', async () => {
    const { backend } = heldBackend();
    await using service = await startService({ backends: [backend] });
    using busy = await RawClient.open(service.port);
    busy.write(request({ body: login() }));
    await sleep(30);

    await service.listener.close(AbortSignal.timeout(100));

    assert.equal(await busy.closed(), '');
  });
});
