import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { Agent } from 'node:http';
import { connect, createServer } from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import { freePort } from '../daemons/free-port.ts';
import { login, read, SteadyLoad } from './support/load.ts';
import { RunningService, refusal, until } from './support/running-service.ts';

describe('one process that is reloaded', () => {
  let port: number;
  let service: RunningService;

  before(async () => {
    port = await freePort();
    service = await RunningService.start({ ports: [port] });
  });

  beforeEach(async () => {
    await service.configure({ ports: [port] });
    assert.equal((await service.reload()).kind, 'reloaded');
  });

  after(() => service[Symbol.asyncDispose]());

  it('refuses no connection and loses no request during five reloads under load', async () => {
    const load = new SteadyLoad(port);
    for (let i = 0; i < 5; i += 1) {
      await until('there is load', () => load.answered > 30 * i);
      assert.equal((await service.reload()).kind, 'reloaded');
    }
    const { answered, errors } = await load.end();

    assert.deepEqual(errors, []);
    assert.ok(answered > 120, `${answered} answers`);
  });

  it('goes on as it was when the new configuration is broken, and says where', async () => {
    await service.configure({ ports: [port], more: ['decision: { deadline: soon }'], secret: 'second' });
    const { code, out, err } = await service.reloadByCommand();

    assert.equal(code, 1);
    assert.equal(out, '');
    assert.match(err, /nauthilus\.yaml:\d+:\d+: decision\.deadline: .*\n.*goes on as it was/);
    assert.equal(await login({ port, secret: 'first' }), 200);
    assert.equal(await login({ port, secret: 'second' }), 401);
    await until('the log says so', async () =>
      (await service.lines()).some(
        ({ msg, error }) => String(msg).startsWith('change refused') && /yaml:\d+:\d+: decision/.test(String(error)),
      ),
    );

    writeFileSync(service.config, 'listeners: [');
    assert.match(refusal(await service.reload()), /nauthilus\.yaml:\d+:\d+: /);
    assert.equal(await login({ port }), 200);
  });

  it('goes on as it was when something the new configuration names cannot be used', async () => {
    const text = await readFile(service.config, 'utf8');
    await writeFile(service.config, text.replace('accounts.passwd', 'missing.passwd'));

    assert.match(refusal(await service.reload()), /nauthilus\.yaml:\d+:\d+: backends\[0\]\.path: .*missing\.passwd/);
    assert.equal(await login({ port }), 200);
  });

  it('has a changed secret of a caller in force on connections that stand', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    assert.equal(await login({ port, agent }), 200);
    await service.configure({ ports: [port], secret: 'second' });
    process.kill(service.pid, 'SIGHUP');
    await until('the change is in force', async () => (await login({ port, agent, secret: 'second' })) === 200);

    assert.equal(await login({ port, agent, secret: 'first' }), 401);
    agent.destroy();
  });

  it('opens listeners that are new and closes those that are gone', async () => {
    const [goes, comes] = [await freePort(), await freePort()];
    await service.configure({ ports: [port, goes] });
    await service.reload();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    await login({ port, agent });
    const socket = connect(goes, '127.0.0.1');
    await once(socket, 'connect');
    await service.configure({ ports: [comes, port] });
    assert.equal((await service.reload()).kind, 'reloaded');

    assert.equal(await login({ port: comes }), 200);
    assert.equal(await login({ port, agent }), 200);
    await assert.rejects(login({ port: goes }), { code: 'ECONNREFUSED' });
    await once(socket.resume(), 'close');
    agent.destroy();
  });

  it('keeps the listeners it has when one of the new ones cannot be had', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port: taken } = other.address() as { port: number };
    await service.configure({ ports: [await freePort(), taken], secret: 'second' });
    const why = refusal(await service.reload());
    other.close();

    assert.match(why, /nauthilus\.yaml:\d+:\d+: listeners\[1\]: cannot listen on .*another program/);
    assert.equal(await login({ port }), 200);
  });

  it('gives an address up for one that covers it', async () => {
    const text = await readFile(service.config, 'utf8');
    await writeFile(service.config, text.replace('address: 127.0.0.1', 'address: 0.0.0.0, allow_cleartext: true'));

    assert.equal((await service.reload()).kind, 'reloaded');
    assert.equal(await login({ port }), 200);
  });

  it('has an address again that it gave up for one that cannot be had', async () => {
    const other = createServer().listen(port, '127.0.0.2');
    await once(other, 'listening');
    const text = await readFile(service.config, 'utf8');
    await writeFile(service.config, text.replace('address: 127.0.0.1', 'address: 0.0.0.0, allow_cleartext: true'));
    const why = refusal(await service.reload());
    other.close();

    assert.match(why, /cannot listen on 0\.0\.0\.0 .*another program/);
    assert.equal(await login({ port }), 200);
  });

  it('has an address again that it gave up for one that covers it when a later one cannot be had', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port: taken } = other.address() as { port: number };
    const covering = `{ address: 0.0.0.0, port: ${port}, allow_cleartext: true }`;
    await service.configure({ ports: [], listeners: [covering, `{ address: 127.0.0.1, port: ${taken} }`] });
    const why = refusal(await service.reload());
    other.close();

    assert.match(why, /listeners\[1\]: cannot listen on .*another program/);
    assert.equal(await login({ port }), 200);
  });

  it('counts reloads, has one worker, and shows no gauge twice', async () => {
    const { body } = await read(port, '/metrics');

    assert.match(body, /^nauthilus_workers 1$/m);
    assert.match(body, /^nauthilus_worker_restarts_total 0$/m);
    assert.match(body, /^nauthilus_reloads_total\{what="configuration",result="taken"\} [1-9]/m);
    assert.deepEqual(body.match(/^nauthilus_backend_ready.*$/gm), ['nauthilus_backend_ready{backend="accounts"} 1']);
  });

  it('says that it does not become several', async () => {
    const redis = 'state: { redis: { url: "unix:/nowhere", secret: { file: state-secret } } }';
    await service.configure({ ports: [port], more: [redis, 'workers: 2'] });

    assert.match(refusal(await service.reload()), /nauthilus\.yaml:\d+:\d+: workers: .*only a restart/);
  });

  it('shares one reload among those who ask while another runs', async () => {
    const reloads = async () => {
      const { body } = await read(port, '/metrics');
      return Number(/^nauthilus_reloads_total\{what="configuration",result="taken"\} (\d+)$/m.exec(body)?.[1]);
    };
    const before = await reloads();
    const asked = Array.from({ length: 20 }, () => service.reload());
    for (const { kind } of await Promise.all(asked)) assert.equal(kind, 'reloaded');

    const done = (await reloads()) - before;
    assert.ok(done >= 1 && done <= 10, `${done} reloads`);
  });
});
