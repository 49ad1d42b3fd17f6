import { headerLength, writeHeader } from '../ber/ber-writer.ts';
import { FilterError } from './filter-error.ts';
import { type FilterNode, parseFilterText, SLOT } from './filter-parser.ts';

const LONGEST_HEADER = 6;

/** A place in a filter for a value that comes later. */
export interface FilterSlot {
  /** Which of the values is put in here; one value may stand in several places. */
  readonly value: number;
  /** As the operator wrote it, such as `%{user}`: positions in errors count its characters. */
  readonly source: string;
}

/** Puts values into a filter that was read once: bytes in, BER out. No value can change what the filter means. */
export type CompiledFilter = (values: readonly Uint8Array[]) => Buffer;

type Compiled = Buffer | number | { readonly tag: number; readonly parts: readonly Compiled[] };

/** Reads a filter without places for values (RFC 4515). @throws {FilterError} */
export function parseFilter(text: string): Buffer {
  return compileFilter([text])([]);
}

/**
 * Reads a filter that is given as text and places for values, in turn. Places may stand in values only, beside text too:
 * `(mail=%{user}@*)` is a substring match whose `*` comes from the text, while a `*` in the value is just a character.
 *
 * An empty value beside a `*` gives a substring of no length, which servers refuse (RFC 4511 4.5.1.7.2) or match nothing
 * with: it never widens the match.
 * @throws {FilterError}
 */
export function compileFilter(pieces: readonly (string | FilterSlot)[]): CompiledFilter {
  const node = readPieces(pieces);
  const order = pieces.filter((piece) => typeof piece !== 'string').map((slot) => slot.value);
  const root = compile(node, order);
  if (Buffer.isBuffer(root)) return () => root;
  const fixedSize = largestSize(root);
  return (values) => {
    let size = fixedSize;
    for (const value of order) size += (values[value] as Uint8Array).length;
    const target = Buffer.allocUnsafe(size);
    return target.subarray(writeBefore(target, size, root, values));
  };
}

function readPieces(pieces: readonly (string | FilterSlot)[]): FilterNode {
  let text = '';
  for (const piece of pieces) {
    const nul = typeof piece === 'string' ? piece.indexOf(SLOT) : -1;
    if (nul >= 0) throw new FilterError('a NUL is written \\00', sourcePosition(pieces, text.length + nul));
    text += typeof piece === 'string' ? piece : SLOT;
  }
  try {
    return parseFilterText(text);
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    const place = text[error.position] === SLOT ? 'a placeholder may stand in values only: ' : '';
    const rule = error.message.slice(0, error.message.lastIndexOf(' at position '));
    throw new FilterError(place + rule, sourcePosition(pieces, error.position));
  }
}

/** Where a position in the text with one-character slots lies in the text as it was written. */
function sourcePosition(pieces: readonly (string | FilterSlot)[], position: number): number {
  let left = position;
  let source = 0;
  for (const piece of pieces) {
    const length = typeof piece === 'string' ? piece.length : 1;
    if (left < length) break;
    left -= length;
    source += typeof piece === 'string' ? length : piece.source.length;
  }
  return source + left;
}

/** Writes out whatever holds no slot; slots get the numbers of their values. */
function compile(node: FilterNode, order: readonly number[]): Compiled {
  const parts: Compiled[] = node.parts.map((part) => {
    if (typeof part === 'number') return order[part] as number;
    return Buffer.isBuffer(part) ? part : compile(part, order);
  });
  const compiled = { tag: node.tag, parts };
  if (!parts.every((part) => Buffer.isBuffer(part))) return compiled;
  const target = Buffer.allocUnsafe(largestSize(compiled));
  return target.subarray(writeBefore(target, target.length, compiled, []));
}

/** Octets that an element takes at most without its values. */
function largestSize(compiled: Compiled): number {
  if (typeof compiled === 'number') return 0;
  if (Buffer.isBuffer(compiled)) return compiled.length;
  return compiled.parts.reduce<number>((size, part) => size + largestSize(part), LONGEST_HEADER);
}

/** Writes an element so that it ends at `end`; gives where it begins. Lengths are known by then, in one pass. */
function writeBefore(target: Buffer, end: number, compiled: Compiled, values: readonly Uint8Array[]): number {
  if (typeof compiled === 'number' || Buffer.isBuffer(compiled)) {
    const bytes = typeof compiled === 'number' ? (values[compiled] as Uint8Array) : compiled;
    target.set(bytes, end - bytes.length);
    return end - bytes.length;
  }
  let at = end;
  for (let index = compiled.parts.length - 1; index >= 0; index--) {
    at = writeBefore(target, at, compiled.parts[index] as Compiled, values);
  }
  const start = at - headerLength(end - at);
  writeHeader(target, start, compiled.tag, end - at);
  return start;
}
