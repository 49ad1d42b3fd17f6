import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { MemoryBackend } from '../../support/memory-backend.ts';
import { makeSelfSigned } from '../../../src/cli/init/self-signed.ts';
import { RawClient } from '../support/raw-client.ts';
import { assertAuthHeaders, login, request } from '../support/requests.ts';
import { ALICE, startService } from '../support/service.ts';

const GET_HEALTH = 'GET /healthz/live HTTP/1.1\r\nHost: x\r\n\r\n';

/** A login whose body comes in chunks, which only the full parser reads. */
function chunked(): Buffer {
  const body = login();
  const headers = { 'Content-Length': undefined, 'Transfer-Encoding': 'chunked' };
  const chunk = Buffer.from(`${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`);
  return Buffer.concat([request({ headers }), chunk]);
}

const FORMS = {
  whole: () => request({ body: login() }),
  expecting: () => request({ body: login(), headers: { Expect: '100-continue' } }),
  chunked,
  health: () => Buffer.from(GET_HEALTH),
} as const;

describe('requests of every form on one connection', () => {
  for (const kind of ['HTTP', 'HTTPS'] as const) {
    it(`are answered in their order over ${kind}, whichever parser reads them`, async () => {
      const pair = kind === 'HTTPS' ? await makeSelfSigned(['localhost'], ['127.0.0.1'], new Date()) : undefined;
      const tls = pair && { certificate: Buffer.from(pair.certificate), key: Buffer.from(pair.key) };
      await using service = await startService(tls === undefined ? {} : { tls });
      const whole = request({ body: login() });
      const requests = [whole, whole, Buffer.from(GET_HEALTH), whole, chunked(), whole];
      for (const size of [Number.POSITIVE_INFINITY, 300, 61]) {
        using client = await RawClient.open(service.port, tls && { rejectUnauthorized: false });
        const bytes = Buffer.concat(requests);
        for (let at = 0; at < bytes.length; at += Math.min(size, bytes.length)) {
          client.write(bytes.subarray(at, at + Math.min(size, bytes.length)));
          await sleep(1);
        }

        for (let i = 0; i < requests.length; i += 1) {
          const answer = await client.read();
          assert.equal(answer.status, 200, `request ${i} in pieces of ${size}`);
          assert.ok(i === 2 ? answer.body === '{"status":"ok"}' : answer.headers['auth-user'] !== undefined);
        }
      }
    });
  }

  it('are all answered, however their bytes are cut and whatever the client waits for', async () => {
    await using service = await startService({});
    const form = fc.constantFrom('whole', 'expecting', 'chunked', 'health');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(form, fc.array(fc.nat(400), { maxLength: 4 }), fc.boolean()), { minLength: 1, maxLength: 6 }),
        async (requests) => {
          using client = await RawClient.open(service.port);
          for (const [what, cuts, isSlow] of requests) {
            const bytes = FORMS[what]();
            const head = bytes.indexOf('\r\n\r\n') + 4;
            let from = 0;
            for (const to of [
              ...cuts.map((cut) => Math.min(cut, bytes.length)).toSorted((a, b) => a - b),
              bytes.length,
            ]) {
              client.write(bytes.subarray(from, to));
              if (isSlow) await sleep(1);
              from = to;
            }
            let answer = await client.read();
            if (what === 'expecting' && answer.status === 100) answer = await client.read();
            assert.equal(
              answer.status,
              200,
              `${what} of ${bytes.length} bytes, ${head} of them its head: ${answer.body}`,
            );
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('have the same headers in their answers, whichever parser reads them', async () => {
    await using service = await startService({});
    using client = await RawClient.open(service.port);
    const byUs = await client.write(request({ body: login() })).read();
    const byNode = await client.write(chunked()).read();

    const shown = (headers: object) =>
      Object.entries(headers).filter(([name]) => name !== 'x-nauthilus-session' && name !== 'date');
    assert.deepEqual(shown(byUs.headers), shown(byNode.headers));
    assert.match(byUs.headers['date'] ?? '', / GMT$/);
    assert.equal(byUs.body, byNode.body);
  });

  it('have no more taken than are answered while the client reads nothing', async () => {
    const large = { ...ALICE, attributes: { note: ['x'.repeat(30_000)] } };
    const backend = new MemoryBackend([large]);
    await using service = await startService({ backends: [backend], attributeLimit: 1_000_000 });
    using client = await RawClient.open(service.port);
    client.socket.pause();
    const one = request({ body: login() });
    for (let i = 0; i < 60; i += 1) client.write(Buffer.concat(Array.from({ length: 50 }, () => one)));
    await sleep(400);

    assert.ok(backend.asked.length < 1500, `${backend.asked.length} of 3000 were answered into the void`);
    client.socket.resume();
    for (let i = 0; i < 3000; i += 1) assert.equal((await client.read()).status, 200);
  });

  it('are told to go on with their body at once, and their answer comes after', async () => {
    await using service = await startService({});
    using client = await RawClient.open(service.port);
    const text = request({ body: login() }).toString('latin1').replace('\r\n', '\r\nExpect: 100-continue\r\n');
    const end = text.indexOf('\r\n\r\n') + 4;
    for (let round = 0; round < 3; round += 1) {
      assert.equal((await client.write(text.slice(0, end)).read()).status, 100);
      const answer = await client.write(text.slice(end)).read();
      assert.equal(answer.status, 200);
      assertAuthHeaders(answer);
    }
  });
});
