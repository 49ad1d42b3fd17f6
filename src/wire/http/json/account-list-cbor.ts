import { encode } from 'cborg';
import type { AccountName } from '../../../login/account-name.ts';

/** Longest list in bytes: the length of an array comes before it (RFC 8949 4.2.1), so that the list is held until it is whole. */
const MOST_BYTES = 64 << 20;
const ARRAY = 0x80;

/** An account list as a CBOR array of definite length: strict readers take no other. */
export class CborNames {
  readonly #pages: Buffer[] = [];
  #count = 0;
  #bytes = 0;

  /** @throws {Error} where the list is too long to be held */
  page(names: readonly AccountName[]): string {
    const page = Buffer.concat(names.map((name) => encode(name)));
    this.#bytes += page.length;
    if (this.#bytes > MOST_BYTES) throw new Error(`the list takes more than ${MOST_BYTES} bytes in CBOR`);
    this.#count += names.length;
    this.#pages.push(page);
    return '';
  }

  /** The array. */
  *end(): Iterable<Uint8Array> {
    yield lengthOf(this.#count);
    yield* this.#pages;
  }
}

/** The head of an array: that of the number, with the type of an array. */
function lengthOf(count: number): Uint8Array {
  const head = encode(count);
  head[0] = (head[0] ?? 0) | ARRAY;
  return head;
}
