import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import fc from 'fast-check';
import { makeSelfSigned } from '../../../src/cli/init/self-signed.ts';
import type { ClientAddress } from '../../../src/login/client-address.ts';
import type { ProxiedConnection } from '../../../src/wire/sockets/proxy-header.ts';
import { renderProxyHeader } from '../../../src/wire/sockets/render-proxy-header.ts';
import { knockAndReset } from '../../support/knock-and-reset.ts';
import { RawClient } from '../support/raw-client.ts';
import { login, request } from '../support/requests.ts';
import { basic, type Service, startService } from '../support/service.ts';

const CLIENT: ProxiedConnection = {
  source: { address: '192.0.2.7' as ClientAddress, port: 4711 },
  destination: { address: '198.51.100.1' as ClientAddress, port: 9443 },
};
const LOOPBACK = ['127.0.0.0/8', '::1'];
const STRANGER = { Authorization: basic('mx', 'wrong') };

/** A refused caller, whose address the log tells. */
const refused = () => request({ body: login(), headers: STRANGER });

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').setNoDelay(true);
  await once(socket, 'connect');
  return socket;
}

function latest(service: Service): Readonly<Record<string, unknown>> {
  return service.lines.at(-1) ?? {};
}

describe('a listener behind proxies that send headers of the PROXY protocol', () => {
  let plain: Service;
  let secure: Service;
  before(async () => {
    const { certificate, key } = await makeSelfSigned(['localhost'], ['127.0.0.1'], new Date());
    const tls = { certificate: Buffer.from(certificate), key: Buffer.from(key) };
    const behind = { proxyProtocol: LOOPBACK, limits: { headerTimeoutMs: 500 } };
    plain = await startService(behind);
    secure = await startService({ ...behind, tls });
  });
  after(async () => {
    await plain[Symbol.asyncDispose]();
    await secure[Symbol.asyncDispose]();
  });

  async function openTls(header: Buffer): Promise<RawClient> {
    const below = await open(secure.port);
    below.write(header);
    const socket = connectTls({ socket: below, rejectUnauthorized: false });
    const client = RawClient.over(socket);
    await once(socket, 'secureConnect');
    return client;
  }

  for (const version of [1, 2] as const) {
    it(`takes the client's address from version ${version}, and what follows in the same segment`, async () => {
      using client = RawClient.over(await open(plain.port));
      client.write(Buffer.concat([renderProxyHeader(version, CLIENT), request({ body: login() }), refused()]));

      assert.equal((await client.read()).status, 200);
      assert.equal((await client.read()).status, 401);
      assert.equal(latest(plain)['caller_ip'], '192.0.2.7');
    });

    it(`has version ${version} come before TLS`, async () => {
      using client = await openTls(renderProxyHeader(version, CLIENT));

      assert.equal((await client.write(refused()).read()).status, 401);
      assert.equal(latest(secure)['caller_ip'], '192.0.2.7');
      assert.equal((await client.write(request({ body: login() })).read()).status, 200);
    });
  }

  it('takes a client’s first words of TLS in the segment of the header', async () => {
    const below = await open(secure.port);
    below.cork();
    below.write(renderProxyHeader(2, CLIENT));
    const socket = connectTls({ socket: below, rejectUnauthorized: false });
    using client = RawClient.over(socket);
    setTimeout(() => below.uncork(), 50);
    await once(socket, 'secureConnect');

    assert.equal((await client.write(refused()).read()).status, 401);
    assert.equal(latest(secure)['caller_ip'], '192.0.2.7');
  });

  it('has the same address where the full parser takes the connection', async () => {
    using client = RawClient.over(await open(plain.port));
    client.write(Buffer.concat([renderProxyHeader(2, CLIENT), request({ path: '/nowhere', body: '' })]));

    assert.equal((await client.read()).status, 404);
    assert.equal(latest(plain)['caller_ip'], '192.0.2.7');
  });

  it('takes the proxy’s own address for what it asks on its own behalf', async () => {
    using client = RawClient.over(await open(plain.port));
    client.write(Buffer.concat([renderProxyHeader(2, undefined), refused()]));

    assert.equal((await client.read()).status, 401);
    assert.equal(latest(plain)['caller_ip'], '127.0.0.1');
  });

  it('answers requests however header and request are cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom<1 | 2>(1, 2),
        fc.array(fc.nat(330), { maxLength: 5 }),
        fc.boolean(),
        async (version, cuts, isSlow) => {
          using client = RawClient.over(await open(plain.port));
          const bytes = Buffer.concat([renderProxyHeader(version, CLIENT), request({ body: login() })]);
          let from = 0;
          for (const to of [...cuts, bytes.length].toSorted((a, b) => a - b)) {
            client.write(bytes.subarray(from, to));
            if (isSlow) await sleep(1);
            from = to;
          }
          assert.equal((await client.read()).status, 200);
        },
      ),
      { numRuns: 40 },
    );
  });

  const malformed: readonly (readonly [what: string, bytes: string | Buffer, problem: RegExp])[] = [
    ['a request without a header', request({ body: login() }), /begins in another way/],
    ['a request for health', 'GET /healthz/live HTTP/1.1\r\nHost: x\r\n\r\n', /begins in another way/],
    ['a header that is none', 'PROXY TCP4 nonsense\r\n', /has not two addresses/],
    ['a header without end', `PROXY TCP4 ${'1'.repeat(120)}`, /longer than 107 bytes/],
    ['half a header', 'PROXY TCP4', /in time/],
    ['nothing', '', /in time/],
  ];
  for (const [what, bytes, problem] of malformed)
    it(`ends a connection with ${what}, and says so`, async () => {
      using client = RawClient.over(await open(plain.port));
      client.write(bytes);

      assert.equal(await client.closed(), '', 'nothing is answered');
      const line = latest(plain);
      assert.equal(line['msg'], 'connection refused');
      assert.equal(line['listener'], plain.url);
      assert.equal(line['caller_ip'], '127.0.0.1');
      assert.match(String(line['error']), problem);
    });

  it('ends a connection that leaves within its header, and says nothing of one that says nothing', async () => {
    const lines = plain.lines.length;
    const silent = await open(plain.port);
    silent.end();
    await once(silent, 'close');
    assert.equal(plain.lines.length, lines);

    const half = await open(plain.port);
    half.end('PROXY TCP4');
    await once(half, 'close');
    assert.match(String(latest(plain)['error']), /ended within/);
  });

  it('says nothing of a connection that was reset before it was accepted', async () => {
    const lines = plain.lines.length;
    knockAndReset(plain.port);
    using client = RawClient.over(await open(plain.port));
    client.write(Buffer.concat([renderProxyHeader(2, CLIENT), refused()]));

    assert.equal((await client.read()).status, 401);
    assert.equal(plain.lines.length, lines + 1);
    assert.equal(latest(plain)['caller_ip'], '192.0.2.7');
  });

  it('counts connections that are refused', async () => {
    assert.match(await plain.metrics.render(), /^nauthilus_connections_refused_total [1-9]/m);
  });

  it('serves nobody who comes from elsewhere, with or without a header', async () => {
    await using service = await startService({ proxyProtocol: ['192.0.2.0/24'] });
    for (const bytes of [refused(), Buffer.concat([renderProxyHeader(2, CLIENT), refused()])]) {
      using client = RawClient.over(await open(service.port));
      client.write(bytes);

      assert.equal(await client.closed(), '');
      assert.match(String(latest(service)['error']), /comes from no network of proxy_protocol\.from/);
    }
  });

  it('takes no header where it is not told to', async () => {
    await using service = await startService();
    using client = RawClient.over(await open(service.port));
    client.write(Buffer.concat([renderProxyHeader(1, CLIENT), request({ body: login() })]));

    assert.equal((await client.read()).status, 400);
  });
});
