import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type RedisServer, type ServerProgram, startRedis } from '../daemons/redis.ts';
import { Trixie } from '../daemons/trixie.ts';
import { describeAllState } from './support/all-suites.ts';
import { configFor } from './support/shared-state.ts';

describe('with one Valkey of Debian 13', { concurrency: true }, () => {
  let server: RedisServer;
  before(async () => {
    const trixie = await Trixie.open();
    const program: ServerProgram = {
      spawn: (args) => trixie.spawn('valkey-server', args),
      folder: () => trixie.folder('valkey-state'),
    };
    server = await startRedis({ program });
  });
  after(() => server[Symbol.asyncDispose]());

  it('is Valkey indeed', async () => {
    assert.match(String(await server.run('INFO', 'server')), /valkey_version:8\./);
  });
  describeAllState('Valkey', () => configFor({ kind: 'socket', path: server.socket }));
});
