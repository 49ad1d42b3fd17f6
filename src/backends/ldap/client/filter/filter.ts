import { headerLength, writeHeader } from '../ber/ber-writer.ts';
import { FilterError } from './filter-error.ts';
import { type FilterNode, parseFilterText, SLOT } from './filter-parser.ts';

const LONGEST_HEADER = 6;
/** Layouts are kept of values below this length, up to so many. */
const LAYOUT_LENGTHS = 1024;
const MOST_LAYOUTS = 512;

/** A place in a filter for a value that comes later. */
export interface FilterSlot {
  /** Which of the values is put in here; one value may stand in several places. */
  readonly value: number;
  /** As the operator wrote it, such as `%{user}`: positions in errors count its characters. */
  readonly source: string;
}

/** A value to look for: bytes, or text that is looked for as UTF-8. */
export type FilterValue = string | Uint8Array;

/** Puts values into a filter that was read once: values in, BER out. No value can change what the filter means. */
export type CompiledFilter = (values: readonly FilterValue[]) => Buffer;

type Compiled = Buffer | number | { readonly tag: number; readonly parts: readonly Compiled[] };

/** A filter for values of certain lengths: all of its bytes are known but the values', and so is where each of these begins. */
interface Layout {
  readonly bytes: Buffer;
  readonly places: readonly { readonly value: number; readonly at: number }[];
}

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
  return Buffer.isBuffer(root) ? () => root : new FilterForm(root, order).encode;
}

/** A filter with places for values. Most of what it takes to write one depends on the lengths of the values only. */
class FilterForm {
  readonly #root: Compiled;
  readonly #fixedSize: number;
  readonly #order: readonly number[];
  readonly #layouts = new Map<number, Layout>();

  constructor(root: Compiled, order: readonly number[]) {
    this.#root = root;
    this.#fixedSize = largestSize(root);
    this.#order = order;
  }

  readonly encode: CompiledFilter = (values) => {
    const lengths = values.map(octetsOf);
    const { bytes, places } = this.#layoutFor(lengths);
    const target = Buffer.allocUnsafe(bytes.length);
    target.set(bytes);
    for (const { value, at } of places) writeValue(target, at, values[value] as FilterValue, lengths[value] as number);
    return target;
  };

  #layoutFor(lengths: readonly number[]): Layout {
    let key = 0;
    for (const length of lengths) {
      if (length >= LAYOUT_LENGTHS) return this.#layOut(lengths);
      key = key * LAYOUT_LENGTHS + length;
    }
    if (!Number.isSafeInteger(key)) return this.#layOut(lengths);
    const known = this.#layouts.get(key);
    if (known !== undefined) return known;
    const layout = this.#layOut(lengths);
    if (this.#layouts.size < MOST_LAYOUTS) this.#layouts.set(key, layout);
    return layout;
  }

  #layOut(lengths: readonly number[]): Layout {
    const size = this.#order.reduce((sum, value) => sum + (lengths[value] as number), this.#fixedSize);
    const target = Buffer.alloc(size);
    const places: { value: number; at: number }[] = [];
    const start = writeBefore(target, size, this.#root, {
      lengths,
      onPlace: (value, at) => places.push({ value, at }),
    });
    return {
      bytes: Buffer.from(target.subarray(start)),
      places: places.map(({ value, at }) => ({ value, at: at - start })),
    };
  }
}

function octetsOf(value: FilterValue): number {
  return typeof value === 'string' ? Buffer.byteLength(value) : value.length;
}

function writeValue(target: Buffer, at: number, value: FilterValue, length: number): void {
  if (typeof value === 'string') target.write(value, at, length, value.length === length ? 'latin1' : 'utf8');
  else target.set(value, at);
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
  return target.subarray(writeBefore(target, target.length, compiled, NO_PLACES));
}

/** Octets that an element takes at most without its values. */
function largestSize(compiled: Compiled): number {
  if (typeof compiled === 'number') return 0;
  if (Buffer.isBuffer(compiled)) return compiled.length;
  return compiled.parts.reduce<number>((size, part) => size + largestSize(part), LONGEST_HEADER);
}

/** Lengths of the values, and who is told where each place begins. */
interface Places {
  readonly lengths: readonly number[];
  readonly onPlace: (value: number, at: number) => void;
}

const NO_PLACES: Places = { lengths: [], onPlace: () => {} };

/** Writes an element so that it ends at `end`; gives where it begins. Lengths are known by then, in one pass. */
function writeBefore(target: Buffer, end: number, compiled: Compiled, places: Places): number {
  if (typeof compiled === 'number') {
    const start = end - (places.lengths[compiled] as number);
    places.onPlace(compiled, start);
    return start;
  }
  if (Buffer.isBuffer(compiled)) {
    target.set(compiled, end - compiled.length);
    return end - compiled.length;
  }
  let at = end;
  for (let index = compiled.parts.length - 1; index >= 0; index--) {
    at = writeBefore(target, at, compiled.parts[index] as Compiled, places);
  }
  const start = at - headerLength(end - at);
  writeHeader(target, start, compiled.tag, end - at);
  return start;
}
