import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { runCommandLine } from '../../src/cli/command-line.ts';
import type { CommandIo } from '../../src/cli/command-io.ts';
import { type Ended, RunningService } from '../supervision/support/running-service.ts';

describe('nauthilus block', () => {
  let service: RunningService;
  before(async () => {
    service = await RunningService.start({ ports: [0] });
  });
  after(() => service[Symbol.asyncDispose]());

  const block = (...args: string[]): Promise<Ended> => run(['block', ...args, '--config', service.config]);

  it('adds, lists, explains and removes, and says how it went', async () => {
    assert.deepEqual(await block('list'), { code: 0, out: '', err: '' });

    const added = await block('add', '--network', '198.51.100.0/24', '--for', '2h', '--reason', 'stolen passwords');
    assert.equal(added.code, 0, added.err);
    assert.match(added.out, /^blocked: 198\.51\.100\.0\/24 until \d{4}-\d\d-\d\dT[\d:.]+Z\n$/);
    const until = new Date(Date.now() + 86_400_000).toISOString();
    const left = await block('add', '--account', 'alice@example.test', '--until', until, '--reason', 'left');
    assert.deepEqual([left.code, left.out], [0, `blocked: alice@example.test until ${until}\n`]);

    const listed = await block('list', '--address', '198.51.100.7');
    assert.match(
      listed.out,
      /^WHOM +RULE +UNTIL +BY +REASON\n198\.51\.100\.0\/24 +manual +\S+ +control +stolen passwords\n$/,
    );
    assert.match((await block('list', '--rule', 'manual')).out, /\nalice@example\.test +manual/);
    const json = JSON.parse((await block('list', '--account', 'alice@example.test', '--json')).out) as {
      result: [{ entries: object[] }];
    };
    assert.equal(json.result[0].entries.length, 1);

    const why = await block('why', '--address', '198.51.100.7');
    assert.equal(why.code, 1);
    assert.match(why.out, /refused \(blocked\) by check-guesses: an operator has blocked 198\.51\.100\.0\/24 until/);
    assert.match(why.out, /nauthilus block remove --address 198\.51\.100\.7 --rule manual/);

    const exported = await block('export', '--format', 'nftables');
    assert.match(exported.out, /add element inet nauthilus blocked4 \{\n {2}198\.51\.100\.0\/24 timeout \d+s,\n\}/);

    const removed = await block('remove', '--address', '198.51.100.7');
    assert.deepEqual([removed.code, removed.out], [0, 'ended: 198.51.100.0/24 (manual)\n']);
    const again = await block('remove', '--address', '198.51.100.7');
    assert.deepEqual([again.code, again.err], [1, 'nauthilus: no such block is in force\n']);
    assert.equal((await block('why', '--address', '198.51.100.7')).code, 0);

    const flushed = await block('flush', '--account', 'alice@example.test');
    assert.deepEqual([flushed.code, flushed.out], [0, 'flushed: 1 blocks ended, 0 counters forgotten\n']);
    assert.deepEqual((await block('list')).out, '');
  });

  it('says what was asked in a wrong way, with exit code 2', async () => {
    const wrong: readonly (readonly [string[], RegExp])[] = [
      [['add', '--address', '192.0.2.1', '--reason', 'x'], /give either --for or --until/],
      [['add', '--address', '192.0.2.1', '--reason', 'x', '--for', 'long'], /is no time/],
      [['add', '--address', 'x', '--reason', 'x', '--for', '1d'], /ip_address: must be an IPv4 or IPv6 address/],
      [
        ['add', '--network', '192.0.2.0/25', '--reason', 'x', '--for', '1d'],
        /only networks of \/32, \/24, \/16 can be blocked/,
      ],
      [['remove'], /one of ip_address, network, account and rule is required/],
      [['flush'], /an address, a network or an account is required/],
      [['why'], /give either a SESSION, or --account or --address/],
      [['export', '--table', 'a b'], /is no name of a table/],
      [['export', '--format', 'pf'], /Allowed choices are nftables/],
    ];
    for (const [args, message] of wrong) {
      const { code, err } = await block(...args);
      assert.equal(code, 2, `${args.join(' ')}: ${err}`);
      assert.match(err, message);
    }
  });
});

/** Runs a command in this process, which takes a tenth of the time. */
async function run(args: readonly string[]): Promise<Ended> {
  let code = 0;
  let out = '';
  let err = '';
  const io: CommandIo = {
    env: {},
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    readPassword: () => Promise.reject(new Error('no password is asked for')),
    readNewPassword: () => Promise.reject(new Error('no password is asked for')),
    exitWith: (exitCode) => void (code = exitCode),
  };
  await runCommandLine(args, io);
  return { code, out, err };
}
