import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ClientAddress } from '../../../src/login/client-address.ts';
import { renderProxyHeader } from '../../../src/wire/sockets/render-proxy-header.ts';
import { RawClient } from '../support/raw-client.ts';
import { login, request } from '../support/requests.ts';
import { basic, type Service, startService } from '../support/service.ts';

const NOBODY = { Authorization: undefined };
const TRUSTED = ['127.0.0.1', '10.0.0.0/24'];

/** A request of a caller that is refused, read whole or by Node's parser. */
const READERS = {
  'read whole': (lines: readonly string[]) => withLines(request({ body: login(), headers: NOBODY }), lines),
  'read by Node': (lines: readonly string[]) => {
    const headers = { ...NOBODY, 'Content-Length': undefined, 'Transfer-Encoding': 'chunked' };
    return Buffer.concat([withLines(request({ headers }), lines), Buffer.from('2\r\n{}\r\n0\r\n\r\n')]);
  },
} as const;

function withLines(bytes: Buffer, lines: readonly string[]): Buffer {
  const all = lines.map((line) => `${line}\r\n`).join('');
  return Buffer.from(bytes.toString('latin1').replace('\r\n\r\n', `\r\n${all}\r\n`), 'latin1');
}

const CASES: readonly (readonly [lines: readonly string[], address: string])[] = [
  [[], '127.0.0.1'],
  [['X-Forwarded-For: 192.0.2.7'], '192.0.2.7'],
  [['x-forwarded-for:192.0.2.7 '], '192.0.2.7'],
  [['X-Forwarded-For: 203.0.113.9, 192.0.2.7, 10.0.0.2'], '192.0.2.7'],
  [['X-Forwarded-For: 203.0.113.9', 'X-Forwarded-For: 192.0.2.7'], '192.0.2.7'],
  [['X-Forwarded-For: 192.0.2.7', 'X-Forwarded-For: nonsense'], '127.0.0.1'],
  [['X-Forwarded-For: 2001:DB8::7'], '2001:db8::7'],
  [['X-Forwarded-For:'], '127.0.0.1'],
  [['Forwarded: for=192.0.2.7;proto=https'], '192.0.2.7'],
  [['Forwarded: for="[2001:db8::7]:80"', 'Forwarded: for=10.0.0.9'], '2001:db8::7'],
  [['Forwarded: for=unknown'], '127.0.0.1'],
  [['X-Forwarded-For: 192.0.2.7', 'Forwarded: for=192.0.2.7'], '192.0.2.7'],
  [['X-Real-IP: 192.0.2.7', 'Client-IP: 192.0.2.7'], '127.0.0.1'],
];

describe('who asks by way of a trusted proxy', () => {
  let service: Service;
  before(async () => {
    service = await startService({ trustedProxies: TRUSTED });
  });
  after(() => service[Symbol.asyncDispose]());

  async function askedBy(bytes: Buffer, on: Service = service): Promise<{ status: number; address: unknown }> {
    using client = await RawClient.open(on.port);
    const { status } = await client.write(bytes).read();
    return { status, address: on.lines.at(-1)?.['caller_ip'] };
  }

  for (const [reader, form] of Object.entries(READERS)) {
    for (const [lines, address] of CASES)
      it(`is ${address} by ${JSON.stringify(lines)} in a request ${reader}`, async () => {
        assert.deepEqual(await askedBy(form(lines)), { status: 401, address });
      });

    it(`cannot be told where both headers name others, in a request ${reader}`, async () => {
      const lines = ['X-Forwarded-For: 192.0.2.7', 'Forwarded: for=203.0.113.9'];
      assert.deepEqual(await askedBy(form(lines)), { status: 400, address: '127.0.0.1' });
    });

    it(`is the other end of the connection where that is not trusted, in a request ${reader}`, async () => {
      await using wary = await startService({ trustedProxies: ['10.0.0.0/24'] });
      await using plain = await startService();
      for (const on of [wary, plain]) {
        const both = form(['X-Forwarded-For: 192.0.2.7', 'Forwarded: for=203.0.113.9']);
        assert.deepEqual(await askedBy(both, on), { status: 401, address: '127.0.0.1' });
      }
    });

    it(`is looked for from the address in a header of the PROXY protocol on, in a request ${reader}`, async () => {
      await using both = await startService({ trustedProxies: ['10.0.0.0/24'], proxyProtocol: ['127.0.0.1'] });
      for (const [proxy, expected] of [
        ['10.0.0.5', '192.0.2.7'],
        ['198.51.100.9', '198.51.100.9'],
      ] as const) {
        const source = { address: proxy as ClientAddress, port: 1 };
        const header = renderProxyHeader(2, { source, destination: source });
        const bytes = Buffer.concat([header, form(['X-Forwarded-For: 192.0.2.7'])]);
        assert.deepEqual(await askedBy(bytes, both), { status: 401, address: expected });
      }
    });
  }

  it('is whom guesses at a caller’s secret are counted against', async () => {
    const guess = (address: string) =>
      withLines(request({ body: login(), headers: { Authorization: basic('mx', `wrong ${address}`) } }), [
        `X-Forwarded-For: ${address}`,
      ]);
    const statuses: number[] = [];
    for (let i = 0; i < 12; i += 1) statuses.push((await askedBy(guess('198.51.100.1'))).status);

    assert.equal(statuses.at(-1), 429);
    assert.equal((await askedBy(guess('198.51.100.2'))).status, 401);
  });

  it('may change from request to request of one connection', async () => {
    using client = await RawClient.open(service.port);
    for (const address of ['192.0.2.7', '192.0.2.8', '2001:db8::1']) {
      await client.write(READERS['read whole']([`X-Forwarded-For: ${address}`])).read();
      assert.equal(service.lines.at(-1)?.['caller_ip'], address);
    }
  });

  it('is not believed any more from the next request on once the proxy is trusted no more', async () => {
    await using fickle = await startService({ trustedProxies: TRUSTED });
    using client = await RawClient.open(fickle.port);
    const bytes = READERS['read whole'](['X-Forwarded-For: 192.0.2.7']);
    await client.write(bytes).read();
    assert.equal(fickle.lines.at(-1)?.['caller_ip'], '192.0.2.7');

    const limits = { headerTimeoutMs: 1000, bodyTimeoutMs: 1000, idleTimeoutMs: 1000, maxConnections: 10 };
    fickle.listener.change(fickle.router, { limits, trustedProxies: [] });
    await client.write(bytes).read();
    assert.equal(fickle.lines.at(-1)?.['caller_ip'], '127.0.0.1');
  });
});

describe('the Basic door by way of a trusted proxy', () => {
  it('takes who asks for the client, whatever the client itself says', async () => {
    const settings = { isEnabled: true, realm: 'mail', networks: ['127.0.0.1'] };
    await using service = await startService({ basic: settings, trustedProxies: TRUSTED });
    const headers = {
      Authorization: basic('alice@example.test', 'alice-pw'),
      'Client-IP': '203.0.113.9',
      'X-Forwarded-For': '192.0.2.7',
    };
    using client = await RawClient.open(service.port);
    const answer = await client.write(request({ method: 'GET', path: '/api/v1/auth/basic', headers })).read();

    assert.equal(answer.status, 200);
    assert.equal(service.lines.at(-1)?.['client_ip'], '192.0.2.7');
  });
});

describe('what a request says of its trace', () => {
  const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
  const lines = [`traceparent: 00-${TRACE}-00f067aa0ba902b7-01`, 'X-Request-Id: a1b2 c3'];
  const traced = { trace_id: TRACE, request_id: 'a1b2_c3' };

  for (const [reader, form] of Object.entries(READERS))
    it(`is beside its session in the line of a request ${reader}`, async () => {
      await using service = await startService();
      using client = await RawClient.open(service.port);
      await client.write(form(lines)).read();
      const line = service.lines.at(-1) ?? {};

      assert.partialDeepStrictEqual(line, traced);
      assert.deepEqual(Object.keys(line).slice(2, 5), ['session', 'trace_id', 'request_id']);
      await client.write(form([])).read();
      assert.equal(service.lines.at(-1)?.['trace_id'], undefined);
    });

  it('is in the line of a decision', async () => {
    await using service = await startService();
    using client = await RawClient.open(service.port);
    await client.write(withLines(request({ body: login() }), lines)).read();

    assert.partialDeepStrictEqual(service.lines.at(-1) ?? {}, { ...traced, msg: 'login accepted' });
  });

  it('is left out where it is malformed, and the request is answered all the same', async () => {
    await using service = await startService();
    using client = await RawClient.open(service.port);
    const answer = await client
      .write(withLines(request({ body: login() }), ['traceparent: 00-zz', lines[0] ?? '']))
      .read();

    assert.equal(answer.status, 200);
    assert.equal(service.lines.at(-1)?.['trace_id'], undefined);
  });
});
