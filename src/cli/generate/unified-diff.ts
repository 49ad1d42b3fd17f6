/** Lines around a change that are shown with it. */
const CONTEXT = 3;

type Edit = { readonly mark: ' ' | '-' | '+'; readonly line: string };

/** What turns one text into another, in the form of `diff -u`; empty where they are the same. For texts of some hundred lines. */
export function unifiedDiff(before: string, after: string, name: string): string {
  if (before === after) return '';
  const edits = editsBetween(linesOf(before), linesOf(after));
  const hunks = hunksOf(edits).map((range) => renderHunk(edits, range));
  return `--- ${name}\n+++ ${name} (new)\n${hunks.join('')}`;
}

const NO_LINE_END = '\n\\ No newline at end of file';

function linesOf(text: string): string[] {
  if (text === '') return [];
  const lines = text.split('\n');
  const last = lines.pop() ?? '';
  return last === '' ? lines : [...lines, last + NO_LINE_END];
}

/** The longest common lines stay; of a change, what goes comes first. */
function editsBetween(before: readonly string[], after: readonly string[]): Edit[] {
  const common = commonLengths(before, after);
  const length = (i: number, j: number) => common[i * (after.length + 1) + j] ?? 0;
  const edits: Edit[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    const [old = '', fresh = ''] = [before[i], after[j]];
    if (i < before.length && j < after.length && old === fresh) {
      edits.push({ mark: ' ', line: old });
      i += 1;
      j += 1;
    } else if (i < before.length && (j === after.length || length(i + 1, j) >= length(i, j + 1))) {
      edits.push({ mark: '-', line: old });
      i += 1;
    } else {
      edits.push({ mark: '+', line: fresh });
      j += 1;
    }
  }
  return edits;
}

/** At `i * (after.length + 1) + j`, how many lines the rests from `i` and `j` on have in common. */
function commonLengths(before: readonly string[], after: readonly string[]): Uint32Array {
  const width = after.length + 1;
  const lengths = new Uint32Array((before.length + 1) * width);
  for (let i = before.length - 1; i >= 0; i -= 1)
    for (let j = after.length - 1; j >= 0; j -= 1) {
      const below = lengths[(i + 1) * width + j] ?? 0;
      const right = lengths[i * width + j + 1] ?? 0;
      const diagonal = (lengths[(i + 1) * width + j + 1] ?? 0) + 1;
      lengths[i * width + j] = before[i] === after[j] ? diagonal : Math.max(below, right);
    }
  return lengths;
}

interface Range {
  readonly start: number;
  readonly end: number;
}

/** Changes with their context; those whose contexts touch are one. */
function hunksOf(edits: readonly Edit[]): Range[] {
  const hunks: Range[] = [];
  for (const [at, { mark }] of edits.entries()) {
    if (mark === ' ') continue;
    const start = Math.max(at - CONTEXT, 0);
    const end = Math.min(at + CONTEXT + 1, edits.length);
    const last = hunks.at(-1);
    if (last !== undefined && start <= last.end) hunks[hunks.length - 1] = { start: last.start, end };
    else hunks.push({ start, end });
  }
  return hunks;
}

function renderHunk(edits: readonly Edit[], { start, end }: Range): string {
  const side = (mark: '-' | '+') => {
    const belongs = (edit: Edit) => edit.mark === ' ' || edit.mark === mark;
    const count = edits.slice(start, end).filter(belongs).length;
    const first = edits.slice(0, start).filter(belongs).length + (count === 0 ? 0 : 1);
    return count === 1 ? String(first) : `${first},${count}`;
  };
  const lines = edits.slice(start, end).map(({ mark, line }) => `${mark}${line}\n`);
  return `@@ -${side('-')} +${side('+')} @@\n${lines.join('')}`;
}
