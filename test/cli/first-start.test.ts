import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { freePort } from '../daemons/free-port.ts';

const PROGRAM = path.resolve('bin/nauthilus');

function run(args: readonly string[], input = '') {
  const { status, stdout, stderr } = spawnSync(PROGRAM, args, { input, encoding: 'utf8', timeout: 30_000 });
  return { status, stdout, stderr };
}

async function untilSaid(child: ChildProcess, words: string): Promise<string> {
  let said = '';
  for await (const chunk of child.stderr ?? []) {
    said += String(chunk);
    if (said.includes(words)) return said;
  }
  throw new Error(`it never said "${words}", but: ${said}`);
}

/** Answers a command's questions at a terminal, which script(1) gives it; the result is all that was shown there. */
async function typeAt(args: readonly string[], answers: readonly string[]): Promise<string> {
  const command = [PROGRAM, ...args].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['-qec', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting = [...answers];
  let shown = '';
  let asked = 0;
  for await (const chunk of child.stdout) {
    shown += String(chunk);
    const questions = shown.split(/: (?=$|\r)/).length - 1;
    for (; asked < questions && waiting.length > 0; asked += 1) child.stdin.write(`${waiting.shift()}\r`);
  }
  return shown;
}

describe('a first start', () => {
  let folder: string;
  let port: number;
  const config = () => path.join(folder, 'nauthilus.yaml');
  const hints = () => path.join(folder, 'hints.txt');

  before(async () => {
    folder = path.join(mkdtempSync(path.join(tmpdir(), 'nauthilus-first-')), "da'ta");
    port = await freePort();
    const made = run(['init', '--demo', folder]);
    assert.equal(made.status, 0, made.stderr);
    for (const file of [config(), hints()])
      writeFileSync(file, readFileSync(file, 'utf8').replaceAll('9443', String(port)));
  });

  after(() => rmSync(path.dirname(folder), { recursive: true }));

  it('makes a folder whose secrets only their owner can read', () => {
    for (const file of [
      'callers/dovecot.credential',
      'callers/dovecot.hash',
      'tls/key.pem',
      'demo-passwords',
      'hints.txt',
    ])
      assert.equal(statSync(path.join(folder, file)).mode & 0o777, 0o600, file);
    assert.equal(statSync(path.join(folder, 'accounts.passwd')).mode & 0o007, 0);
  });

  it('has a configuration without a problem', () => {
    const { status, stdout, stderr } = run(['check', '--config', config()]);

    assert.equal(status, 0, stdout + stderr);
    assert.match(stdout, /ok/);
  });

  it('leaves everything as it is when it is made again', () => {
    const before = readFileSync(path.join(folder, 'callers/dovecot.credential'));
    const again = run(['init', '--demo', folder]);
    writeFileSync(hints(), readFileSync(hints(), 'utf8').replaceAll('9443', String(port)));

    assert.equal(again.status, 0);
    assert.match(again.stdout, /nothing was made/);
    assert.deepEqual(readFileSync(path.join(folder, 'callers/dovecot.credential')), before);
  });

  it('prints lines that work when they are pasted, and ends with 0 when it is told to', async () => {
    const child = spawn(PROGRAM, ['serve', '--config', config(), '--hints', hints()], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    try {
      const said = await untilSaid(child, 'list-accounts');
      const lines = said.split('\n').filter((line) => line.trim().startsWith('curl'));
      const answers = lines.map((line) => spawnSync('sh', ['-c', line], { encoding: 'utf8', timeout: 10_000 }));

      assert.equal(lines.length, 2);
      assert.match(answers[0]?.stdout ?? '', /^HTTP\/1\.1 200 /);
      assert.match(answers[0]?.stdout ?? '', /^Auth-User: alice@example\.test\r$/m);
      assert.deepEqual(JSON.parse(answers[1]?.stdout ?? ''), [
        'alice@example.test',
        'bob@example.test',
        'carol@example.test',
      ]);
    } finally {
      child.kill('SIGTERM');
    }
    const [code] = (await once(child, 'exit')) as [number];
    assert.equal(code, 0);
  });

  it('says who cannot have the port', async () => {
    const taken = createServer().listen(port, '127.0.0.1');
    await once(taken, 'listening');
    const { status, stderr } = run(['serve', '--config', config()]);
    taken.close();

    assert.equal(status, 1);
    assert.match(
      stderr,
      new RegExp(
        `nauthilus\\.yaml:\\d+:\\d+: listeners\\[0\\]: cannot listen on 127\\.0\\.0\\.1 port ${port}: another program`,
      ),
    );
  });

  it('refuses to make a new key beside a certificate that is there', () => {
    unlinkSync(path.join(folder, 'tls/key.pem'));
    const { status, stderr } = run(['init', folder]);

    assert.equal(status, 1);
    assert.match(stderr, /key\.pem: missing, while .*certificate\.pem is there/);
  });
});

describe('the command line', () => {
  it('tells a wrong word from a failure by its exit code', () => {
    assert.equal(run(['--help']).status, 0);
    assert.equal(run(['serve', '--nonsense']).status, 2);
    assert.equal(run(['nonsense']).status, 2);
    assert.equal(run(['serve', '--config', '/nowhere/nauthilus.yaml']).status, 1);
  });

  it('prints its version for people and for programs', () => {
    assert.match(run(['version']).stdout, /^nauthilus \d+\.\d+\.\d+ \(Node v24\./);
    assert.match(JSON.parse(run(['version', '--json']).stdout).version, /^\d+\.\d+\.\d+/);
  });

  it('reads a password from the terminal without showing it', async () => {
    const shown = await typeAt(['hash', 'make', '--scheme', 'SHA256'], ['open sesame', 'open sesame']);

    assert.match(shown, /\{SHA256\}[A-Za-z0-9+/]{43}=/);
    assert.doesNotMatch(shown, /open|sesame/);
  });

  it('does not make a hash of two passwords that differ', async () => {
    const shown = await typeAt(['hash', 'make', '--scheme', 'SHA256'], ['open sesame', 'open barley']);

    assert.match(shown, /the passwords differ/);
    assert.doesNotMatch(shown, /\{SHA256\}/);
  });
});
