import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { aLineWorld } from '../../../test/support/fake-wire.ts';
import { knockAndReset } from '../../../test/support/knock-and-reset.ts';
import { MemoryBackend } from '../../../test/support/memory-backend.ts';
import { makeSelfSigned } from '../../cli/init/self-signed.ts';
import type { LineLimits } from './line-config.ts';
import { LineListener, type LineListenerSettings } from './line-listener.ts';
import { type LineProtocol, Work } from './line-session.ts';

const GREETING = 'VERSION\t1\t2\nCPID\t1\n';
const LIMITS: LineLimits = {
  requestTimeoutMs: 60_000,
  idleTimeoutMs: 60_000,
  maxConnections: 100,
  maxConnectionsPerPeer: 100,
};

function auth(id: number, password = 'alice-pw'): string {
  const response = Buffer.from(`\0alice@example.test\0${password}`).toString('base64');
  return `AUTH\t${id}\tPLAIN\tservice=smtp\tresp=${response}\n`;
}

/** The other side of a connection: all that has come in, and whether it is over. */
class Peer {
  readonly socket: Socket;
  text = '';
  isClosed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      this.text += chunk;
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.isClosed = true;
    });
    socket.on('end', () => {
      this.isClosed = true;
    });
  }

  async until(isSo: () => boolean): Promise<void> {
    for (const deadline = Date.now() + 8000; !isSo(); await sleep(5))
      if (Date.now() > deadline) throw new Error(`it never came to that: ${JSON.stringify(this.text.slice(-200))}`);
  }

  closed(): Promise<void> {
    return this.until(() => this.isClosed);
  }
}

describe('a listener for lines', { concurrency: 4 }, () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'line-listener-'));
  after(() => rmSync(folder, { recursive: true }));
  let count = 0;

  async function open(changes: Partial<LineLimits> = {}, more: Partial<LineListenerSettings> = {}) {
    const backend = new MemoryBackend([{ name: 'alice@example.test', password: 'alice-pw' }]);
    const world = aLineWorld(backend, { work: new Work(1000) });
    const settings: LineListenerSettings = {
      protocol: 'sasl',
      parts: world.parts,
      place: { kind: 'tcp', address: '127.0.0.1', port: 0 },
      limits: { ...LIMITS, ...changes },
      networks: [],
      ...more,
    };
    const listener = await LineListener.open(settings);
    const meet = () => new Peer(connect(Number(listener.place.split(':').at(-1)), '127.0.0.1'));
    const dispose = () => listener.close(AbortSignal.abort());
    return { backend, listener, meet, settings, world, [Symbol.asyncDispose]: dispose };
  }

  it('answers requests in whatever pieces they come, and however many', async () => {
    await using world = await open();
    const peer = world.meet();
    const all = GREETING + Array.from({ length: 2000 }, (_, id) => auth(id, id % 2 === 0 ? 'alice-pw' : 'x')).join('');
    for (let at = 0; at < all.length; at += 3001) peer.socket.write(all.slice(at, at + 3001));
    await peer.until(() => peer.text.includes('\t1999\t'));

    assert.equal(peer.text.match(/^OK\t\d+\tuser=alice@example\.test$/gm)?.length, 1000);
    assert.equal(peer.text.match(/^FAIL\t/gm)?.length, 1000);
    peer.socket.destroy();
  });

  it('reads no more than it can answer', async () => {
    await using world = await open();
    const { promise, resolve } = Promise.withResolvers<void>();
    world.backend.delay = promise;
    const peer = world.meet();
    peer.socket.write(GREETING + Array.from({ length: 500 }, (_, id) => auth(id)).join(''));
    await peer.until(() => world.backend.asked.length >= 128);
    await sleep(50);

    assert.equal(world.backend.asked.length, 128);
    resolve();
    await peer.until(() => (peer.text.match(/^OK\t/gm)?.length ?? 0) === 500);
    peer.socket.destroy();
  });

  it('answers who has said all it wanted to say, then closes', async () => {
    await using world = await open();
    const peer = world.meet();
    peer.socket.end(GREETING + auth(1));
    await peer.closed();

    assert.match(peer.text, /^OK\t1\t/m);
  });

  it('has nothing more to do with who sends a line without an end', async () => {
    await using world = await open();
    const peer = world.meet();
    peer.socket.write(`${GREETING}${'x'.repeat(20_000)}`);
    await peer.closed();

    assert.equal(world.world.lines[0]?.['error'], 'a line is longer than 16384 bytes');
  });

  for (const [what, sent, changes, reason] of [
    ['sends no greeting in time', '', { requestTimeoutMs: 100 }, 'slow'],
    ['sends half a request and waits', `${GREETING}AUTH\t1`, { requestTimeoutMs: 100 }, 'slow'],
    ['has not asked for long', GREETING, { idleTimeoutMs: 100 }, undefined],
  ] as const)
    it(`closes the connection of who ${what}`, async () => {
      await using world = await open(changes);
      const peer = world.meet();
      peer.socket.write(sent);
      await peer.closed();
      await peer.until(() => reason === undefined || world.world.lines.some((line) => line['reason'] === reason));
    });

  it('says nothing of who was gone before the connection was accepted', async () => {
    await using world = await open({}, { networks: ['127.0.0.0/8'] });
    knockAndReset(Number(world.listener.place.split(':').at(-1)));
    const peer = world.meet();
    peer.socket.end(GREETING + auth(1));
    await peer.closed();
    await world.listener.close(AbortSignal.abort());

    assert.match(peer.text, /^OK\t1\t/m);
    assert.deepEqual(
      world.world.lines.filter(({ msg }) => msg !== 'login accepted'),
      [],
    );
  });

  it('answers what is under way of who has failed, hears nothing more of it, and closes', async () => {
    await using world = await open();
    const { promise, resolve } = Promise.withResolvers<void>();
    world.backend.delay = promise;
    const peer = world.meet();
    peer.socket.write(GREETING + auth(1) + auth(1));
    await peer.until(() => world.backend.asked.length === 1);
    for (let i = 0; i < 20; i += 1) {
      peer.socket.write(auth(10 + i));
      await sleep(2);
    }
    resolve();
    await peer.closed();

    assert.match(peer.text, /^OK\t1\t/m);
    assert.equal(world.backend.asked.length, 1);
  });

  it('holds but so many connections, in all and of one address', async () => {
    await using few = await open({ maxConnections: 1 });
    await using fewOfOne = await open({ maxConnectionsPerPeer: 1 });
    for (const [world, reason] of [
      [few, 'too-many'],
      [fewOfOne, 'too-many-of-peer'],
    ] as const) {
      const first = world.meet();
      await first.until(() => first.text.endsWith('DONE\n'));
      const second = world.meet();
      await second.closed();
      assert.deepEqual([first.isClosed, second.text, world.listener.connections], [false, '', 1]);
      await second.until(() => world.world.lines.some((line) => line['reason'] === reason));
      first.socket.destroy();
      await second.until(() => world.listener.connections === 0);
      const third = world.meet();
      await third.until(() => third.text.endsWith('DONE\n'));
      third.socket.destroy();
    }
  });

  it('takes connections from the networks that may connect only', async () => {
    await using world = await open({}, { networks: ['192.0.2.0/24'] });
    const peer = world.meet();
    await peer.closed();

    assert.equal(peer.text, '');
  });

  it('lets what is under way be answered when it closes, and ends other connections', async () => {
    const world = await open();
    const { promise, resolve } = Promise.withResolvers<void>();
    world.backend.delay = promise;
    const [busy, idle] = [world.meet(), world.meet()];
    for (const peer of [busy, idle]) await peer.until(() => peer.text.endsWith('DONE\n'));
    busy.socket.write(GREETING + auth(1));
    idle.socket.write(GREETING);
    await busy.until(() => world.backend.asked.length === 1);
    const closed = world.listener.close(AbortSignal.timeout(8000));
    await idle.closed();
    assert.equal(busy.isClosed, false);
    resolve();
    await closed;

    assert.match(busy.text, /^OK\t1\t/m);
  });

  it('cuts off what takes longer than it may when it closes', async () => {
    const world = await open();
    world.backend.delay = new Promise(() => {});
    const peer = world.meet();
    peer.socket.write(GREETING + auth(1));
    await peer.until(() => world.backend.asked.length === 1);
    await world.listener.close(AbortSignal.timeout(50));
    await peer.closed();
  });

  it('asks whom it is told to after a change, over connections that stand', async () => {
    await using world = await open();
    const peer = world.meet();
    peer.socket.write(GREETING + auth(1));
    await peer.until(() => peer.text.includes('OK\t1\t'));
    const next = aLineWorld(new MemoryBackend([{ name: 'alice@example.test', password: 'another' }]));
    await world.listener.change({ ...world.settings, parts: next.parts });
    peer.socket.write(auth(2) + auth(3, 'another'));
    await peer.until(() => peer.text.includes('OK\t3\t'));

    assert.match(peer.text, /^FAIL\t2\t/m);
    peer.socket.destroy();
  });

  it('ends connections of another protocol after a change', async () => {
    await using world = await open();
    const peer = world.meet();
    peer.socket.write(GREETING);
    await peer.until(() => peer.text.endsWith('DONE\n'));
    await world.listener.change({ ...world.settings, protocol: 'socketmap' satisfies LineProtocol });
    const another = world.meet();
    another.socket.write('24:boxes alice@example.test,');
    await another.until(() => another.text === '5:OK OK,');
    another.socket.destroy();
  });

  it('speaks TLS, and takes it up after a change', async () => {
    const { certificate, key } = await makeSelfSigned(['localhost'], ['127.0.0.1'], new Date());
    const tls = { certificate: Buffer.from(certificate), key: Buffer.from(key), minVersion: 'TLSv1.2' } as const;
    await using world = await open();
    await world.listener.change({ ...world.settings, tls });
    const port = Number(world.listener.place.split(':').at(-1));
    const peer = new Peer(connectTls({ port, host: '127.0.0.1', ca: certificate, servername: 'localhost' }));
    peer.socket.write(GREETING + auth(1));
    await peer.until(() => peer.text.includes('OK\t1\t'));
    const plain = world.meet();
    plain.socket.write(GREETING);
    await plain.closed();

    assert.equal(plain.text.includes('DONE'), false);
    peer.socket.destroy();
  });

  it('listens on a unix socket', async () => {
    const where = path.join(folder, `socket${++count}`);
    await using world = await open({}, { place: { kind: 'unix', socket: { path: where, mode: 0o600 } } });
    const peer = new Peer(connect(where));
    await once(peer.socket, 'connect');
    peer.socket.write(GREETING + auth(1));
    await peer.until(() => peer.text.includes('OK\t1\t'));

    assert.equal(world.listener.place, `unix:${where}`);
    peer.socket.destroy();
  });
});
