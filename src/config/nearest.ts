/**
 * The word of a list that was most likely meant: the one that needs the fewest letters added, left out, replaced or swapped
 * with their neighbour, as long as most of it was right.
 */
export function nearestWord(written: string, words: readonly string[]): string | undefined {
  if (written.length > MAX_LENGTH) return undefined;
  const plain = plainForm(written);
  let nearest: string | undefined;
  let least = Math.floor(Math.max(plain.length, 3) / 3) + 1;
  for (const word of words) {
    const edits = countEdits(plain, plainForm(word));
    if (edits >= least) continue;
    nearest = word;
    least = edits;
  }
  return nearest;
}

const MAX_LENGTH = 64;

/** Case and the way words are joined are what people remember least. */
function plainForm(text: string): string {
  return text.toLowerCase().replaceAll('-', '_');
}

/** Optimal string alignment distance. */
function countEdits(from: string, to: string): number {
  let before: number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const isSame = from[i - 1] === to[j - 1];
      const isSwapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      const replaced = at(row, j - 1) + (isSame ? 0 : 1);
      const swapped = isSwapped ? at(before, j - 2) + 1 : Number.POSITIVE_INFINITY;
      next.push(Math.min(replaced, swapped, at(row, j) + 1, at(next, j - 1) + 1));
    }
    before = row;
    row = next;
  }
  return at(row, to.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
