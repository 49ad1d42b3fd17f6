import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { RunningService, runCommand } from './support/running-service.ts';

describe('the control socket', () => {
  it('is for its owner only, taken over from a service that was killed, and gone when the service is', async () => {
    await using service = await RunningService.start({ ports: [0] });
    const socket = join(service.folder, 'run', 'control.sock');
    assert.equal(statSync(socket).mode & 0o777, 0o600);
    assert.equal((await service.control('GET', '/api/v1/reload')).status, 405);
    assert.equal((await service.control('GET', '/api/v1/nothing')).status, 404);

    const second = await runCommand(['serve', '--config', service.config]);
    assert.equal(second.code, 1);
    assert.ok(second.err.includes(`control.socket: ${socket}: a service that runs has this socket`), second.err);
    assert.equal((await service.reload()).kind, 'reloaded');

    await service.end('SIGKILL');
    const dead = await service.reloadByCommand();
    assert.equal(dead.code, 1);
    assert.ok(dead.err.includes(`nobody answers at the control socket ${socket}`), dead.err);

    await service.start();
    const { code, out } = await service.reloadByCommand();
    assert.equal(code, 0);
    assert.match(out, /nauthilus\.yaml: in force/);

    assert.equal(await service.end('SIGTERM'), 0);
    assert.throws(() => statSync(socket), { code: 'ENOENT' });
    const { err } = await service.reloadByCommand();
    assert.ok(err.includes(`no service runs: there is no control socket ${socket}`), err);
  });

  it('takes the place of nothing that is no socket', async () => {
    await using service = await RunningService.prepare({ ports: [0], more: ['control: { socket: accounts.passwd }'] });

    await assert.rejects(service.start(), /nauthilus\.yaml:\d+:\d+: control\.socket: .*accounts\.passwd: is no socket/);
  });
});
