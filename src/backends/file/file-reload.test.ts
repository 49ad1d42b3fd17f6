import assert from 'node:assert/strict';
import { appendFile, mkdtemp, open, rename, rm, truncate, unlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { accountName } from '../../../test/support/accounts.ts';
import { aLookUp } from '../../../test/support/attempts.ts';
import { PasswordChecks } from '../../passwords/password-checks.ts';
import type { Backend } from '../backend.ts';
import { openFileBackend } from './file-backend.ts';
import { defaultFileBackend } from './file-config.ts';

const TIMINGS = { pollMs: 100, settleMs: 60 };
const PATIENCE_MS = 10_000;

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nauthilus-reload-'));
});
after(async () => {
  await rm(folder, { recursive: true });
});

class Watched implements AsyncDisposable {
  readonly path: string;
  readonly backend: Backend;
  readonly reloaded: object[];
  readonly refused: { readonly error?: string; readonly lines?: readonly { line: number }[] }[];

  private constructor(path: string, backend: Backend, reloaded: object[], refused: object[]) {
    this.path = path;
    this.backend = backend;
    this.reloaded = reloaded;
    this.refused = refused;
  }

  static async open(text: string): Promise<Watched> {
    const path = join(await mkdtemp(join(folder, 'case-')), 'accounts');
    await writeFile(path, text);
    const reloaded: object[] = [];
    const refused: object[] = [];
    const backend = await openFileBackend('accounts', defaultFileBackend(path), {
      checks: new PasswordChecks(),
      onReloaded: (record) => reloaded.push(record),
      onReloadRefused: (record) => refused.push(record),
      timings: TIMINGS,
    });
    return new Watched(path, backend, reloaded, refused);
  }

  account(name: string) {
    const query = { name: accountName(name), attempt: aLookUp(name) };
    const result = this.backend.lookUpAccount(query, new AbortController().signal);
    if (result instanceof Promise || result.kind === 'unavailable') throw new Error('the answer must be there at once');
    return result.kind === 'found' ? result.account : undefined;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(this.backend[Symbol.asyncDispose]());
  }
}

async function until(what: string, isTrue: () => boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!isTrue()) {
    if (performance.now() > deadline) assert.fail(`${what} did not happen`);
    await pause(10);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

describe('a file of accounts that changes', () => {
  it('is taken whole: new accounts are there, removed ones are gone, unchanged ones are the same objects', async () => {
    await using file = await Watched.open('a:{PLAIN}1::::::v=1 alias=z\nb:{PLAIN}1::::::v=1\nc:{PLAIN}1\n');
    const [a, b] = [file.account('z'), file.account('b')];
    file.account('c');

    await writeFile(file.path, '# more\na:{PLAIN}1::::::v=1 alias=z\nb:{PLAIN}1::::::v=2\nd:{PLAIN}1\n');
    await until('the reload', () => file.reloaded.length === 1);

    assert.equal(file.account('a'), a);
    assert.equal(file.account('z'), a);
    assert.notEqual(file.account('b'), b);
    assert.deepEqual(file.account('b')?.attributes, { v: ['2'] });
    assert.equal(file.account('c'), undefined);
    assert.equal(file.account('d')?.name, 'd');
    assert.match(file.backend.health().detail, /^3 accounts from .*, read at \d{4}-/);
  });

  it('is taken when another file is renamed over it', async () => {
    await using file = await Watched.open('a:{PLAIN}1\n');

    await writeFile(`${file.path}.new`, 'b:{PLAIN}1\n');
    await rename(`${file.path}.new`, file.path);
    await until('the reload', () => file.reloaded.length === 1);

    assert.equal(file.account('a'), undefined);
    assert.equal(file.account('b')?.name, 'b');
  });

  it('is noticed even where its size and its time of modification stay the same', async () => {
    await using file = await Watched.open('a:{PLAIN}1\n');
    const time = new Date('2020-01-01');
    await utimes(file.path, time, time);
    await until('the reload', () => file.reloaded.length === 1);

    await writeFile(file.path, 'b:{PLAIN}1\n');
    await utimes(file.path, time, time);
    await until('the reload', () => file.account('b') !== undefined);

    assert.equal(file.account('a'), undefined);
  });

  it('is refused where a line is broken, once, with the line; the last good state stays until it is mended', async () => {
    await using file = await Watched.open('a:{PLAIN}1\n');

    await writeFile(file.path, 'b:{PLAIN}1\nc:{NOPE}1\n');
    await until('the refusal', () => file.refused.length === 1);
    await pause(TIMINGS.pollMs * 4);

    assert.equal(file.refused.length, 1);
    assert.equal(file.refused[0]?.lines?.[0]?.line, 2);
    assert.match(file.refused[0]?.error ?? '', /^line 2: account c: .*scheme/);
    assert.equal(file.account('a')?.name, 'a');
    assert.equal(file.account('b'), undefined);
    const health = file.backend.health();
    assert.equal(health.isReady, true);
    assert.match(health.detail, /^1 accounts from .*; change refused at \d{4}.*: line 2: account c/);

    await writeFile(file.path, 'b:{PLAIN}1\nc:{PLAIN}1\n');
    await until('the reload', () => file.reloaded.length === 1);

    assert.equal(file.account('c')?.name, 'c');
    assert.doesNotMatch(file.backend.health().detail, /refused/);
  });

  it('stays in force when it is deleted, and is taken again when it is back', async () => {
    await using file = await Watched.open('a:{PLAIN}1\n');

    await unlink(file.path);
    await until('the refusal', () => file.refused.length === 1);
    await pause(TIMINGS.pollMs * 4);

    assert.equal(file.refused.length, 1);
    assert.match(file.refused[0]?.error ?? '', /does not exist/);
    assert.equal(file.account('a')?.name, 'a');

    await writeFile(file.path, 'b:{PLAIN}1\n');
    await until('the reload', () => file.reloaded.length === 1);

    assert.equal(file.account('b')?.name, 'b');
  });

  it('stays in force while it is truncated and written anew', async () => {
    await using file = await Watched.open('a:{PLAIN}1\nb:{PLAIN}1\n');

    await truncate(file.path);
    await until('the refusal', () => file.refused.length === 1);
    assert.match(file.refused[0]?.error ?? '', /emptied in place/);
    assert.equal(file.account('a')?.name, 'a');

    await appendFile(file.path, 'b:{PLAIN}1\nc:{PLAIN}1\n');
    await until('the reload', () => file.reloaded.length === 1);

    assert.equal(file.account('a'), undefined);
    assert.equal(file.account('c')?.name, 'c');
  });

  it('is not taken as long as it is being written', async () => {
    await using file = await Watched.open('a:{PLAIN}1\n');

    await using writer = await open(file.path, 'w');
    for (let i = 0; i < 20; i += 1) {
      await writer.write(`b${i}:{PLAIN}1\n`);
      await pause(TIMINGS.settleMs / 3);
      assert.equal(file.account('b0'), undefined);
      assert.equal(file.account('a')?.name, 'a');
    }
    await until('the reload', () => file.reloaded.length === 1);

    assert.equal(file.account('b0')?.name, 'b0');
    assert.equal(file.account('b19')?.name, 'b19');
  });

  it('may lose all its accounts where a new file says so', async () => {
    await using file = await Watched.open('a:{PLAIN}1\n');

    await writeFile(`${file.path}.new`, '');
    await rename(`${file.path}.new`, file.path);
    await until('the reload', () => file.reloaded.length === 1);

    assert.equal(file.account('a'), undefined);
  });

  it('is not looked at any more once the backend is disposed of', async () => {
    const file = await Watched.open('a:{PLAIN}1\n');

    await file[Symbol.asyncDispose]();
    await writeFile(file.path, 'b:{PLAIN}1\n');
    await pause(TIMINGS.pollMs * 4);

    assert.equal(file.reloaded.length, 0);
  });
});
