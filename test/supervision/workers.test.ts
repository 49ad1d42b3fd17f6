import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { Agent } from 'node:http';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { readConfigText } from '../../src/config/load.ts';
import { freePort } from '../daemons/free-port.ts';
import { type RedisServer, startRedis } from '../daemons/redis.ts';
import { login, read, SteadyLoad } from './support/load.ts';
import { RunningService, refusal, runCommand, until } from './support/running-service.ts';

/** Whether a process is there. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('several workers', () => {
  let port: number;
  let redis: RedisServer;
  let service: RunningService;
  let more: readonly string[];
  /** That of the caller from the second test on. */
  const secret = 'second';
  const pids = async () => (await service.status()).workers.map(({ pid }) => pid);
  const bothReady = () => until('both are ready', async () => (await read(port, '/healthz/ready')).status === 200);

  before(async () => {
    redis = await startRedis();
    port = await freePort();
    more = [`state: { redis: { url: "unix:${redis.socket}", secret: { file: state-secret } } }`, 'workers: 2'];
    service = await RunningService.prepare({ ports: [port], more });
    const note = `import { writeFileSync } from 'node:fs';
writeFileSync(process.env.NOTED_IN + process.pid, process.execArgv.join(' '));`;
    const hook = `--import=data:text/javascript,${encodeURIComponent(note)}`;
    await service.start({ NODE_OPTIONS: hook, NOTED_IN: join(service.folder, 'options-') });
  });

  after(async () => {
    await service[Symbol.asyncDispose]();
    await redis[Symbol.asyncDispose]();
  });

  it('refuse no connection and lose no request during five reloads under load', async () => {
    const first = await pids();
    const load = new SteadyLoad(port);
    for (let i = 0; i < 5; i += 1) assert.equal((await service.reload()).kind, 'reloaded');
    const { answered, errors } = await load.end();

    assert.deepEqual(errors, []);
    assert.ok(answered > 100, `${answered} answers`);
    const last = await pids();
    assert.equal(last.length, 2);
    assert.ok(last.every((pid) => !first.includes(pid)));
    assert.ok(first.every((pid) => !isAlive(pid)));
  });

  it('write whole lines, each with the number of the worker, to one log', async () => {
    await until('both have written', async () => {
      const workers = new Set((await service.lines()).map(({ worker }) => worker));
      return workers.has(1) && workers.has(2);
    });
  });

  it('go on as they were when a change is broken, and have one that is not in force', async () => {
    const kept = await pids();
    await service.configure({ ports: [port], more: [...more, 'decision: { deadline: soon }'] });
    assert.match(refusal(await service.reload()), /nauthilus\.yaml:\d+:\d+: decision\.deadline: /);
    await service.configure({ ports: [port], more, secret: 'second' });
    await writeFile(join(service.folder, 'accounts.passwd'), 'alice@example.test:{NONSENSE}x\n');
    assert.equal((await service.reload()).kind, 'refused');
    assert.deepEqual(await pids(), kept);
    assert.equal(await login({ port, secret: 'first' }), 200);

    await service.accounts();
    assert.equal((await service.reload()).kind, 'reloaded');
    for (let i = 0; i < 4; i += 1) {
      assert.equal(await login({ port, secret }), 200);
      assert.equal(await login({ port, secret: 'first' }), 401);
    }
  });

  it('run with what the launcher asks of V8', async () => {
    for (const pid of await pids()) {
      const options = await readFile(join(service.folder, `options-${pid}`), 'utf8');
      assert.match(options, /--no-allocation-site-pretenuring --max-semi-space-size=\d+/);
    }
  });

  it('know each the client that a header of the PROXY protocol tells of, and end connections without one', async () => {
    const behind = await freePort();
    const listeners = [`{ port: ${behind}, proxy_protocol: { from: [127.0.0.1] } }`];
    await service.configure({ ports: [port], listeners, more, secret });
    assert.equal((await service.reload()).kind, 'reloaded');
    for (let client = 1; client <= 8; client += 1) {
      const proxy = connect(behind, '127.0.0.1');
      const question =
        'POST /api/v1/auth/json HTTP/1.1\r\nHost: x\r\nAuthorization: Basic eDp5\r\nContent-Length: 2\r\n\r\n{}';
      proxy.write(`PROXY TCP4 192.0.2.${client} 192.0.2.100 1 2\r\n${question}`);
      const [answer] = (await once(proxy, 'data', { signal: AbortSignal.timeout(10_000) })) as [Buffer];
      proxy.destroy();
      assert.match(answer.toString(), /^HTTP\/1\.1 401/);
    }
    await assert.rejects(login({ port: behind, secret }), /ECONNRESET|socket hang up/);

    await until('all have been told of', async () => {
      const told = (await service.lines()).filter(({ caller_ip }) => String(caller_ip).startsWith('192.0.2.'));
      const clients = new Set(told.map(({ caller_ip }) => caller_ip));
      return clients.size === 8 && new Set(told.map(({ worker }) => worker)).size === 2;
    });
    await service.configure({ ports: [port], more, secret });
    assert.equal((await service.reload()).kind, 'reloaded');
  });

  it('are counted together, those that died included, and replaced by others', async () => {
    const count = async () => {
      const { body } = await read(port, '/metrics');
      return Number(/^nauthilus_http_answers_total\{door="json",status="200"\} (\d+)$/m.exec(body)?.[1] ?? 0);
    };
    const [before, old] = [await count(), await pids()];
    for (let i = 0; i < 10; i += 1) assert.equal(await login({ port, secret }), 200);
    assert.equal(await count(), before + 10);
    // Each worker tells the primary once a second what it has counted.
    const told = Date.now() + 1500;
    await until('they have told', () => Date.now() > told);

    process.kill(old[0] ?? 0, 'SIGKILL');
    await until('another has taken its place', async () => {
      const now = await pids();
      return now.length === 2 && !now.includes(old[0] ?? 0);
    });
    await bothReady();

    assert.equal(await count(), before + 10);
    const { body } = await read(port, '/metrics');
    assert.match(body, /^nauthilus_workers 2$/m);
    assert.match(body, /^nauthilus_worker_restarts_total 1$/m);
    assert.match(body, /^nauthilus_backend_ready\{backend="accounts"\} 1$/m);
    assert.equal(body.match(/^# TYPE nauthilus_build_info/gm)?.length, 1);
  });

  it('are replaced when they hang, while the others answer', async () => {
    const [hangs = 0] = await pids();
    process.kill(hangs, 'SIGSTOP');
    // The first connection that is handed to it is lost; then it gets none.
    const lost = login({ port, secret }).catch(() => 0);
    await login({ port, secret, agent: new Agent({ timeout: 2000 }) }).catch(() => 0);
    for (let i = 0; i < 6; i += 1) assert.equal(await login({ port, secret }), 200);
    await until('another has taken its place', async () => !(await pids()).includes(hangs));
    await bothReady();

    assert.equal(isAlive(hangs), false);
    for (let i = 0; i < 4; i += 1) assert.equal(await login({ port, secret }), 200);
    void lost;
  });

  it('answer what comes over the control socket and is not for the primary', async () => {
    const { status, body } = await service.control('GET', '/api/v1/nothing');

    assert.equal(status, 404);
    assert.match(body, /nothing is served at this path/);
  });

  it('end with the primary, with all they had to do', async () => {
    const all = await pids();
    const busy = Array.from({ length: 5 }, () => login({ port, secret }));
    assert.deepEqual(await Promise.all(busy), [200, 200, 200, 200, 200]);
    assert.equal(await service.end('SIGTERM'), 0);
    assert.ok(all.every((pid) => !isAlive(pid)));

    await service.start();
    const orphans = await pids();
    await service.end('SIGKILL');
    await until('the workers end too', () => orphans.every((pid) => !isAlive(pid)));
  });

  it('do not start when a worker cannot, and say why', async () => {
    await service.end('SIGTERM');
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port: theirs } = taken.address() as { port: number };
    await service.configure({ ports: [theirs], more });
    const { code, err } = await runCommand(['serve', '--config', service.config]);
    taken.close();
    assert.equal(code, 1);
    assert.match(err, /nauthilus\.yaml:\d+:\d+: listeners\[0\]: cannot listen on .*another program/);

    const crash = join(service.folder, 'crash.cjs');
    await writeFile(crash, 'if (process.send !== undefined) process.exit(7)');
    const crashed = await runCommand(['serve', '--config', service.config], { NODE_OPTIONS: `--require=${crash}` });
    assert.equal(crashed.code, 1);
    assert.match(crashed.err, /worker 1 ended with exit code 7 while it started/);
  });

  it('need the shared state', async () => {
    await service.configure({ ports: [port], more: ['workers: 2'] });
    const text = await readFile(service.config, 'utf8');

    assert.throws(
      () => readConfigText(text, service.config, {}),
      /nauthilus\.yaml:\d+:\d+: workers: 2 needs state\.redis.*on a local unix socket will do/,
    );
  });
});
