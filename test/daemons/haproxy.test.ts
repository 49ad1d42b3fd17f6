import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Agent as HttpsAgent } from 'node:https';
import { DOVECOT_ACCOUNTS } from './dovecot-accounts.ts';
import { freePort } from './free-port.ts';
import { startHaproxy } from './haproxy.ts';
import { type Nauthilus, startNauthilus } from './nauthilus.ts';
import { runTool } from './run-tool.ts';

const LAUNCHER = fileURLToPath(new URL('../../bin/nauthilus', import.meta.url));
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const BODY = JSON.stringify({
  username: 'alice@example.test',
  password: 'alice-pw',
  service: 'imap',
  client_ip: '192.0.2.1',
});
const TLS = 'tls: { certificate: certificate.pem, key: key.pem }';

interface Question {
  readonly port: number;
  readonly credential: string;
  /** The address of loopback that is asked from. */
  readonly from?: string;
  readonly agent?: Agent;
  readonly headers?: Readonly<Record<string, string>>;
}

/** On a machine that is busy a check may be late, and HAProxy then ends what goes through the node. */
async function askPatiently(question: Question): Promise<number> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask(question);
    } catch (error) {
      if (tries === 5) throw error;
      await sleep(1000);
    }
  }
}

function ask({ port, credential, from = '127.0.0.1', agent, headers = {} }: Question): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const sent = request(
    {
      host: '127.0.0.1',
      port,
      path: '/api/v1/auth/json',
      method: 'POST',
      localAddress: from,
      agent: agent ?? false,
      rejectUnauthorized: false,
      headers: {
        Authorization: `Basic ${Buffer.from(credential).toString('base64')}`,
        'Content-Type': 'application/json',
        'Content-Length': Buffer.byteLength(BODY),
        ...headers,
      },
    },
    (res) => res.resume().once('end', () => resolve(res.statusCode ?? 0)),
  );
  sent.once('error', reject).end(BODY);
  return promise;
}

describe('HAProxy with what "nauthilus generate haproxy" writes', { concurrency: 1 }, () => {
  let folder: string;
  let nodes: readonly Nauthilus[];
  let nodePorts: readonly number[];
  let plainPorts: readonly number[];
  const running = new AsyncDisposableStack();

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nauthilus-haproxy-'));
    running.defer(() => rm(folder, { recursive: true, force: true }));
    nodePorts = [await freePort(), await freePort()];
    plainPorts = [await freePort(), await freePort()];
    nodes = await Promise.all(
      nodePorts.map(async (port, i) =>
        running.use(
          await startNauthilus({
            accounts: DOVECOT_ACCOUNTS,
            listeners: [
              `{ address: 127.0.0.1, port: ${port}, ${TLS}, proxy_protocol: { from: [127.0.0.1] } }`,
              `{ address: 127.0.0.1, port: ${plainPorts[i]} }`,
            ],
            settings: ['http: { trusted_proxies: [127.0.0.1, 127.9.0.0/16] }'],
          }),
        ),
      ),
    );
  });
  after(() => running.disposeAsync());

  const credential = () => nodes[0]?.credential ?? '';

  /** Makes the files, and starts HAProxy on a free port. */
  async function start(name: string, ports: readonly number[], ...args: readonly string[]): Promise<number> {
    const [node] = nodes;
    if (node === undefined) throw new Error('there is no node');
    const port = await freePort();
    const output = join(folder, name);
    const config = join(dirname(node.caFile), `${name}.yaml`);
    const text = await readFile(join(dirname(node.caFile), 'nauthilus.yaml'), 'utf8');
    // The listener that is to be found, alone.
    await writeFile(config, text.replace(/^ {2}- address: .*\n.*\n.*\n/m, ''));
    const where = ['--config', config, '--output', output, '--installed-in', output, '--bind', `127.0.0.1:${port}`];
    const named = ports.flatMap((own) => ['--node', `127.0.0.1:${own}`]);
    await runTool([LAUNCHER, 'generate', 'haproxy', ...where, ...named, ...args]);
    running.use(await startHaproxy({ file: join(output, 'nauthilus.cfg'), ports: [port] }));
    return port;
  }

  async function linesWith(pattern: RegExp): Promise<string[]> {
    await sleep(200);
    const logs = await Promise.all(nodes.map((node) => node.log()));
    return logs.flatMap((log) => log.split('\n')).filter((line) => pattern.test(line));
  }

  it('hands connections on with their addresses, spread over the nodes, and finds another when a node is gone', async () => {
    const port = await start('tcp', nodePorts);
    for (let i = 0; i < 8; i += 1) assert.equal(await askPatiently({ port, credential: credential() }), 200);
    for (const node of nodes) await node.logLine(/"msg":"login accepted"/);
    assert.equal(await askPatiently({ port, credential: 'dovecot:wrong', from: '127.0.0.77' }), 401);
    assert.equal((await linesWith(/"caller_ip":"127\.0\.0\.77"/)).length, 1);

    const [, second] = nodes;
    await second?.stop();
    const statuses: (number | string)[] = [];
    for (const deadline = Date.now() + 15_000; Date.now() < deadline; await sleep(100)) {
      statuses.push(
        await ask({ port, credential: credential() }).catch((error: NodeJS.ErrnoException) => error.code ?? ''),
      );
      if (statuses.slice(-10).length === 10 && statuses.slice(-10).every((status) => status === 200)) break;
    }
    assert.deepEqual(
      statuses.slice(-10),
      Array.from({ length: 10 }, () => 200),
    );
    await second?.start();
  });

  it('keeps one connection for many requests, whose proxies in front are believed from its address on', async () => {
    const port = await start('kept', nodePorts);
    const agent = new HttpsAgent({ keepAlive: true, maxSockets: 1 });
    const headers = { traceparent: `00-${TRACE}-00f067aa0ba902b7-01`, 'X-Request-Id': 'kept' };
    for (const [from, forwarded] of [
      ['127.9.0.1', '198.51.100.7'],
      ['127.8.0.1', '198.51.100.8'],
    ] as const)
      await askPatiently({
        port,
        credential: 'dovecot:wrong',
        from,
        headers: { ...headers, 'X-Forwarded-For': forwarded },
      });
    for (let i = 0; i < 5; i += 1)
      assert.equal(await askPatiently({ port, credential: credential(), agent, headers }), 200);
    agent.destroy();

    assert.equal((await linesWith(/"caller_ip":"198\.51\.100\.7"/)).length, 1);
    assert.equal((await linesWith(/"caller_ip":"127\.8\.0\.1"/)).length, 1);
    assert.equal((await linesWith(/"caller_ip":"198\.51\.100\.8"/)).length, 0);
    const traced = await linesWith(new RegExp(`"trace_id":"${TRACE}","request_id":"kept".*"msg":"login accepted"`));
    assert.equal(traced.length, 5);
  });

  it('tells by X-Forwarded-For who asks, whatever clients say of it themselves', async () => {
    const [node] = nodes;
    const home = dirname(node?.caFile ?? '');
    const pem = join(folder, 'both.pem');
    await writeFile(
      pem,
      (await readFile(join(home, 'certificate.pem'), 'utf8')) + (await readFile(join(home, 'key.pem'), 'utf8')),
    );
    const port = await start('http', plainPorts, '--mode', 'http', '--certificate', pem);
    const headers = { 'X-Forwarded-For': '203.0.113.1', Forwarded: 'for=203.0.113.2' };
    for (let i = 0; i < 4; i += 1) assert.equal(await askPatiently({ port, credential: credential(), headers }), 200);
    assert.equal(await askPatiently({ port, credential: 'dovecot:wrong', from: '127.0.0.78', headers }), 401);

    assert.equal((await linesWith(/"caller_ip":"127\.0\.0\.78"/)).length, 1);
    assert.equal((await linesWith(/203\.0\.113\./)).length, 0);
  });

  it('has no connection refused by the nodes, whose health it asks for all the time', async () => {
    assert.deepEqual(await linesWith(/"msg":"connection refused"/), []);
  });
});
