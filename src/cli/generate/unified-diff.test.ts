import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { unifiedDiff } from './unified-diff.ts';

test('a difference reads as that of diff -u', () => {
  const before = 'a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\n';
  const later = before.replace('b\n', 'B\nB2\n').replace('l\n', '');

  assert.equal(
    unifiedDiff(before, later, 'x.conf'),
    '--- x.conf\n+++ x.conf (new)\n@@ -1,5 +1,6 @@\n a\n-b\n+B\n+B2\n c\n d\n e\n@@ -9,4 +10,3 @@\n i\n j\n k\n-l\n',
  );
});

/** Makes the new text as `patch` would, and checks that what is to go, or to stay, is there. */
function applyDiff(before: string, diff: string): string {
  const old = before.split(/(?<=\n)/);
  const made: string[] = [];
  let at = 0;
  const lines = diff
    .replaceAll('\n\\ No newline at end of file\n', '\0')
    .split(/(?<=[\n\0])/)
    .slice(2);
  for (const raw of lines) {
    const [mark, line] = [raw[0], raw.slice(1).replace('\0', '')];
    if (mark === '@') {
      const [, first = '', count = '1'] = /^@@ -(\d+)(?:,(\d+))? /.exec(raw) ?? [];
      const start = Number(first) - (count === '0' ? 0 : 1);
      made.push(...old.slice(at, start));
      at = start;
      continue;
    }
    if (mark !== '+') assert.equal(old[at], line);
    if (mark !== '-') made.push(line);
    if (mark !== '+') at += 1;
  }
  return [...made, ...old.slice(at)].join('');
}

test('applied to the old text, a difference gives the new one, whatever they are', () => {
  const text = fc
    .tuple(fc.array(fc.constantFrom('a', 'b', 'c', '', ' d'), { maxLength: 25 }), fc.boolean())
    .map(([lines, ends]) => lines.join('\n') + (ends && lines.length > 0 ? '\n' : ''));
  fc.assert(
    fc.property(text, text, (before, later) => {
      const diff = unifiedDiff(before, later, 'x');
      assert.equal(diff === '', before === later);
      assert.equal(applyDiff(before, diff), later);
    }),
    { numRuns: 2000 },
  );
});
