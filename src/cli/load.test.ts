import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { Secret } from '../login/secret.ts';
import { runCommandLine } from './command-line.ts';
import type { CommandIo } from './command-io.ts';

let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nauthilus-load-'));
});
after(() => rm(folder, { recursive: true }));

async function table(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text);
  return join(folder, name);
}

/** Runs `nauthilus load …` for somebody who types a secret. */
async function load(args: readonly string[], secret = 'mx:secret') {
  const outcome = { out: '', err: '', exitCode: 0 };
  const io: CommandIo = {
    env: {},
    out: (text) => (outcome.out += text),
    err: (text) => (outcome.err += text),
    readPassword: () => Promise.resolve(Secret.fromText(secret)),
    readNewPassword: () => Promise.reject(new Error('nobody asks for a new one')),
    exitWith: (code) => (outcome.exitCode = code),
  };
  await runCommandLine(['load', ...args], io);
  return outcome;
}

it('load says what is wrong with its arguments and tables, and ends with 2', async () => {
  const csv = await table('good.csv', 'user,password\nalice,x\n');
  const url = ['--url', 'http://127.0.0.1:1/'];
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [url, /required option '--csv <file>'/],
    [['--csv', csv, '--url', 'http://mx:secret@127.0.0.1/'], /must hold no credentials/],
    [['--csv', csv, '--url', 'ftp://127.0.0.1/'], /must be a URL such as https/],
    [['--csv', csv, ...url, '--concurrency', '0'], /whole number from 1 to 10000/],
    [['--csv', csv, ...url, '--duration', '5'], /must be a time such as/],
    [['--csv', csv, ...url, '--door', 'smtp'], /Allowed choices are json, header, basic/],
    [['--csv', '/nowhere.csv', ...url], /\/nowhere\.csv: cannot be read \(ENOENT\)/],
    [['--csv', await table('nobody.csv', 'password\n'), ...url], /has no column username/],
    [['--csv', await table('twice.csv', 'user,login\n'), ...url], /are both username/],
    [['--csv', await table('empty.csv', 'user\n'), ...url], /has no rows/],
    [['--csv', await table('nothing.csv', ''), ...url], /has no rows/],
    [['--csv', '-', ...url], /the table is read from standard input; name a file with the secret/],
    [['--csv', csv, ...url, '--ca', '/nowhere.pem'], /\/nowhere\.pem: cannot be read/],
    [['--csv', csv, ...url, '--token-file', csv, '--credential-file', csv], /a caller has one proof/],
  ];
  for (const [args, message] of cases) {
    const { exitCode, err, out } = await load(args);
    assert.match(err, message);
    assert.equal(exitCode, 2, String(message));
    assert.equal(out, '');
  }
  const unnamed = await load(['--csv', csv, ...url], 'secret');
  assert.match(unnamed.err, /a credential has the form name:secret/);
});

it('load tells of columns that mean nothing, and never shows a password', async () => {
  const csv = await table('odd.csv', 'user,password,comment\nalice,alice-pw,x\n');
  const { err, out, exitCode } = await load(['--csv', csv, '--url', 'http://127.0.0.1:1/']);

  assert.match(err, /columns that mean nothing here: "comment"/);
  assert.match(out, /^1 asked in .*\n {2}accepted 0, refused 0, deferred 0, failed 1\n/);
  assert.doesNotMatch(out + err, /alice-pw|mx:secret/);
  assert.equal(exitCode, 1);
});
