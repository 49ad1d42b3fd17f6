import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { RawClient } from '../support/raw-client.ts';
import { ask, assertAuthHeaders, login, request } from '../support/requests.ts';
import { type Service, startService } from '../support/service.ts';

const RUNS = { numRuns: 300 };

let service: Service;
before(async () => {
  service = await startService();
});
after(() => service[Symbol.asyncDispose]());

/** Whether a body asks for alice with her password, as any JSON reader would read it; keys may be in any case. */
function isRight(body: Buffer): boolean {
  try {
    const fields = Object.entries(JSON.parse(body.toString('utf8').replace(/^\ufeff/, '')) as Record<string, unknown>);
    const has = (name: string, value: string) =>
      fields.some((field) => field[0].toLowerCase() === name && field[1] === value);
    return has('username', 'alice@example.test') && has('password', 'alice-pw');
  } catch {
    return false;
  }
}

async function assertNoHarm(body: Buffer): Promise<void> {
  const answer = await ask(service.port, { body });
  assertAuthHeaders(answer);
  assert.ok(answer.status < 500, `status ${answer.status} for ${JSON.stringify(body.toString('latin1'))}`);
  if (answer.status === 200) assert.ok(isRight(body), JSON.stringify(body.toString('latin1')));
}

/** Changes some bytes of a right login with another password. */
const mutations = fc.array(
  fc.tuple(fc.nat(400), fc.constantFrom('replace', 'insert', 'delete', 'double'), fc.nat(255)),
  { minLength: 1, maxLength: 6 },
);

function mutate(text: string, changes: readonly (readonly [number, string, number])[]): Buffer {
  const bytes = [...Buffer.from(text)];
  for (const [position, change, byte] of changes) {
    const at = position % bytes.length;
    if (change === 'replace') bytes[at] = byte;
    else if (change === 'insert') bytes.splice(at, 0, byte);
    else if (change === 'delete') bytes.splice(at, 1);
    else bytes.splice(at, 0, ...bytes.slice(at, at + 20));
  }
  return Buffer.from(bytes);
}

describe('whatever a body holds', () => {
  it('as random bytes, it makes no failure and lets nobody in', async () => {
    const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));
    await fc.assert(fc.asyncProperty(bytes, assertNoHarm), RUNS);
  });

  it('as a login with another password and some bytes changed, it lets nobody in', async () => {
    const body = mutations.map((changes) =>
      mutate(login({ password: 'alice-pX', ssl: '1', client_port: 143 }), changes),
    );
    await fc.assert(fc.asyncProperty(body, assertNoHarm), RUNS);
  });

  it('as a right login with some bytes changed, it lets in who still has the password only', async () => {
    const body = mutations.map((changes) => mutate(login({ ssl: '1', client_ip: '::1' }), changes));
    await fc.assert(fc.asyncProperty(body, assertNoHarm), RUNS);
  });

  it('as JSON of any shape, it makes no failure', async () => {
    const fields = fc.constantFrom(
      'username',
      'password',
      'client_ip',
      'local_port',
      'ssl',
      'service',
      '__proto__',
      'toString',
      'Username',
    );
    const body = fc
      .dictionary(fields, fc.jsonValue({ maxDepth: 4 }))
      .map((value) => Buffer.from(JSON.stringify(value)));
    await fc.assert(fc.asyncProperty(body, assertNoHarm), RUNS);
  });
});

describe('whatever comes over a connection', () => {
  it('as a request with some bytes changed, it makes no failure and every answer has both headers', async () => {
    const bytes = mutations.map((changes) =>
      mutate(request({ body: login({ password: 'no' }) }).toString('latin1'), changes),
    );
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(bytes, async (changed) => {
        using client = await RawClient.open(service.port);
        client.write(changed);
        client.socket.end();
        const text = await client.closed();
        for (const [, status] of text.matchAll(/HTTP\/1\.1 (\d+) /g)) assert.match(String(status), /^[1-4]/);
        const heads = text.split('HTTP/1.1 ').filter((part) => /^[2-5]\d\d /.test(part));
        for (const head of heads) {
          seen.add(head.slice(0, 3));
          assert.doesNotMatch(head, /^200/);
          assert.match(head, /\r\nAuth-Status: [\x20-\x7e]+\r\n/);
          assert.match(head, /\r\nX-Nauthilus-Session: [0-9A-Z]{26}\r\n/);
        }
      }),
      { ...RUNS, interruptAfterTimeLimit: 20_000 },
    );
    for (const status of ['400', '401', '403'])
      assert.ok(seen.has(status), `no ${status} among ${[...seen].join(' ')}`);
  });

  it('the service is still there afterwards, with nothing in flight and no failure in the log', async () => {
    assert.equal((await ask(service.port, { body: login() })).status, 200);
    assert.equal(service.router.inFlight <= 1, true);
    assert.deepEqual(
      service.lines.filter((line) => line['msg'] === 'request failed' || line['level'] === 'error'),
      [],
    );
  });
});
