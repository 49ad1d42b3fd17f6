import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Backend, BackendUnavailableError } from '../backends/backend.ts';
import type { AccountName } from '../login/account-name.ts';
import { MemoryBackend } from '../../test/support/memory-backend.ts';
import { createListAccounts } from './list-accounts.ts';

const NEVER = new AbortController().signal;

/** A backend that gives these pages, and then fails where it is told to. */
function listing(pages: readonly (readonly string[])[], failure?: Error): Backend {
  const backend = new MemoryBackend();
  backend.listAccounts = async function* list() {
    for (const page of pages) yield page as readonly AccountName[];
    if (failure !== undefined) throw failure;
  };
  return backend;
}

async function pagesOf(backends: readonly Backend[]): Promise<readonly AccountName[][]> {
  const pages: AccountName[][] = [];
  for await (const page of createListAccounts(backends)(NEVER)) pages.push([...page]);
  return pages;
}

describe('the list of accounts', () => {
  it('is sorted by code unit and has each account once, whoever knows it', async () => {
    const backends = [
      listing([
        ['b', 'a'],
        ['ä', 'Z'],
      ]),
      listing([['a', 'c'], [], ['b']]),
      listing([]),
    ];

    assert.deepEqual(await pagesOf(backends), [['Z', 'a', 'b', 'c', 'ä']]);
  });

  it('has no page where there are no accounts', async () => {
    assert.deepEqual(await pagesOf([listing([]), listing([[]])]), []);
    assert.deepEqual(await pagesOf([]), []);
  });

  it('is what sorting a set gives, however the accounts are spread', async () => {
    const names = fc.array(fc.string({ minLength: 1, maxLength: 3, unit: fc.constantFrom(...Array.from('abzÄ😀')) }), {
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(names, { maxLength: 4 }), { maxLength: 4 }), async (backends) => {
        const listed = (await pagesOf(backends.map((pages) => listing(pages)))).flat();

        assert.deepEqual(listed, [...new Set(backends.flat(2))].sort());
      }),
    );
  });

  it('of 100,000 accounts in one page comes in pages and leaves the event loop free', async () => {
    const all = Array.from({ length: 100_000 }, (_, i) => `user${(i * 7919) % 100_000}@example.test`);
    let turns = 0;
    const ticking = setInterval(() => (turns += 1), 1);

    const pages = await pagesOf([listing([all]), listing([all.slice(0, 500)])]);
    clearInterval(ticking);

    const listed = pages.flat();
    assert.equal(listed.length, 100_000);
    assert.ok(listed.every((name, i) => i === 0 || (listed[i - 1] as string) < name));
    assert.ok(pages.every((page) => page.length <= 1000));
    assert.ok(turns > 10, `the event loop turned ${turns} times`);
  });

  it('is in order over many runs, whatever letters names are of and however long they are', async () => {
    const letters = ['a', 'Z', 'é', 'я', '漢', '😀', '\ue000', 'x'.repeat(900)];
    const all = Array.from({ length: 30_000 }, (_, i) => `${letters[i % 8]}${(i * 7919) % 20_000}@example.test`);

    const listed = (await pagesOf([listing([all]), listing([all.toReversed()])])).flat();

    assert.deepEqual(listed, [...new Set(all)].sort());
  });

  it('is refused before the first page where its names take more than they may', async () => {
    const all = Array.from({ length: 10_000 }, (_, i) => `user${i}@example.test` as AccountName);
    const backend = listing([all.slice(0, 5000), all.slice(5000)]);

    const pages = createListAccounts([backend], 100_000)(NEVER)[Symbol.asyncIterator]();
    await assert.rejects(() => pages.next(), BackendUnavailableError);
    assert.equal((await createListAccounts([backend], 1_000_000)(NEVER)[Symbol.asyncIterator]().next()).done, false);
  });

  it('holds names packed: no more memory than their letters take', async () => {
    const names = 300_000;
    const backend = new MemoryBackend();
    backend.listAccounts = async function* list() {
      for (let at = 0; at < names; at += 1000) {
        yield Array.from({ length: 1000 }, (_, i) => `user${at + i}@example.test` as AccountName);
      }
    };
    const before = process.memoryUsage();

    const pages = createListAccounts([backend])(NEVER)[Symbol.asyncIterator]();
    await pages.next();
    const { arrayBuffers } = process.memoryUsage();
    await pages.return?.();

    assert.ok(arrayBuffers - before.arrayBuffers < names * 30, `${arrayBuffers - before.arrayBuffers} bytes`);
  });

  it('fails before the first page where one backend cannot give its list whole', async () => {
    const failure = new BackendUnavailableError('the server has gone');
    for (const backends of [
      [listing([], failure)],
      [listing([['a', 'b']]), listing([['c']], failure)],
      [listing([['c']], failure), listing([['a', 'b']])],
    ]) {
      const pages = createListAccounts(backends)(NEVER)[Symbol.asyncIterator]();

      await assert.rejects(() => pages.next(), failure);
    }
  });

  it('gives the signal on to every backend', async () => {
    const list = createListAccounts([new MemoryBackend([{ name: 'a', password: 'x' }])])(AbortSignal.abort());

    await assert.rejects(() => list[Symbol.asyncIterator]().next(), BackendUnavailableError);
  });
});
