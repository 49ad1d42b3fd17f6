import { BerError } from './ber-error.ts';
import { TAG } from './ber-tags.ts';

/**
 * Reads BER of the LDAP kind: definite lengths of up to four octets, single-octet tags, integers of up to 32 bits.
 * A walk over one buffer without copies and without recursion: depth is what the caller enters, and nothing is ever read
 * beyond the element that was entered. Throws `BerError` and nothing else.
 */
export class BerReader {
  readonly bytes: Buffer;
  #at: number;
  #end: number;

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  get position(): number {
    return this.#at;
  }

  get end(): number {
    return this.#end;
  }

  /** Whether nothing is left of the element that was entered last. */
  get isAtEnd(): boolean {
    return this.#at >= this.#end;
  }

  /** The next tag, or -1 at the end. */
  peekTag(): number {
    return this.#at < this.#end ? (this.bytes[this.#at] as number) : -1;
  }

  /** Goes into an element; what it gives is to be handed to `leave`. */
  enter(tag: number): number {
    const outerEnd = this.#end;
    this.#end = this.#open(tag);
    return outerEnd;
  }

  /** Goes out of an element, past whatever is left of it: later protocol versions may add fields (RFC 4511 4). */
  leave(outerEnd: number): void {
    this.#at = this.#end;
    this.#end = outerEnd;
  }

  /** Passes over one element with any tag. */
  skip(): void {
    this.#at = this.#open(this.peekTag());
  }

  /** Passes over one element; gives where its content began. It ended at the new `position`. */
  skipContent(tag: number): number {
    const end = this.#open(tag);
    const start = this.#at;
    this.#at = end;
    return start;
  }

  readInteger(tag: number = TAG.integer): number {
    const end = this.#open(tag);
    const length = end - this.#at;
    if (length < 1 || length > 4) throw new BerError('bad-integer', this.#at);
    const value = this.bytes.readIntBE(this.#at, length);
    this.#at = end;
    return value;
  }

  readBoolean(tag: number = TAG.boolean): boolean {
    const end = this.#open(tag);
    if (end - this.#at !== 1) throw new BerError('bad-length', this.#at);
    return this.bytes[this.#at++] !== 0;
  }

  /** An octet string as a view into the message: to be copied before it is kept. */
  readBytes(tag: number = TAG.octetString): Buffer {
    const start = this.skipContent(tag);
    return this.bytes.subarray(start, this.#at);
  }

  readText(tag: number = TAG.octetString): string {
    const start = this.skipContent(tag);
    return start === this.#at ? '' : this.bytes.toString('utf8', start, this.#at);
  }

  #open(tag: number): number {
    const { bytes } = this;
    const found = this.#at < this.#end ? (bytes[this.#at] as number) : -1;
    if (found === -1) throw new BerError('truncated', this.#at);
    if (found !== tag || (found & 0x1f) === 0x1f) throw new BerError('unexpected-tag', this.#at);
    if (this.#at + 2 > this.#end) throw new BerError('truncated', this.#at);
    const first = bytes[this.#at + 1] as number;
    let content = this.#at + 2;
    let length = first;
    if (first >= 0x80) {
      const octets = first & 0x7f;
      if (octets < 1 || octets > 4) throw new BerError('bad-length', this.#at);
      if (content + octets > this.#end) throw new BerError('truncated', this.#at);
      length = bytes.readUIntBE(content, octets);
      content += octets;
    }
    if (content + length > this.#end) throw new BerError('truncated', this.#at);
    this.#at = content;
    return content + length;
  }
}
