import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { rm, stat, writeFile } from 'node:fs/promises';
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { makeSelfSigned } from '../../src/cli/init/self-signed.ts';
import { freePort } from '../daemons/free-port.ts';
import { type RedisServer, startRedis } from '../daemons/redis.ts';
import { login, SteadyLoad } from './support/load.ts';
import { RunningService, refusal, until } from './support/running-service.ts';

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777;
}

function unix(more = ''): string {
  return `{ unix: { path: auth.sock${more} } }`;
}

describe('a unix socket of one process', () => {
  let service: RunningService;
  let socketPath: string;
  before(async () => {
    service = await RunningService.start({ ports: [await freePort()], listeners: [unix()] });
    socketPath = join(service.folder, 'auth.sock');
  });
  after(() => service[Symbol.asyncDispose]());

  it('answers with the permissions that are set, and who asks counts as this machine', async () => {
    assert.equal(await login({ socketPath }), 200);
    assert.equal(await login({ socketPath, secret: 'wrong' }), 401);
    assert.equal(await modeOf(socketPath), 0o660);
    const isThere = async () => (await service.lines()).some((line) => line['caller_ip'] === '127.0.0.1');
    await until('the line of the refused caller', isThere);
  });

  it('keeps its connections over a reload that gives it to others', async () => {
    const ports = [await freePort()];
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    assert.equal(await login({ socketPath, agent }), 200);
    await service.configure({ ports, listeners: [unix(', mode: "0600", group: daemon')] });
    assert.equal((await service.reload()).kind, 'reloaded');
    assert.equal(await login({ socketPath, agent }), 200);
    agent.destroy();

    assert.equal(await modeOf(socketPath), 0o600);
    assert.notEqual((await stat(socketPath)).gid, process.getgid?.());
  });

  it('is refused where it cannot be had, and all is as it was', async () => {
    const ports = [await freePort()];
    await service.configure({ ports, listeners: ['{ unix: { path: nowhere/auth.sock } }'] });
    assert.match(refusal(await service.reload()), /listeners\[1\]\.unix: \S+nowhere\/auth\.sock: cannot listen there/);
    await service.configure({ ports, listeners: ['{ unix: { path: accounts.passwd } }'] });
    assert.match(
      refusal(await service.reload()),
      /listeners\[1\]\.unix: \S+accounts\.passwd: is there and is no socket/,
    );
    assert.equal(await login({ socketPath }), 200);
  });

  it('belongs to whom it did after a reload that is refused for a later listener or a later socket', async () => {
    const ports = [await freePort()];
    const [other, absent] = ['{ unix: { path: other.sock } }', '{ unix: { path: nowhere/auth.sock } }'];
    await service.configure({ ports, listeners: [unix(), other] });
    assert.equal((await service.reload()).kind, 'reloaded');
    const given = unix(', mode: "0600"');
    await service.configure({ ports, listeners: [given, other, absent] });
    assert.match(refusal(await service.reload()), /listeners\[3\]\.unix/);
    assert.equal(await modeOf(socketPath), 0o660);

    await rm(join(service.folder, 'other.sock'));
    await service.configure({ ports, listeners: [given, other] });
    assert.match(refusal(await service.reload()), /listeners\[2\]\.unix/);
    assert.equal(await modeOf(socketPath), 0o660);
    assert.equal(await login({ socketPath }), 200);
  });

  it('has headers of the PROXY protocol before new requests after a reload, while those under way go on', async () => {
    const port = await freePort();
    await service.configure({ ports: [], listeners: [`{ port: ${port} }`, unix()] });
    assert.equal((await service.reload()).kind, 'reloaded');
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    assert.equal(await login({ port, agent }), 200);
    const proxied = `{ port: ${port}, proxy_protocol: { from: [127.0.0.1] } }`;
    await service.configure({ ports: [], listeners: [proxied, unix()] });
    assert.equal((await service.reload()).kind, 'reloaded');
    assert.equal(await login({ port, agent }), 200);
    agent.destroy();

    await assert.rejects(login({ port }), /ECONNRESET|socket hang up/);
    const proxy = connect(port, '127.0.0.1');
    proxy.write('PROXY TCP4 192.0.2.7 192.0.2.8 1 2\r\nGET /healthz/live HTTP/1.0\r\n\r\n');
    const [answer] = (await once(proxy, 'data')) as [Buffer];
    assert.match(answer.toString(), /^HTTP\/1\.1 200/);
    proxy.destroy();
    assert.equal(await login({ socketPath }), 200);
  });

  it('comes and goes by reloads that lose no request of other listeners', async () => {
    const port = await freePort();
    await service.configure({ ports: [port], listeners: [unix()] });
    assert.equal((await service.reload()).kind, 'reloaded');
    const load = new SteadyLoad(port);
    for (const listeners of [[], [unix()], [`{ port: ${await freePort()} }`], [unix()]]) {
      await service.configure({ ports: [port], listeners });
      assert.equal((await service.reload()).kind, 'reloaded');
      if (listeners.includes(unix())) assert.equal(await login({ socketPath }), 200);
      await sleep(150);
    }
    const { answered, errors } = await load.end();

    assert.deepEqual(errors, []);
    assert.ok(answered > 20, `${answered} answers`);
  });

  it('is gone once it is no listener any more, and when the service stops', async () => {
    const ports = [await freePort()];
    await service.configure({ ports });
    assert.equal((await service.reload()).kind, 'reloaded');
    assert.equal(existsSync(socketPath), false);
    await service.configure({ ports, listeners: [unix()] });
    assert.equal((await service.reload()).kind, 'reloaded');
    assert.equal(await login({ socketPath }), 200);

    await service.end('SIGTERM');
    assert.equal(existsSync(socketPath), false);
  });

  it('is had again after the process was killed', async () => {
    await service.start();
    await service.end('SIGKILL');
    assert.equal(existsSync(socketPath), true);
    await service.start();
    assert.equal(await login({ socketPath }), 200);
  });
});

/** Has systemd's own program open sockets, and start the service with them as soon as somebody connects. */
async function activate(service: RunningService, sockets: Readonly<Record<string, string>>): Promise<void> {
  const listen = Object.values(sockets).map((address) => `--listen=${address}`);
  const [first = ''] = Object.values(sockets);
  const command = ['systemd-socket-activate', ...listen, `--fdname=${Object.keys(sockets).join(':')}`];
  let isOver = false;
  const starting = service.start({}, command).finally(() => (isOver = true));
  const port = Number(first.split(':')[1]);
  await Promise.all([starting, knock(port, () => isOver)]);
}

async function knock(port: number, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const socket = connect(port, '127.0.0.1');
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isOpen) return;
    await sleep(20);
  }
}

describe('sockets that systemd has opened', () => {
  let service: RunningService;
  let port: number;
  let socketPath: string;
  let redis: RedisServer;
  const named = ['{ systemd: http }', '{ systemd: local.socket }'];
  before(async () => {
    redis = await startRedis();
    port = await freePort();
    service = await RunningService.prepare({ ports: [await freePort()], listeners: named });
    socketPath = join(service.folder, 'systemd.sock');
  });
  after(async () => {
    await service[Symbol.asyncDispose]();
    await redis[Symbol.asyncDispose]();
  });

  const sockets = () => ({ http: `127.0.0.1:${port}`, 'local.socket': socketPath });

  it('are answered by one process', async () => {
    await activate(service, sockets());
    assert.equal(await login({ port }), 200);
    assert.equal(await login({ socketPath }), 200);
  });

  it('can be given up and be had again, and speak TLS or not, by a reload', async () => {
    const ports = [await freePort()];
    await service.configure({ ports, listeners: ['{ systemd: local.socket }'] });
    assert.equal((await service.reload()).kind, 'reloaded');
    assert.equal(await login({ socketPath }), 200);
    const { certificate, key } = await makeSelfSigned(['localhost'], ['127.0.0.1'], new Date());
    await writeFile(join(service.folder, 'cert.pem'), certificate);
    await writeFile(join(service.folder, 'key.pem'), key);
    const withTls = ['{ systemd: http, tls: { certificate: cert.pem, key: key.pem } }', named[1] ?? ''];
    await service.configure({ ports, listeners: withTls });
    assert.equal((await service.reload()).kind, 'reloaded');
    const secured = connectTls({ port, host: '127.0.0.1', ca: certificate, servername: 'localhost' });
    await once(secured, 'secureConnect');
    secured.destroy();
    await service.configure({ ports, listeners: named });
    assert.equal((await service.reload()).kind, 'reloaded');
    assert.equal(await login({ port }), 200);
  });

  it('must be there by their names', async () => {
    await service.configure({ ports: [await freePort()], listeners: ['{ systemd: other }'] });
    assert.match(
      refusal(await service.reload()),
      /listeners\[1\]\.systemd: systemd has passed no socket named other, but http, local\.socket/,
    );
    assert.equal(await login({ port }), 200);
  });

  it('stay there for the next start', async () => {
    await service.end('SIGTERM');
    assert.equal(existsSync(socketPath), true);
  });

  it('and unix sockets are answered by several processes, also once all of them have died at a time', async () => {
    const more = [`state: { redis: { url: "unix:${redis.socket}", secret: { file: state-secret } } }`, 'workers: 2'];
    await service.configure({ ports: [await freePort()], listeners: [...named, unix()], more });
    await activate(service, sockets());
    const both = async () => {
      const own = join(service.folder, 'auth.sock');
      for (const where of [{ port }, { socketPath }, { socketPath: own }]) assert.equal(await login(where), 200);
      assert.equal(await modeOf(own), 0o660);
    };
    await both();
    assert.equal((await service.reload()).kind, 'reloaded');
    await both();
    const before = (await service.status()).workers.map(({ pid }) => pid);
    for (const pid of before) process.kill(pid, 'SIGKILL');
    await until('others have taken their places', async () => {
      const { workers } = await service.status();
      return workers.length === 2 && workers.every(({ pid }) => !before.includes(pid));
    });
    await both();
  });
});

describe('a socket of systemd', () => {
  it('that other machines can reach must have TLS unless it is told otherwise, after a reload too', async () => {
    const port = await freePort();
    await using service = await RunningService.prepare({ ports: [], listeners: ['{ systemd: http }'] });
    await assert.rejects(
      activate(service, { http: `0.0.0.0:${port}` }),
      /listeners\[0\]\.tls: is missing: other machines can reach http:\/\/0\.0\.0\.0:\d+, where systemd listens/,
    );

    await service.configure({ ports: [], listeners: ['{ systemd: http, allow_cleartext: true }'] });
    await activate(service, { http: `0.0.0.0:${port}` });
    await service.configure({ ports: [], listeners: ['{ systemd: http }'] });
    assert.match(refusal(await service.reload()), /listeners\[0\]\.tls: is missing: other machines can reach/);
    assert.equal(await login({ port }), 200);
  });

  it('must have been passed', async () => {
    await using service = await RunningService.prepare({ ports: [], listeners: ['{ systemd: http }'] });
    await assert.rejects(
      service.start(),
      /listeners\[0\]\.systemd: systemd has passed no socket; start the service by a socket unit/,
    );
  });
});
