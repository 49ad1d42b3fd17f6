import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { changedNames } from './account-changes.ts';
import type { AccountIndex } from './account-index.ts';
import { defaultFileBackend } from './file-config.ts';
import { readPasswdFile } from './passwd-file.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nauthilus-changes-'));
});
after(() => rm(folder, { recursive: true }));

async function indexOf(text: string): Promise<AccountIndex> {
  const path = join(folder, 'accounts');
  await writeFile(path, text);
  const read = await readPasswdFile(path, defaultFileBackend(path));
  assert.ok(read.kind === 'snapshot', JSON.stringify(read));
  return read.index;
}

async function changes(earlier: string, later: string, mostChanged?: number) {
  const path = join(folder, 'accounts');
  const changed = await changedNames(
    await indexOf(earlier),
    await indexOf(later),
    defaultFileBackend(path),
    mostChanged,
  );
  return changed === 'many' ? changed : [...changed].toSorted();
}

const ALICE = 'alice:{PLAIN}a::::::alias=al\n';
const BOB = 'Bob:{PLAIN}b\n';

const CASES: readonly (readonly [what: string, earlier: string, later: string, changed: readonly string[]])[] = [
  ['nothing', ALICE + BOB, ALICE + BOB, []],
  ['the order, a comment and the last newline', ALICE + BOB, `# new\n${BOB}${ALICE.trimEnd()}`, []],
  ['a password', ALICE + BOB, ALICE + BOB.replace('}b', '}c'), ['bob']],
  ['an account that goes', ALICE + BOB, BOB, ['al', 'alice']],
  ['an account that comes', BOB, ALICE + BOB, ['al', 'alice']],
  ['an alias that goes elsewhere', ALICE + BOB, `alice:{PLAIN}a\nBob:{PLAIN}b::::::alias=al\n`, ['al', 'alice', 'bob']],
  ['the case of a name', BOB, BOB.toLowerCase(), ['bob']],
  ['a file that was emptied', ALICE + BOB, '', ['al', 'alice', 'bob']],
];

describe('what has changed in a file of accounts', () => {
  for (const [what, earlier, later, expected] of CASES) {
    it(`is told by name and alias: ${what}`, async () => {
      assert.deepEqual(await changes(earlier, later), expected);
    });
  }

  it('is not told by name where that would be too many', async () => {
    const lines = (password: string) => Array.from({ length: 30 }, (_, i) => `u${i}:{PLAIN}${password}\n`).join('');
    assert.equal(await changes(lines('a'), lines('b'), 29), 'many');
    assert.equal((await changes(lines('a'), lines('b'), 30)).length, 30);
  });

  it('takes a large file no longer than reading it, in slices', async () => {
    const lines = (last: string) =>
      Array.from({ length: 100_000 }, (_, i) => `user${i}@example.test:{PLAIN}pw::::::n=${i}\n`).join('') + last;
    const [earlier, later] = [await indexOf(lines('')), await indexOf(lines('new:{PLAIN}x\n'))];
    const begun = performance.now();
    let longest = 0;
    let last = begun;
    const look = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 1);

    const changed = await changedNames(earlier, later, defaultFileBackend('x'));
    clearInterval(look);

    assert.deepEqual(changed, new Set(['new']));
    assert.ok(performance.now() - begun < 5000);
    assert.ok(longest < 500, `the event loop was held up for ${longest} ms`);
  });
});
