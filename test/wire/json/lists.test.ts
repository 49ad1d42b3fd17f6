import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, it } from 'node:test';
import { MemoryBackend } from '../../support/memory-backend.ts';
import { RawClient } from '../support/raw-client.ts';
import { ask, assertAuthHeaders, type RequestParts, request } from '../support/requests.ts';
import { basic, type Service, startService } from '../support/service.ts';

const MANY = 60_000;
const LIST: RequestParts = { method: 'GET', query: '?mode=list-accounts' };

/** Accounts whose names are long enough to fill every buffer on the way. */
function manyAccounts(): MemoryBackend {
  const backend = new MemoryBackend();
  for (let i = 0; i < MANY; i += 1)
    backend.add({ name: `user${i}@${'long-name.'.repeat(20)}example.test`, password: 'x' });
  return backend;
}

describe('the account list', () => {
  let service: Service;
  before(async () => {
    const first = new MemoryBackend([
      { name: 'b', password: 'x' },
      { name: 'a', password: 'x', aliases: ['z'] },
      { name: 'ü', password: 'x', isDisabled: true },
    ]);
    service = await startService({
      backends: [
        first,
        new MemoryBackend([
          { name: 'c', password: 'x' },
          { name: 'a', password: 'y' },
        ]),
      ],
    });
  });
  after(() => service[Symbol.asyncDispose]());

  it('is a sorted JSON array of each account once, by GET and by POST', async () => {
    for (const method of ['GET', 'POST']) {
      const answer = await ask(service.port, { ...LIST, method });

      assert.equal(answer.status, 200);
      assertAuthHeaders(answer);
      assert.equal(answer.headers['auth-status'], 'OK');
      assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8');
      assert.deepEqual(JSON.parse(answer.body), ['a', 'b', 'c', 'ü']);
    }
  });

  it('is one account a line where text is asked for', async () => {
    const answer = await ask(service.port, { ...LIST, headers: { Accept: 'text/plain' } });

    assert.equal(answer.headers['content-type'], 'text/plain; charset=utf-8');
    assert.equal(answer.body, 'a\r\nb\r\nc\r\nü\r\n');
    assertAuthHeaders(answer);
  });

  it('is in the log with its length', async () => {
    const { headers } = await ask(service.port, LIST);
    await sleep(20);

    const line = service.lines.find((one) => one['session'] === headers['x-nauthilus-session']);
    assert.equal(line?.['accounts'], 4);
    assert.equal(line['caller'], 'mx');
  });

  it('needs the scope for it', async () => {
    const answer = await ask(service.port, { ...LIST, headers: { Authorization: basic('reader', 'a caller secret') } });

    assert.equal(answer.status, 401);
    assert.match(answer.body, /scope \\"list\\"/);
  });
});

describe('an account list that cannot be had whole', () => {
  it('is 500 with a reason, never a shorter list', async () => {
    const up = new MemoryBackend([{ name: 'a', password: 'x' }]);
    const down = new MemoryBackend([{ name: 'b', password: 'x' }]);
    down.outage = { kind: 'unavailable', overloaded: false, detail: 'server ldap1 is down' };
    await using service = await startService({ backends: [up, down] });

    const answer = await ask(service.port, LIST);

    assert.equal(answer.status, 500);
    assertAuthHeaders(answer);
    assert.deepEqual(JSON.parse(answer.body), { error: 'the account list cannot be had now' });
    assert.equal(service.lines.at(-1)?.['error'], 'server ldap1 is down');
  });

  it('within its deadline is 500, too', async () => {
    const backend = new MemoryBackend([{ name: 'a', password: 'x' }]);
    backend.listAccounts = async function* list(signal) {
      await sleep(5000, undefined, { signal });
      yield [];
    };
    await using service = await startService({ backends: [backend], listMs: 50 });

    const answer = await ask(service.port, LIST);

    assert.equal(answer.status, 500);
    assertAuthHeaders(answer);
  });
});

describe('a long account list', () => {
  it('waits for a client that reads slowly, and comes whole', async () => {
    await using service = await startService({ backends: [manyAccounts()] });
    using client = await RawClient.open(service.port);
    client.write(request(LIST));
    await sleep(50);
    client.socket.pause();
    await sleep(700);
    assert.equal(service.router.inFlight, 1, 'the list was buffered whole');
    client.socket.resume();

    assert.equal(JSON.parse((await client.read()).body).length, MANY);
  });

  it('is given up when the client goes away', async () => {
    await using service = await startService({ backends: [manyAccounts()] });
    const client = await RawClient.open(service.port);
    client.write(request(LIST));
    await sleep(50);
    client.socket.pause();
    await sleep(700);
    client[Symbol.dispose]();

    for (let i = 0; i < 100 && service.router.inFlight > 0; i += 1) await sleep(10);
    assert.equal(service.router.inFlight, 0);
    await sleep(20);
    const line = service.lines.at(-1);
    assert.equal(line?.['error'], 'the client went away');
    assert.ok(Number(line['accounts']) < MANY);
  });

  it('is cut off, not ended, where the client does not read it in time', async () => {
    await using service = await startService({ backends: [manyAccounts()], listMs: 1200 });
    using client = await RawClient.open(service.port);
    client.write(request(LIST));
    await sleep(50);
    client.socket.pause();
    await sleep(2000);
    assert.equal(service.router.inFlight, 0);
    client.socket.resume();

    const rest = await client.closed();
    assert.equal(rest.includes(']'), false);
    assert.equal(rest.endsWith('0\r\n\r\n'), false);
  });
});
