import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { listenAtUnixSocket, permit, UnixSocketError } from './unix-socket.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'unix-socket-'));
after(() => rmSync(folder, { recursive: true }));

describe('listening on a unix socket', () => {
  it('gives it the owner, group and mode, and removes it at the end', async () => {
    const place = { path: path.join(folder, 'owned'), owner: 65_534, group: 65_533, mode: 0o620 };
    const server = createServer();

    await listenAtUnixSocket(server, place);
    const { uid, gid, mode } = statSync(place.path);
    await permit({ ...place, mode: 0o600 });
    const changed = statSync(place.path).mode;
    await close(server);

    assert.deepEqual([uid, gid, mode & 0o777, changed & 0o777], [65_534, 65_533, 0o620, 0o600]);
    assert.equal(existsSync(place.path), false);
  });

  it('replaces what a dead process has left there', async () => {
    const stale = path.join(folder, 'stale');
    await leaveStale(stale);
    const server = createServer((socket) => socket.end('hello'));

    await listenAtUnixSocket(server, { path: stale, mode: 0o600 });
    const socket = connect(stale);
    const [greeting] = await once(socket, 'data');
    await close(server);

    assert.equal(String(greeting), 'hello');
  });

  it('leaves the socket of a program that runs to it', async () => {
    const taken = path.join(folder, 'taken');
    const other = createServer();
    await listenAtUnixSocket(other, { path: taken, mode: 0o600 });
    const server = createServer();

    await assert.rejects(
      () => listenAtUnixSocket(server, { path: taken, mode: 0o600 }),
      (error) => error instanceof UnixSocketError && /a program that runs listens there already/.test(error.message),
    );
    const socket = connect(taken);
    await once(socket, 'connect');
    socket.destroy();
    await close(other);

    assert.equal(server.listening, false);
  });

  it('leaves files that are no sockets alone, and says what is wrong with a folder', async () => {
    const file = path.join(folder, 'file');
    writeFileSync(file, 'kept');
    const refuses = (where: string, reason: RegExp) =>
      assert.rejects(() => listenAtUnixSocket(createServer(), { path: where, mode: 0o600 }), reason);

    await refuses(file, /file: is there and is no socket; remove it, or choose another path/);
    await refuses(path.join(folder, 'absent/socket'), /cannot listen there: its folder is not there, or/);
    await refuses(path.join(folder, 'x'.repeat(120)), /longer than 107 bytes/);

    assert.equal(statSync(file).size, 4);
  });
});

function close(server: Server): Promise<unknown> {
  return new Promise((resolve) => server.close(resolve));
}

/** A socket of a process that was killed. */
async function leaveStale(where: string): Promise<void> {
  const child = spawn(process.execPath, [
    '-e',
    `require('node:net').createServer().listen(${JSON.stringify(where)}, () => process.kill(process.pid, 'SIGKILL'))`,
  ]);
  await once(child, 'exit');
  assert.ok(existsSync(where));
}
