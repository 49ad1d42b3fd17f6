import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { unifiedDiff } from './unified-diff.ts';

const folder = mkdtempSync(join(tmpdir(), 'nauthilus-diff-'));
after(() => rmSync(folder, { recursive: true }));

test('a difference reads as that of diff -u', () => {
  const before = 'a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\n';
  const later = before.replace('b\n', 'B\nB2\n').replace('l\n', '');

  assert.equal(
    unifiedDiff(before, later, 'x.conf'),
    '--- x.conf\n+++ x.conf (new)\n@@ -1,5 +1,6 @@\n a\n-b\n+B\n+B2\n c\n d\n e\n@@ -9,4 +10,3 @@\n i\n j\n k\n-l\n',
  );
});

test('patch makes the new text of the old one and the difference, whatever they are', () => {
  const text = fc
    .tuple(fc.array(fc.constantFrom('a', 'b', 'c', '', ' d'), { maxLength: 25 }), fc.boolean())
    .map(([lines, ends]) => (lines.length === 0 || lines.at(-1) === '' ? '' : lines.join('\n') + (ends ? '\n' : '')));
  fc.assert(
    fc.property(text, text, (before, later) => {
      const diff = unifiedDiff(before, later, 'x');
      if (before === later) return assert.equal(diff, '');
      const file = join(folder, 'x');
      writeFileSync(file, before);
      const { status, stdout, stderr } = spawnSync('patch', ['-s', '-o', '-', file], { input: diff, encoding: 'utf8' });
      assert.equal(status, 0, stdout + stderr);
      assert.equal(stdout, later);
    }),
    { numRuns: 60 },
  );
});
