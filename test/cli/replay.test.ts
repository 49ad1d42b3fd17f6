import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Instance } from '../operating/support/instance.ts';
import { runCommand, until } from '../supervision/support/running-service.ts';

const LAUNCHER = fileURLToPath(new URL('../../bin/nauthilus', import.meta.url));
const STRICT =
  'protection: { networks: [{ name: strict, window: 10m, limit: 3, block: 10m, longest_block: 1h, ipv4_prefix: 24, ipv6_prefix: 64 }] }';

interface Replayed {
  readonly logins: number;
  readonly accepted: number;
  readonly other: number;
  readonly broken: number;
  readonly brokenLines: readonly { readonly line: number; readonly problem: string }[];
  readonly rules: readonly {
    readonly rule: string;
    readonly assumption: string;
    readonly refused: number;
    readonly accepted: number;
    readonly rightLater: number;
  }[];
  readonly ownersRefused: Readonly<Record<string, number>>;
}

describe('nauthilus replay, over a log that the service has written', () => {
  let service: Instance;
  let log: string;
  let strict: string;

  before(async () => {
    service = await Instance.start();
    log = join(service.folder, 'log');
    await service.logIn({ username: 'alice@example.test', password: 'alice-pw', address: '192.0.2.7' });
    for (let i = 0; i < 6; i += 1)
      await service.logIn({ username: `nobody${i}@example.test`, password: `x ${i}`, address: '198.51.100.9' });
    await service.logIn({ username: 'bob@example.test', password: 'not his', address: '198.51.100.10' });
    await service.logIn({ username: 'bob@example.test', password: 'bob-pw', address: '198.51.100.10' });
    await service.logIn({ username: 'bob@example.test', password: 'bob-pw', address: '198.51.100.10' });
    await until(
      'the log is written',
      async () => (await service.lines()).filter(({ mode }) => mode !== undefined).length === 10,
    );
    strict = join(service.folder, 'strict.yaml');
    await writeFile(strict, `${await readFile(join(service.folder, 'nauthilus.yaml'), 'utf8')}${STRICT}\n`);
  });
  after(() => service[Symbol.asyncDispose]());

  it('finds nothing to refuse by the rules that were in force', async () => {
    const { code, out, err } = await runCommand(['replay', log]);

    assert.deepEqual([code, err], [0, '']);
    assert.match(out, /: 10 logins from .+, 0 broken\nin the log 3 logins were accepted, 0 kept out by rules\n/);
    assert.match(out, /no rule would have refused a login/);
  });

  it('says what stricter rules would have refused, and that some of it was right', async () => {
    const { code, out } = await runCommand(['replay', '--json', '--config', strict, log]);

    assert.equal(code, 1, 'an accepted login would have been refused');
    const report = JSON.parse(out) as Replayed;
    const count = report.rules.find(({ rule, assumption }) => rule === 'strict' && assumption === 'repeated');
    // Of six names that nobody has, the last three; then all that bob tries out of the same /24, right or wrong.
    assert.deepEqual(
      [count?.refused, count?.accepted, count?.rightLater, report.ownersRefused['repeated']],
      [6, 2, 1, 2],
    );
  });

  it('shows people a table', async () => {
    const { out } = await runCommand(['replay', '--config', strict, log]);

    assert.match(out, /^rule +wrong passwords +refused +accepted then +right later +observed$/m);
    assert.match(out, /^strict +one per account +6 +2 +1 +0$/m);
    assert.match(out, /line \d+ .* bob@example\.test from 198\.51\.100\.10: strict/);
  });

  it('reads standard input, and names broken lines', async () => {
    const input = `{"torn":\n${await readFile(log, 'utf8')}`;
    const { status, stdout } = spawnSync(LAUNCHER, ['replay', '--json'], { input, encoding: 'utf8' });

    const report = JSON.parse(stdout) as Replayed;
    assert.equal(status, 0);
    assert.deepEqual([report.logins, report.broken], [10, 1]);
    assert.deepEqual(report.brokenLines, [{ line: 1, problem: 'is not a JSON object' }]);
  });

  it('tells what cannot be used: no log, no login in it, a broken configuration, too many arguments', async () => {
    const none = await runCommand(['replay', join(service.folder, 'nothing')]);
    assert.deepEqual([none.code, none.err], [1, `nauthilus: ${service.folder}/nothing cannot be read (ENOENT)\n`]);

    const empty = join(service.folder, 'empty');
    await appendFile(empty, '{"level":"info","msg":"ready"}\n');
    const without = await runCommand(['replay', empty]);
    assert.deepEqual([without.code, without.err], [1, `nauthilus: there is no login in ${empty}\n`]);

    await writeFile(join(service.folder, 'broken.yaml'), 'protection: { accounts: { mode: perhaps } }\n');
    const broken = await runCommand(['replay', '--config', join(service.folder, 'broken.yaml'), log]);
    assert.equal(broken.code, 1);
    assert.match(broken.err, /broken\.yaml:1:.*protection\.accounts\.mode/);

    assert.equal((await runCommand(['replay', log, log])).code, 2);
  });
});
