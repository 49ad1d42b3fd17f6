import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Command, CommanderError } from 'commander';
import { Secret } from '../login/secret.ts';
import { CommandError, type CommandIo } from './command-io.ts';
import { addHashCommand } from './hash.ts';

interface Outcome {
  readonly out: string;
  readonly err: string;
  readonly exitCode: number;
  readonly prompts: number;
}

/** Runs `nauthilus hash …` for somebody who types a password. */
async function runHash(args: readonly string[], password = 'secret'): Promise<Outcome> {
  const outcome = { out: '', err: '', exitCode: 0, prompts: 0 };
  const read = () => {
    outcome.prompts += 1;
    return Promise.resolve(Secret.fromText(password));
  };
  const io: CommandIo = {
    env: {},
    out: (text) => (outcome.out += text),
    err: (text) => (outcome.err += text),
    readPassword: read,
    readNewPassword: read,
    exitWith: (code) => (outcome.exitCode = code),
  };
  const program = new Command('nauthilus').configureOutput({
    writeOut: (text) => io.out(text),
    writeErr: (text) => io.err(text),
  });
  addHashCommand(program, io);
  const group = program.commands[0];
  for (const command of [program, ...program.commands, ...(group?.commands ?? [])]) command.exitOverride();
  try {
    await program.parseAsync(['hash', ...args], { from: 'user' });
  } catch (error) {
    if (error instanceof CommandError)
      return { ...outcome, err: outcome.err + error.message, exitCode: error.exitCode };
    if (error instanceof CommanderError) return { ...outcome, exitCode: error.exitCode === 0 ? 0 : 2 };
    throw error;
  }
  return outcome;
}

test('make prints one line, an Argon2id hash that verify accepts', async () => {
  const made = await runHash(['make']);
  const hash = made.out.trimEnd();
  const right = await runHash(['verify', hash]);
  const wrong = await runHash(['verify', hash], 'Secret');

  assert.match(made.out, /^\{ARGON2ID\}\$argon2id\$v=19\$m=19456,t=2,p=1\$[^\n]+\n$/);
  assert.equal(made.err, '');
  assert.deepEqual([right.exitCode, right.out], [0, 'the password matches (ARGON2ID m=19456,t=2,p=1)\n']);
  assert.deepEqual([wrong.exitCode, wrong.out], [1, 'the password does not match (ARGON2ID m=19456,t=2,p=1)\n']);
});

test('make takes a scheme by any of its names and with an encoding', async () => {
  assert.match((await runHash(['make', '--scheme', 'sha.hex'])).out, /^\{SHA1\.hex\}e5e9fa1b/);
  assert.match((await runHash(['make', '-s', 'clear'])).out, /^\{PLAIN\}secret\n$/);
  assert.deepEqual(JSON.parse((await runHash(['make', '-s', 'SHA256', '--json'])).out), {
    hash: '{SHA256}K7gNU3sdo+OL0wNhqoVWhr3g6s1xYv72ol/pe/Unols=',
    profile: 'SHA256',
  });
});

test('make asks for no password where the scheme is unknown', async () => {
  const { out, err, exitCode, prompts } = await runHash(['make', '--scheme', 'SHA3']);

  assert.deepEqual([out, exitCode, prompts], ['', 2, 0]);
  assert.match(err, /supported are ARGON2ID/);
});

test('make refuses a password that the scheme cannot hold, and an empty one', async () => {
  const tooLong = await runHash(['make', '-s', 'BLF-CRYPT'], 'a'.repeat(73));
  const empty = await runHash(['make'], '');

  assert.deepEqual([tooLong.exitCode, tooLong.out], [1, '']);
  assert.match(tooLong.err, /first 72 bytes/);
  assert.deepEqual([empty.exitCode, empty.err], [1, 'no hash was made: the password is empty']);
});

test('a plain password that would break a line of accounts is made in base64', async () => {
  const { out } = await runHash(['make', '-s', 'PLAIN'], 'a:b');

  assert.equal(out, '{PLAIN.b64}YTpi\n');
  assert.equal((await runHash(['verify', out.trimEnd()], 'a:b')).exitCode, 0);
});

test('verify says in JSON what matched, and how weak it is', async () => {
  const right = await runHash(['verify', '--json', '{PLAIN}secret']);
  const wrong = await runHash(['verify', '--json', '{PLAIN}secret'], 'other');

  assert.deepEqual(JSON.parse(right.out), { result: 'match', profile: 'PLAIN', weakness: 'plain-text' });
  assert.deepEqual([JSON.parse(wrong.out).result, wrong.exitCode], ['mismatch', 1]);
});

test('verify tells an unusable hash from a wrong password, without asking for one', async () => {
  const text = await runHash(['verify', '{SCRAM-SHA-1}4096,a,b,c']);
  const json = await runHash(['verify', '{SSHA}AAAA', '--json']);

  assert.deepEqual([text.exitCode, text.out, text.prompts], [2, '', 0]);
  assert.match(text.err, /SCRAM-SHA-1 is not supported/);
  assert.deepEqual([json.exitCode, JSON.parse(json.out).result, json.err], [2, 'unusable', '']);
});

test('verify reads the hash from a file, and a bare one in the scheme that is said', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'nauthilus-hash-'));
  try {
    const file = join(folder, 'hash');
    await writeFile(file, 'jHj3Pe3ynOsq6\r\nmore\n');

    assert.equal((await runHash(['verify', '--file', file])).exitCode, 0);
    assert.equal((await runHash(['verify', '--file', file, '--default-scheme', 'plain'], 'jHj3Pe3ynOsq6')).exitCode, 0);
    assert.match((await runHash(['verify', '--file', join(folder, 'none')])).err, /ENOENT/);
    assert.equal((await runHash(['verify', '--file', join(folder, 'none')])).exitCode, 2);
    assert.equal((await runHash(['verify', '--file', file, '{PLAIN}x'])).exitCode, 2);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('verify without a hash, or with an unknown default scheme, was asked for in a wrong way', async () => {
  assert.equal((await runHash(['verify'])).exitCode, 2);
  assert.equal((await runHash(['verify', '-d', 'SHA3', 'x'])).exitCode, 2);
});

test('schemes lists each scheme on a line, or as an object', async () => {
  const lines = (await runHash(['schemes'])).out.trimEnd().split('\n');
  const objects = JSON.parse((await runHash(['schemes', '--json'])).out) as Record<string, unknown>[];

  assert.equal(lines.length, objects.length);
  assert.deepEqual(objects[0], {
    name: 'ARGON2ID',
    aliases: [],
    cost: 'costly',
    encoding: 'text',
    isDefault: true,
    weakness: null,
    missing: null,
  });
  assert.ok(lines.some((line) => /^SHA1 +cheap +unsalted; also SHA$/.test(line)));
});

test('each command explains itself with examples', async () => {
  for (const command of ['make', 'verify', 'schemes']) {
    const { out, exitCode } = await runHash([command, '--help']);
    assert.equal(exitCode, 0);
    assert.match(out, new RegExp(`Examples:\\n {2}nauthilus hash ${command}`));
  }
});
