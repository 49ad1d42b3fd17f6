/**
 * Reads one CBOR map (RFC 8949) from bytes of a caller, strictly: what two readers could take for different questions, or what costs
 * more to read than a question is worth, is refused.
 *
 * @module
 */
import { isUtf8 } from 'node:buffer';
import { decode, type DecodeOptions, type Token, Tokenizer } from 'cborg';
import type { JsonObject } from '../json/json-object.ts';

/** Deepest nesting; only fields that are ignored can be nested at all. */
const MAX_DEPTH = 32;
/** Elements of an array, pairs of a map. */
const MAX_ENTRIES = 4096;

export type CborOutcome =
  | { readonly kind: 'object'; readonly value: JsonObject }
  | { readonly kind: 'malformed'; readonly message: string };

const OPTIONS: DecodeOptions = {
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
  allowBigInt: false,
  rejectDuplicateMapKeys: true,
  retainStringBytes: true,
};

/** Byte strings are given as `Uint8Array`. */
export function readCborObject(bytes: Uint8Array): CborOutcome {
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let value: unknown;
  try {
    value = decode(plain, { ...OPTIONS, tokenizer: new BoundedTokenizer(plain, OPTIONS) });
  } catch (cause) {
    return { kind: 'malformed', message: messageOf(cause) };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Uint8Array)
    return { kind: 'malformed', message: 'the body must be one CBOR map' };
  return { kind: 'object', value: value as JsonObject };
}

class BoundError extends Error {
  override readonly name = 'BoundError';
}

/** Gives tokens as long as they are not nested too deeply, and text as the bytes have it. */
class BoundedTokenizer extends Tokenizer {
  /** How many values each of the open arrays and maps still wants, outermost first. */
  readonly #open: number[] = [];

  override next(): Token {
    const token = super.next();
    const { name } = token.type;
    if (name === 'string') readText(token);
    const entries = name === 'array' || name === 'map' ? Number(token.value) : 0;
    if (entries > MAX_ENTRIES) throw new BoundError(`an array or a map has more than ${MAX_ENTRIES} entries`);
    this.#count(name === 'map' ? 2 * entries : entries);
    return token;
  }

  /** @param children values within the one that was begun */
  #count(children: number): void {
    const open = this.#open;
    const last = open.length - 1;
    if (last >= 0) open[last] = (open[last] ?? 0) - 1;
    if (children > 0) open.push(children);
    if (open.length > MAX_DEPTH) throw new BoundError(`nested deeper than ${MAX_DEPTH} levels`);
    while (open.length > 0 && open[open.length - 1] === 0) open.pop();
  }
}

/** The decoder drops a byte order mark, and puts a replacement for what is no UTF-8. */
function readText(token: Token): void {
  const bytes = token.byteValue ?? new Uint8Array();
  if (!isUtf8(bytes)) throw new BoundError('a text string is no UTF-8');
  token.value = Buffer.from(bytes).toString('utf8');
}

function messageOf(cause: unknown): string {
  if (cause instanceof BoundError) return cause.message;
  const text = cause instanceof Error ? cause.message : '';
  if (text.includes('repeat map key')) return 'a key stands twice';
  if (text.includes('indefinite')) return 'arrays, maps and strings must have a definite length';
  if (text.includes('tag not supported')) return 'tags are not taken';
  return 'the body is not valid CBOR';
}
