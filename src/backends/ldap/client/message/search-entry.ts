import { BerError } from '../ber/ber-error.ts';
import { BerReader } from '../ber/ber-reader.ts';
import { TAG } from '../ber/ber-tags.ts';

const MAX_ATTRIBUTES = 10_000;
const MAX_VALUES = 500_000;

export interface EntryAttribute {
  /** As the server wrote it, options such as `;binary` included. */
  readonly name: string;
  readonly values: readonly Buffer[];
}

/**
 * One found entry. It was walked through once when it came in, and stays the bytes that it is until something is asked of
 * it. Values are views into the message that brought them: copy what is to be kept for long.
 */
export class SearchEntry {
  readonly #bytes: Buffer;
  readonly #dnStart: number;
  readonly #dnEnd: number;
  readonly #end: number;

  private constructor(bytes: Buffer, dnStart: number, dnEnd: number, end: number) {
    this.#bytes = bytes;
    this.#dnStart = dnStart;
    this.#dnEnd = dnEnd;
    this.#end = end;
  }

  /** Checks the form of a whole entry and passes over it. @throws {BerError} */
  static read(reader: BerReader): SearchEntry {
    const outer = reader.enter(TAG.searchEntry);
    const dnStart = reader.skipContent(TAG.octetString);
    const dnEnd = reader.position;
    const end = reader.enter(TAG.sequence);
    const attributesEnd = reader.end;
    checkAttributes(reader);
    reader.leave(end);
    reader.leave(outer);
    return new SearchEntry(reader.bytes, dnStart, dnEnd, attributesEnd);
  }

  get dn(): string {
    return this.#bytes.toString('utf8', this.#dnStart, this.#dnEnd);
  }

  /** Octets that the entry took in its message. */
  get byteLength(): number {
    return this.#end - this.#dnStart;
  }

  /** All of the entry, a character for each byte: equal for equal answers of the server only. */
  latin1(): string {
    return this.#bytes.toString('latin1', this.#dnStart, this.#end);
  }

  /** All values of an attribute, by its name in any case; none where the entry has no such attribute. */
  values(name: string): Buffer[] {
    const reader = this.#find(name);
    return reader === undefined ? [] : readValues(reader);
  }

  /** The first value as UTF-8 text, where the entry has the attribute. */
  text(name: string): string | undefined {
    const reader = this.#find(name);
    if (reader === undefined) return undefined;
    reader.enter(TAG.set);
    return reader.isAtEnd ? undefined : reader.readText();
  }

  /** Every attribute, in the server's order. */
  attributes(): EntryAttribute[] {
    const reader = this.#open();
    const attributes: EntryAttribute[] = [];
    while (!reader.isAtEnd) {
      const end = reader.enter(TAG.sequence);
      const name = reader.readText();
      attributes.push({ name, values: readValues(reader) });
      reader.leave(end);
    }
    return attributes;
  }

  #open(): BerReader {
    const reader = new BerReader(this.#bytes, this.#dnEnd, this.#end);
    reader.enter(TAG.sequence);
    return reader;
  }

  /** Stands before the values of the attribute. */
  #find(name: string): BerReader | undefined {
    const reader = this.#open();
    while (!reader.isAtEnd) {
      const end = reader.enter(TAG.sequence);
      const start = reader.skipContent(TAG.octetString);
      if (isSameName(this.#bytes, start, reader.position, name)) return reader;
      reader.leave(end);
    }
    return undefined;
  }
}

function readValues(reader: BerReader): Buffer[] {
  const end = reader.enter(TAG.set);
  const values: Buffer[] = [];
  while (!reader.isAtEnd) values.push(reader.readBytes());
  reader.leave(end);
  return values;
}

function checkAttributes(reader: BerReader): void {
  let values = 0;
  for (let attributes = 0; !reader.isAtEnd; attributes++) {
    if (attributes === MAX_ATTRIBUTES) throw new BerError('too-many', reader.position);
    const attributeEnd = reader.enter(TAG.sequence);
    reader.skipContent(TAG.octetString);
    const setEnd = reader.enter(TAG.set);
    while (!reader.isAtEnd) {
      if (values++ === MAX_VALUES) throw new BerError('too-many', reader.position);
      reader.skipContent(TAG.octetString);
    }
    reader.leave(setEnd);
    reader.leave(attributeEnd);
  }
}

/** Attribute names are ASCII without case (RFC 4512 2.5); in their alphabet one bit tells upper from lower. */
function isSameName(bytes: Buffer, start: number, end: number, name: string): boolean {
  if (end - start !== name.length) return false;
  for (let index = 0; index < name.length; index++) {
    if (((bytes[start + index] as number) | 0x20) !== (name.charCodeAt(index) | 0x20)) return false;
  }
  return true;
}
