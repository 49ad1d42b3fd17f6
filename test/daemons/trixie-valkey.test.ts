import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './free-port.ts';
import { Trixie } from './trixie.ts';

const DEADLINE_MS = 10_000;

async function ask(port: number, command: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    socket.write(`${command}\r\n`);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    return answer.toString();
  } finally {
    socket.destroy();
  }
}

async function askUntilAnswered(port: number, command: string): Promise<string> {
  for (const deadline = Date.now() + DEADLINE_MS; ; await sleep(20)) {
    const answer = await ask(port, command).catch(() => undefined);
    if (answer !== undefined) return answer;
    if (Date.now() > deadline) throw new Error(`nothing answers on port ${port}`);
  }
}

describe('the Valkey of Debian 13', () => {
  it('answers on a port of the machine, and ends by its pid', async () => {
    const trixie = await Trixie.open();
    await using folder = await trixie.folder('valkey');
    const port = await freePort();
    const where = ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder.inside, '--save', ''];
    const server = trixie.spawn('valkey-server', where);
    const ended = once(server, 'exit');

    try {
      assert.equal(await askUntilAnswered(port, 'PING'), '+PONG\r\n');
      assert.match(await ask(port, 'INFO server'), /valkey_version:8\./);
      assert.match(await ask(port, 'INFO server'), new RegExp(`process_id:${server.pid}\\b`));
    } finally {
      server.kill('SIGTERM');
      await ended;
    }
    await assert.rejects(ask(port, 'PING'));
  });
});
