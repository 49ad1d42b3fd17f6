import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Secret } from '../../src/login/secret.ts';
import { hashPassword } from '../../src/passwords/hash-password.ts';
import { freePort } from '../daemons/free-port.ts';
import { type Nauthilus, startNauthilus } from '../daemons/nauthilus.ts';
import { tryTool } from '../daemons/run-tool.ts';

const LAUNCHER = fileURLToPath(new URL('../../bin/nauthilus', import.meta.url));

let folder: string;
let service: Nauthilus;
let plainUrl: string;
let credential: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nauthilus-load-'));
  const hash = await hashPassword(Secret.fromText('a "quoted", secret'), 'SSHA512');
  const plainPort = await freePort();
  plainUrl = `http://127.0.0.1:${plainPort}/`;
  service = await startNauthilus({
    accounts: `alice@example.test:${hash}::::::\nbob@example.test:${hash}::::::\n`,
    plainPort,
    settings: ['basic: { enabled: true }'],
  });
  credential = join(folder, 'credential');
  await writeFile(credential, `${service.credential}\n`);
});
after(async () => {
  await service[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

async function table(rows: readonly string[]): Promise<string> {
  const file = join(folder, `${Math.random()}.csv`);
  await writeFile(file, rows.map((row) => `${row}\n`).join(''));
  return file;
}

const HEAD = 'Account;Password;service;client_ip;expected_ok';
const ROWS = [
  HEAD,
  'alice@example.test;"a ""quoted"", secret";imap;192.0.2.1;true',
  'bob@example.test;wrong;imap;192.0.2.2;false',
  'nobody@example.test;x;imap;192.0.2.3;false',
];

function load(...args: readonly string[]) {
  return tryTool([LAUNCHER, 'load', ...args]);
}

describe('nauthilus load', () => {
  it('finds all as expected at each door, over HTTPS and HTTP', async () => {
    const csv = await table(ROWS);
    const secured = ['--url', new URL(service.url).origin, '--ca', service.caFile, '--credential-file', credential];
    for (const [door, where] of [
      ['json', secured],
      ['json', ['--url', plainUrl, '--credential-file', credential, '--no-keep-alive']],
      ['header', ['--url', plainUrl, '--credential-file', credential]],
      ['basic', ['--url', plainUrl]],
    ] as const) {
      const { exitCode, stdout, stderr } = await load('--csv', csv, '--door', door, ...where);
      assert.equal(exitCode, 0, `${door}: ${stdout}${stderr}`);
      assert.match(
        stdout,
        /^3 asked in .*\n {2}accepted 1, refused 2, deferred 0, failed 0\n {2}as expected 3, /,
        door,
      );
      assert.match(stdout, /latency in ms: p50 /);
    }
  });

  it('tells rows that were decided otherwise, as an object too, and ends with 1', async () => {
    const csv = await table([...ROWS, 'bob@example.test;wrong;imap;192.0.2.4;true', 'short']);
    const where = ['--url', plainUrl, '--credential-file', credential, '--json', '--no-progress'];
    const { exitCode, stdout } = await load('--csv', csv, ...where);
    assert.equal(exitCode, 1);
    const report = JSON.parse(stdout) as Record<string, unknown>;
    assert.partialDeepStrictEqual(report, { asked: 5, as_expected: 3, mismatched: 2, interrupted: false });
    assert.deepEqual(
      (report['mismatches'] as Record<string, unknown>[]).toSorted((a, b) => Number(a['row']) - Number(b['row'])),
      [
        { row: 4, line: 5, username: 'bob@example.test', expected: 'accepted', found: 'refused (403)' },
        {
          row: 5,
          line: 6,
          username: 'short',
          expected: 'a decision',
          found: 'failed (has 1 fields where the first line has 5)',
        },
      ],
    );
  });

  it('asks over and over for a time, takes the secret from standard input, and looks accounts up', async () => {
    const csv = await table(['user,no_auth,expected_ok', 'alice@example.test,1,1', 'nobody@example.test,1,0']);
    const command = [LAUNCHER, 'load', '--csv', csv, '--url', plainUrl, '--duration', '2s', '--rate', '100'];
    const { exitCode, stdout } = await tryTool([...command, '--json'], service.credential);
    assert.equal(exitCode, 0, stdout);
    const { asked } = JSON.parse(stdout) as { asked: number };
    assert.ok(asked > 2 && asked <= 250, `${asked} asked`);
  });

  it('prints its report when it is interrupted', async () => {
    const csv = await table(ROWS);
    const args = ['load', '--csv', csv, '--url', plainUrl, '--credential-file', credential];
    const child = spawn(LAUNCHER, [...args, '--loops', '1000000', '--rate', '50'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const stdout = text(child.stdout);
    // The first word on the way says that it has begun.
    await once(child.stderr, 'data');
    child.kill('SIGINT');
    await once(child, 'exit');
    assert.match(await stdout, /^interrupted: \d+ asked in /);
  });

  it('counts as failed what nobody answers, or answers too late', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const csv = await table(ROWS);
    const late = await load('--csv', csv, '--url', url, '--credential-file', credential, '--timeout', '200ms');
    silent.closeAllConnections();
    silent.close();
    await once(silent, 'close');
    assert.equal(late.exitCode, 1);
    assert.match(late.stdout, /failed 3\n[^]*found failed \(no answer in time\)/);
    const away = await load('--csv', csv, '--url', url, '--credential-file', credential);
    assert.match(away.stdout, /found failed \(ECONNREFUSED\)/);
  });
});
