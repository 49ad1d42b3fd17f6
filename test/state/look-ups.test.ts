import assert from 'node:assert/strict';
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { directoryBackend, directorySecret } from '../daemons/directory-backend.ts';
import { type Slapd, startSlapd } from '../daemons/slapd.ts';
import { Instance, openFolder } from './support/instance.ts';

const ALICE = 'alice@example.test';
const PEOPLE = 'ou=people,dc=example,dc=test';

describe('look-ups of a directory that are remembered', () => {
  const opened = new AsyncDisposableStack();
  let slapd: Slapd;
  before(async () => {
    slapd = opened.use(await startSlapd());
  });
  after(() => opened.disposeAsync());

  /** A directory, and after it a file that has no accounts yet. */
  async function open(settings: object): Promise<{ folder: string; instance: Instance } & AsyncDisposable> {
    const stack = new AsyncDisposableStack();
    const { path } = stack.use(await openFolder());
    for (const [name, text] of Object.entries(directorySecret(slapd)))
      await writeFile(join(path, name), text, { mode: 0o600 });
    await writeFile(join(path, 'accounts.passwd'), '');
    const directory = directoryBackend([slapd], { attributes: ['mail'], ...settings });
    const file = { type: 'file', name: 'accounts', path: 'accounts.passwd' };
    const instance = stack.use(await Instance.open(path, [`backends: ${JSON.stringify([directory, file])}`]));
    return { folder: path, instance, [Symbol.asyncDispose]: () => stack.disposeAsync() };
  }

  async function searches({ app }: Instance): Promise<number> {
    const text = await app.metrics.render();
    const lines = text.match(/^nauthilus_backend_operations_total\{.*operation="search".*$/gm) ?? [];
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }

  async function searchesFor(instance: Instance, work: () => Promise<unknown>): Promise<number> {
    const earlier = await searches(instance);
    await work();
    return (await searches(instance)) - earlier;
  }

  const setMail = (value: string) =>
    slapd.modify(`dn: uid=alice,${PEOPLE}\nchangetype: modify\nreplace: mail\nmail: ${value}\n`);

  it('ask once for an account and once for a name that nobody has, while logins ask each time', async () => {
    await using tested = await open({ look_up_cache: { ttl: '1m' }, negative_cache: { ttl: '1m' } });
    const { instance } = tested;
    const several = async (name: string) => {
      for (let i = 0; i < 5; i += 1) await instance.lookUp(name);
    };

    assert.equal(await searchesFor(instance, () => several(ALICE)), 1);
    assert.equal(await searchesFor(instance, () => several('nobody@example.test')), 1);
    assert.equal(await instance.sourceOf(await instance.lookUp(ALICE)), 'memory');
    assert.equal(await searchesFor(instance, () => instance.logIn('nobody@example.test', 'x')), 1);
  });

  it('show a change of an entry when their time is over, or after a flush', async () => {
    await using tested = await open({ look_up_cache: { ttl: '1s' } });
    const { instance } = tested;
    const mail = async () => (await instance.lookUp(ALICE)).attributes['mail']?.[0];
    const first = await mail();
    assert.ok(first !== undefined);

    await setMail('second@example.test');
    assert.equal(await mail(), first);
    await sleep(1100);
    assert.equal(await mail(), 'second@example.test');
    await setMail('third@example.test');
    assert.equal(await mail(), 'second@example.test');
    assert.equal((await instance.flush(ALICE)).status, 200);
    assert.equal(await mail(), 'third@example.test');
    await setMail(first);
    await instance.flush('*');
    assert.equal(await mail(), first);
  });

  it('ask each time where that is set', async () => {
    await using tested = await open({ look_up_cache: { ttl: '0s' }, negative_cache: { ttl: '0s' } });
    const { instance } = tested;
    const twice = async (name: string) => {
      for (let i = 0; i < 2; i += 1) await instance.lookUp(name);
    };

    assert.equal(await searchesFor(instance, () => twice(ALICE)), 2);
    assert.equal(await searchesFor(instance, () => twice('nobody@example.test')), 2);
  });

  it('never hide an account that was just added to a file, though nobody had its name a moment ago', async () => {
    await using tested = await open({ negative_cache: { ttl: '1h' } });
    const { folder, instance } = tested;
    assert.equal((await instance.lookUp('new@example.test')).status, 403);
    await appendFile(join(folder, 'accounts.passwd'), 'new@example.test:{PLAIN}pw\n');
    const added = Date.now();

    while ((await instance.lookUp('new@example.test')).status !== 200) {
      assert.ok(Date.now() - added < 5000, 'not within 5 s');
      await sleep(20);
    }
    assert.equal(await instance.sourceOf(await instance.lookUp('new@example.test')), 'backend');
  });
});
