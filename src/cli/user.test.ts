import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { Secret } from '../login/secret.ts';
import { runCommandLine } from './command-line.ts';

let root: string;
let folder: string;
let file: string;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'nauthilus-user-'));
});
after(async () => {
  await rm(root, { recursive: true });
});
beforeEach(async () => {
  folder = await mkdtemp(join(root, 'case-'));
  file = join(folder, 'accounts');
});

interface Outcome {
  out: string;
  err: string;
  exitCode: number;
  prompts: number;
}

/** Runs `nauthilus user …` for somebody who types a password. */
async function run(args: readonly string[], password = 'secret'): Promise<Outcome> {
  const outcome: Outcome = { out: '', err: '', exitCode: 0, prompts: 0 };
  const read = () => {
    outcome.prompts += 1;
    return Promise.resolve(Secret.fromText(password));
  };
  await runCommandLine(['user', ...args], {
    env: {},
    out: (text) => {
      outcome.out += text;
    },
    err: (text) => {
      outcome.err += text;
    },
    readPassword: read,
    readNewPassword: read,
    exitWith: (code) => {
      outcome.exitCode = code;
    },
  });
  return outcome;
}

function runOnFile(args: readonly string[], password?: string): Promise<Outcome> {
  return run([...args, '--file', file], password);
}

async function content(): Promise<string> {
  return (await readFile(file, 'utf8')).replaceAll(/\{ARGON2ID\}\$argon2id\$v=19\$m=19456,t=2,p=1\$[^:]+/g, 'HASH');
}

describe('nauthilus user', () => {
  it('adds an account with its fields and aliases to a file that it makes where there is none', async () => {
    const fields = ['--set', 'home=/var/mail/a', '--set', 'q=*:storage=1G', '--set', 'g=1', '--set', 'g=2'];
    const { out, err, exitCode } = await runOnFile(['add', 'Alice@x.test', '--alias', 'b@x.test', ...fields]);

    assert.deepEqual([out, err, exitCode], ['Alice@x.test: added\n', '', 0]);
    assert.equal(await content(), 'alice@x.test:HASH::::/var/mail/a::q=*:storage=1G g=1 g=2 alias=b@x.test\n');
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.deepEqual(await readdir(folder), ['accounts']);
  });

  it('asks for no password where the account cannot be added or is not there', async () => {
    await writeFile(file, 'a:{PLAIN}1::::::alias=b\n');
    const refusals: readonly (readonly [string[], number, RegExp])[] = [
      [['add', 'A'], 1, /there is an account a already/],
      [['add', 'b'], 1, /b is an alias of a already/],
      [['add', 'c d'], 2, /"c d" cannot be a name; a name has at most/],
      [['add', 'c', '--set', 'x=y z'], 2, /"x" cannot be set: .* no spaces/],
      [['add', 'c', '--set', 'x'], 2, /form field=value/],
      [['add', 'c', '--set', 'password=x'], 2, /"password" cannot be set/],
      [['add', 'c', '--alias', 'a'], 1, /there is an account a already/],
      [['add', 'c', '--scheme', 'NOPE'], 2, /supported/],
      [['set-password', 'c'], 1, /there is no account c/],
      [['set-password', 'b'], 1, /there is no account b; it is an alias of a/],
      [['disable', 'c'], 1, /there is no account c/],
      [['enable', 'c'], 1, /there is no account c/],
      [['remove', 'c'], 1, /there is no account c/],
      [['show', 'c'], 1, /there is no account c/],
      [['add'], 2, /missing required argument/],
      [['frobnicate'], 2, /unknown command/],
    ];
    for (const [args, exitCode, message] of refusals) {
      const outcome = await runOnFile(args);

      assert.deepEqual([outcome.exitCode, outcome.prompts, outcome.out], [exitCode, 0, ''], args.join(' '));
      assert.match(outcome.err, message);
    }
    assert.equal(await content(), 'a:{PLAIN}1::::::alias=b\n');
  });

  it('changes passwords, switches accounts off and on, and removes them, leaving all else as it is', async () => {
    await writeFile(file, '# mine\na:{PLAIN}1:5:::::q=1\nb:{PLAIN}1\n');

    assert.equal((await runOnFile(['set-password', 'a'])).out, 'a: password set\n');
    assert.equal(await content(), '# mine\na:HASH:5:::::q=1\nb:{PLAIN}1\n');
    assert.equal((await runOnFile(['set-password', 'a', '--scheme', 'PLAIN'])).exitCode, 0);
    assert.equal((await runOnFile(['disable', 'a'])).out, 'a: disabled\n');
    assert.equal((await runOnFile(['disable', 'a'])).out, 'a: disabled already\n');
    assert.equal(await content(), '# mine\na:{PLAIN}secret:5:::::q=1 nologin\nb:{PLAIN}1\n');
    assert.equal((await runOnFile(['enable', 'a'])).out, 'a: enabled\n');
    assert.equal((await runOnFile(['enable', 'a'])).out, 'a: enabled already\n');
    assert.equal((await runOnFile(['remove', 'b'])).out, 'b: removed\n');
    assert.equal(await content(), '# mine\na:{PLAIN}secret:5:::::q=1\n');
  });

  it('changes nothing where the password cannot be used', async () => {
    await writeFile(file, 'a:{PLAIN}1\n');
    for (const password of ['', 'a\0b', 'x'.repeat(1025)]) {
      const { exitCode, err } = await runOnFile(['set-password', 'a'], password);

      assert.equal(exitCode, 1);
      assert.match(err, /nothing was changed/);
    }
    assert.equal(await content(), 'a:{PLAIN}1\n');
  });

  it('adds accounts that nobody can log in to', async () => {
    const { prompts } = await runOnFile(['add', 'shared', '--no-password']);

    assert.equal(prompts, 0);
    assert.equal(await content(), 'shared:::::::\n');
    assert.match((await runOnFile(['show', 'shared'])).out, /password: none, nobody can log in/);
  });

  it('lists and shows accounts, never a password', async () => {
    await writeFile(file, 'a:{PLAIN}sesame::::/h::q=1 q=2 alias=z\nb:!{PLAIN}sesame\n');

    assert.equal((await runOnFile(['list'])).out, 'a\nb\n');
    assert.deepEqual(
      (await runOnFile(['list', '--json'])).out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
      [
        { account: 'a', disabled: false, aliases: ['z'] },
        { account: 'b', disabled: true, aliases: [] },
      ],
    );
    assert.equal(
      (await runOnFile(['show', 'Z'])).out,
      'account: a\nstate: enabled\npassword: PLAIN\nalias: z\nattribute home: /h\nattribute q: 1\nattribute q: 2\n',
    );
    assert.deepEqual(JSON.parse((await runOnFile(['show', 'b', '--json'])).out), {
      account: 'b',
      disabled: true,
      aliases: [],
      password: 'PLAIN',
      attributes: {},
    });
  });

  it('tells what it did as an object where that is asked for', async () => {
    await writeFile(file, 'a:{PLAIN}1::::::nologin\n');

    const { out } = await runOnFile(['disable', 'a', '--json']);

    assert.deepEqual(JSON.parse(out), { account: 'a', action: 'disabled', changed: false, file });
  });

  it('warns where the service will not take the file because of other lines, and lists no broken file', async () => {
    await writeFile(file, 'a:{PLAIN}1\nb:{NOPE}1\n');

    const disabled = await runOnFile(['disable', 'a']);
    const listed = await runOnFile(['list']);

    assert.equal(disabled.exitCode, 0);
    assert.match(disabled.err, /accounts:2: account b: .*\n.*only when these lines are mended/);
    assert.deepEqual([listed.exitCode, listed.out], [1, '']);
    assert.match(listed.err, /accounts:2: account b: /);
  });

  it('says so where the file is missing', async () => {
    for (const args of [['list'], ['disable', 'a']]) {
      const { exitCode, err } = await runOnFile(args);

      assert.equal(exitCode, 1);
      assert.match(err, /does not exist/);
    }
  });
});
