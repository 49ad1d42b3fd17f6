import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { TrialStep } from '../../src/cli/check/online.ts';
import { freePort } from '../daemons/free-port.ts';
import { type RedisServer, startRedis } from '../daemons/redis.ts';
import { runCommand } from '../support/run-command.ts';

const HASH = '{SSHA}0GUhEOmNTPyJDJXsHvibOnEARxx9f+A7';
const ACL = [
  'requirepass right',
  'user reader on >right ~nauthilus:* &nauthilus:* -@all +@read +@connection +info +client',
];

describe('nauthilus check --online with shared state', () => {
  const opened = new AsyncDisposableStack();
  let folder = '';
  let redis: RedisServer;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nauthilus-online-'));
    opened.defer(() => rm(folder, { recursive: true }));
    redis = opened.use(await startRedis({ settings: ACL }));
    const files = {
      'caller.hash': HASH,
      'right.secret': 'right',
      'wrong.secret': 'wrong',
      'state.secret': 's'.repeat(32),
    };
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, { mode: 0o600 });
    await writeFile(join(folder, 'accounts.passwd'), `alice:${HASH}::::::\n`, { mode: 0o600 });
  });
  after(() => opened.disposeAsync());

  async function check(port: number, settings: object = {}) {
    const file = join(folder, 'nauthilus.yaml');
    const server = {
      url: `redis://127.0.0.1:${port}`,
      password: { file: 'right.secret' },
      connect_timeout: '500ms',
    };
    const state = { redis: { ...server, secret: { file: 'state.secret' }, ...settings } };
    const callers = [{ name: 'c', secret: { file: 'caller.hash' }, scopes: ['authenticate'] }];
    const backends = [{ name: 'accounts', type: 'file', path: 'accounts.passwd' }];
    await writeFile(file, JSON.stringify({ listeners: [{ port: 1 }], callers, backends, state }));
    const { out, exitCode } = await runCommand('check', '--config', file, '--online', '--json');
    const { online = [] } = JSON.parse(out) as { online?: readonly TrialStep[] };
    const steps = online.map(({ backend, step, result }) => `${backend} ${step} ${result}`);
    return { exitCode, steps, out, failed: online.find(({ result }) => result === 'failed') };
  }

  it('tells of all that works, and leaves nothing behind', async () => {
    const { exitCode, steps, out } = await check(redis.port);

    assert.deepEqual(
      steps,
      ['connect', 'write', 'script', 'announce'].map((step) => `state.redis ${step} ok`),
      out,
    );
    assert.equal(exitCode, 0);
    for (let i = 0; i < 100 && (await redis.run('dbsize')) !== 0; i += 1)
      await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(await redis.run('dbsize'), 0);
  });

  for (const [what, settings, step, message, advice] of [
    ['the password is wrong', { password: { file: 'wrong.secret' } }, 'connect', /WRONGPASS/, /state\.redis\.password/],
    ['the user may not write', { username: 'reader' }, 'write', /NOPERM/, /docs\/guides\/state\.md/],
  ] as const)
    it(`says what to set where ${what}, and ends with 1`, async () => {
      const { exitCode, failed, out } = await check(redis.port, settings);

      assert.equal(failed?.step, step, out);
      assert.match(failed?.message ?? '', message);
      assert.match(failed?.advice ?? '', advice);
      assert.equal(exitCode, 1);
    });

  it('says that nobody is there, within the deadline', async () => {
    const begun = performance.now();
    const { exitCode, failed } = await check(await freePort());

    assert.match(failed?.message ?? '', /ECONNREFUSED/);
    assert.match(failed?.advice ?? '', /start the server/);
    assert.equal(exitCode, 1);
    assert.ok(performance.now() - begun < 10_000);
  });
});
