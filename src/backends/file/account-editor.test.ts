import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { chmod, chown, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { AccountEditError } from './account-edit-error.ts';
import { type EditStep, editAccounts } from './account-editor.ts';
import type { PasswdText } from './passwd-text.ts';

const RULES = { defaultScheme: 'CRYPT', lowerCase: true } as const;
const OLD = '# accounts\na:{PLAIN}1\n';
const NEW = '# accounts\na:{PLAIN}2\n';
const EDITOR = new URL('./account-editor.ts', import.meta.url).href;

let root: string;
let folder: string;
let path: string;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'nauthilus-edit-'));
});
after(async () => {
  await rm(root, { recursive: true });
});
beforeEach(async () => {
  folder = await mkdtemp(join(root, 'case-'));
  path = join(folder, 'accounts');
  await writeFile(path, OLD, { mode: 0o640 });
});

function setPassword(text: PasswdText): void {
  text.setPassword('a', '{PLAIN}2');
}

/** A process that edits the file and runs `then` at each step, with the step's name in `step`. */
function editElsewhere(edit: string, then = ''): ChildProcess {
  const script = `
    const { editAccounts } = await import(${JSON.stringify(EDITOR)});
    await editAccounts(${JSON.stringify(path)}, ${JSON.stringify(RULES)}, (text) => { ${edit} }, { lockWaitMs: 60_000, onStep(step) { ${then} } });
  `;
  return spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'inherit', 'inherit'] });
}

async function exitOf(child: ChildProcess): Promise<unknown> {
  const [code, signal] = await once(child, 'exit');
  return signal ?? code;
}

describe('an edit of a file of accounts', () => {
  it('replaces the file, with its mode, and leaves nothing else behind', async () => {
    const steps: EditStep[] = [];

    await editAccounts(path, RULES, setPassword, { onStep: (step) => steps.push(step) });

    assert.equal(await readFile(path, 'utf8'), NEW);
    assert.equal((await stat(path)).mode & 0o7777, 0o640);
    assert.deepEqual(await readdir(folder), ['accounts']);
    assert.deepEqual(steps, ['locked', 'read', 'temporary-written', 'temporary-synced', 'renamed', 'folder-synced']);
  });

  it('keeps the owner of the file', async () => {
    const isRoot = process.getuid?.() === 0;
    const [uid, gid] = isRoot ? [12345, 23456] : [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
    await chown(path, uid, gid);
    await chmod(path, 0o2604);

    await editAccounts(path, RULES, setPassword);

    const edited = await stat(path);
    assert.deepEqual([edited.uid, edited.gid, edited.mode & 0o7777], [uid, gid, 0o2604]);
  });

  it('replaces the file that a symbolic link leads to, and leaves the link', async () => {
    await symlink('accounts', join(folder, 'link'));

    await editAccounts(join(folder, 'link'), RULES, setPassword);

    assert.equal(await readFile(path, 'utf8'), NEW);
    assert.deepEqual((await readdir(folder)).toSorted(), ['accounts', 'link']);
  });

  it('writes nothing where nothing changes or the edit is refused', async () => {
    const inode = (await stat(path)).ino;

    await editAccounts(path, RULES, () => undefined);
    await assert.rejects(
      editAccounts(path, RULES, (text) => text.remove('z')),
      AccountEditError,
    );

    assert.equal((await stat(path)).ino, inode);
    assert.deepEqual(await readdir(folder), ['accounts']);
  });

  it('makes a file only where that is asked for', async () => {
    const missing = join(folder, 'new');
    const add = (text: PasswdText) => text.add({ name: 'n', storedPassword: '', aliases: [], fields: [] });

    await assert.rejects(editAccounts(missing, RULES, add), /new cannot be edited: it does not exist/);
    await assert.rejects(editAccounts(join(folder, 'x', 'y'), RULES, add, { createsFile: true }), /does not exist/);
    await editAccounts(missing, RULES, add, { createsFile: true });

    assert.equal(await readFile(missing, 'utf8'), 'n:::::::\n');
    assert.equal((await stat(missing)).mode & 0o7777, 0o600);
  });

  it('is made anew where somebody else has written to the file meanwhile', async () => {
    let tries = 0;

    await editAccounts(path, RULES, setPassword, {
      onStep: (step) => {
        if (step !== 'temporary-written' || tries > 0) return;
        tries += 1;
        appendFileSync(path, 'b:{PLAIN}1\n');
      },
    });

    assert.equal(await readFile(path, 'utf8'), `${NEW}b:{PLAIN}1\n`);
  });

  it('never shows readers anything but a whole file', async () => {
    const long = 'x'.repeat(4000);
    await writeFile(path, `a:{PLAIN}${long}0\n${'#\n'.repeat(50_000)}end:{PLAIN}1\n`);
    let isDone = false;
    let reads = 0;
    const reader = (async () => {
      while (!isDone) {
        reads += 1;
        assert.match(await readFile(path, 'latin1'), /^a:\{PLAIN\}x{4000}\d+\n(?:#\n){50000}end:\{PLAIN\}1\n$/);
      }
    })();

    for (let i = 1; i <= 50; i += 1)
      await editAccounts(path, RULES, (text) => text.setPassword('a', `{PLAIN}${long}${i}`));
    isDone = true;
    await reader;

    assert.ok(reads > 10);
  });

  it('is made by one process at a time', async () => {
    const add = (number: number) =>
      `text.add({ name: 'p${number}@x.test', storedPassword: '{PLAIN}x', aliases: [], fields: [] })`;
    const exits = [0, 1, 2].map((number) => exitOf(editElsewhere(add(number))));
    const here = Array.from({ length: 20 }, (_, i) =>
      editAccounts(path, RULES, (text) => text.add({ name: `h${i}`, storedPassword: '', aliases: [], fields: [] }), {
        lockWaitMs: 60_000,
      }),
    );

    await Promise.all(here);
    assert.deepEqual(await Promise.all(exits), [0, 0, 0]);

    assert.equal((await readFile(path, 'utf8')).split('\n').length, 2 + 20 + 3 + 1);
    assert.deepEqual(await readdir(folder), ['accounts']);
  });
});

describe('a process that is killed in the middle of an edit', () => {
  const outcomes: readonly (readonly [EditStep, string])[] = [
    ['locked', OLD],
    ['read', OLD],
    ['temporary-written', OLD],
    ['temporary-synced', OLD],
    ['renamed', NEW],
    ['folder-synced', NEW],
  ];
  for (const [step, content] of outcomes) {
    it(`leaves the ${content === OLD ? 'old' : 'new'} file after "${step}", and nothing that hinders the next edit`, async () => {
      const kill = `if (step === '${step}') process.kill(process.pid, 'SIGKILL');`;

      assert.equal(await exitOf(editElsewhere(`text.setPassword('a', '{PLAIN}2')`, kill)), 'SIGKILL');

      assert.equal(await readFile(path, 'utf8'), content);
      await editAccounts(path, RULES, (text) => text.setPassword('a', '{PLAIN}3'));
      assert.equal(await readFile(path, 'utf8'), '# accounts\na:{PLAIN}3\n');
      assert.deepEqual(await readdir(folder), ['accounts']);
    });
  }
});

describe('the lock of a file of accounts', () => {
  function lockOf(changes: object): Promise<void> {
    const holder = { pid: process.pid, host: hostname(), started: '', token: 'other', ...changes };
    return writeFile(`${path}.lock`, JSON.stringify(holder));
  }

  it('is respected while its process lives, and named when it does not go away', async () => {
    await lockOf({});

    await assert.rejects(editAccounts(path, RULES, setPassword, { lockWaitMs: 120 }), (error: unknown) => {
      assert.ok(error instanceof AccountEditError);
      assert.equal(error.code, 'file-locked');
      assert.match(
        error.message,
        new RegExp(`by process ${process.pid} on .*; if that is not so, remove .*accounts.lock`),
      );
      return true;
    });

    assert.equal(await readFile(path, 'utf8'), OLD);
  });

  it('is respected where its process is on another machine', async () => {
    await lockOf({ pid: 2 ** 22 + 1, host: 'elsewhere' });

    await assert.rejects(editAccounts(path, RULES, setPassword, { lockWaitMs: 60 }), /on elsewhere/);
  });

  it('is taken over from a process that is no more, even where its number is in use again', async () => {
    for (const stale of [{ pid: 2 ** 22 + 1 }, { started: '1' }]) {
      await lockOf(stale);
      await editAccounts(path, RULES, setPassword);
    }

    assert.deepEqual(await readdir(folder), ['accounts']);
  });

  it('makes an edit fail that it was taken away from', async () => {
    const take = (step: EditStep) => {
      if (step === 'temporary-written') appendFileSync(`${path}.lock`, 'x');
    };

    await assert.rejects(
      editAccounts(path, RULES, setPassword, { onStep: take }),
      /was taken away; nothing was changed/,
    );

    assert.equal(await readFile(path, 'utf8'), OLD);
  });
});
