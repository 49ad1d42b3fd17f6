import assert from 'node:assert/strict';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Instance, openFolder, writeAccounts } from './support/instance.ts';

const BACKENDS = 'backends: [{ name: accounts, type: file, path: accounts.passwd }]';
const WITHIN_MS = 10_000;

/** Until a login is answered so. */
async function until(status: number, logIn: () => Promise<{ readonly status: number }>): Promise<void> {
  for (const deadline = Date.now() + WITHIN_MS; (await logIn()).status !== status; await sleep(50))
    assert.ok(Date.now() < deadline, `never ${status}`);
}

/** Alice and bob, whose logins are remembered. */
async function openBoth(folder: string): Promise<Instance> {
  await writeAccounts(folder, { alice: 'alice-pw', bob: 'bob-pw' });
  const instance = await Instance.open(folder, [BACKENDS]);
  for (const [name, password] of [
    ['alice', 'alice-pw'],
    ['bob', 'bob-pw'],
  ] as const) {
    assert.equal((await instance.logIn(name, password)).status, 200);
    assert.equal(await instance.sourceOf(await instance.logIn(name, password)), 'memory');
  }
  return instance;
}

/** Changes lines of the file, leaving others as they are. */
async function editAccounts(folder: string, edit: (text: string) => string): Promise<void> {
  const file = join(folder, 'accounts.passwd');
  await writeFile(`${file}.new`, edit(await readFile(file, 'utf8')));
  await rename(`${file}.new`, file);
}

describe('logins that one process remembers', () => {
  it('end for the accounts of a file that changed, and for no others', async () => {
    await using folder = await openFolder();
    await using instance = await openBoth(folder.path);
    await editAccounts(folder.path, (text) => text.replace(/^bob:.*$/m, 'bob:{PLAIN}new-pw'));

    await until(200, () => instance.logIn('bob', 'new-pw'));

    assert.equal((await instance.logIn('bob', 'bob-pw')).status, 403);
    assert.equal(await instance.sourceOf(await instance.logIn('alice', 'alice-pw')), 'memory');
  });

  it('stay when an account is added or another goes, whose login ends', async () => {
    await using folder = await openFolder();
    await using instance = await openBoth(folder.path);
    await editAccounts(folder.path, (text) => text.replace(/^bob:.*$/m, 'carol:{PLAIN}carol-pw'));

    await until(200, () => instance.logIn('carol', 'carol-pw'));

    assert.equal((await instance.logIn('bob', 'bob-pw')).status, 403);
    assert.equal(await instance.sourceOf(await instance.logIn('alice', 'alice-pw')), 'memory');
  });

  it('outlive a change of the configuration that has nothing to do with accounts', async () => {
    await using folder = await openFolder();
    await using instance = await openBoth(folder.path);

    await instance.change([BACKENDS, 'log: { level: debug }', 'verified_logins: { lifetime: 10m }']);

    assert.equal(await instance.sourceOf(await instance.logIn('alice', 'alice-pw')), 'memory');
    await instance.change([BACKENDS, 'verified_logins: { lifetime: 0s }']);
    assert.equal(await instance.sourceOf(await instance.logIn('alice', 'alice-pw')), 'backend');
  });

  it('end when the backends are changed', async () => {
    await using folder = await openFolder();
    await using instance = await openBoth(folder.path);

    await instance.change([BACKENDS.replace('accounts.passwd }', 'accounts.passwd, attributes: { uid: false } }')]);

    assert.equal(await instance.sourceOf(await instance.logIn('alice', 'alice-pw')), 'backend');
  });

  it('end when the file was changed in the same moment', async () => {
    await using folder = await openFolder();
    await using instance = await openBoth(folder.path);
    await editAccounts(folder.path, (text) => text.replace(/^bob:.*$/m, 'bob:{PLAIN}new-pw'));

    await instance.change([BACKENDS, 'log: { level: debug }']);

    assert.equal((await instance.logIn('bob', 'bob-pw')).status, 403);
    assert.equal((await instance.logIn('bob', 'new-pw')).status, 200);
  });
});
