import fc from 'fast-check';

const MAX_EDITS = 6;
const LONGEST_REPEAT = 300;
/** Bytes that parsers are likely to look at. */
const EDGES = ['\0', '\t', '\n', '\r', ' ', '"', '%', ',', ':', ';', '=', '\\', '{', '}', '\x7f', '\x80', '\xff'];

type Edit = readonly [kind: number, at: number, length: number, piece: string];

/** Inputs, one character for each byte: what is in the corpus with some changes, two of them crossed, or anything at all. */
export function inputsOf(corpus: readonly string[], words: readonly string[]): fc.Arbitrary<string> {
  const seed = fc.constantFrom(...corpus);
  const byte = fc.nat(255).map((code) => String.fromCharCode(code));
  const piece = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...words, ...EDGES) },
    { weight: 2, arbitrary: byte },
    { weight: 1, arbitrary: fc.tuple(byte, fc.nat(LONGEST_REPEAT)).map(([one, count]) => one.repeat(count)) },
  );
  const edit = fc.tuple(fc.nat(4), fc.nat(0xffff), fc.nat(16), piece);
  const edits = fc.array(edit, { maxLength: MAX_EDITS });
  return fc.oneof(
    { weight: 8, arbitrary: fc.tuple(seed, edits).map(([text, all]) => edited(text, all)) },
    { weight: 2, arbitrary: fc.tuple(seed, seed, fc.nat(0xffff), edits).map(crossed) },
    { weight: 1, arbitrary: fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')) },
  );
}

function edited(text: string, edits: readonly Edit[]): string {
  return edits.reduce(changed, text);
}

function changed(text: string, [kind, place, length, piece]: Edit): string {
  const at = text.length === 0 ? 0 : place % (text.length + 1);
  switch (kind) {
    case 0:
      return text.slice(0, at) + piece + text.slice(at);
    case 1:
      return text.slice(0, at) + text.slice(at + length);
    case 2:
      return text.slice(0, at) + piece + text.slice(at + piece.length);
    case 3:
      return text.slice(0, at) + text.slice(at, at + length) + text.slice(at);
    default:
      return text.slice(0, at);
  }
}

function crossed([one, other, place, edits]: [string, string, number, readonly Edit[]]): string {
  const at = one.length === 0 ? 0 : place % one.length;
  return edited(one.slice(0, at) + other.slice(Math.min(at, other.length)), edits);
}
