import { BerError } from '../ber/ber-error.ts';
import { TAG } from '../ber/ber-tags.ts';

const HEADER_OCTETS = 6;
const FIRST_CAPACITY = 4096;
const UNKNOWN = -1;

/** Is given each whole message: `bytes` from `start` to `end`. Gives false to hear of no more. */
export type MessageListener = (bytes: Buffer, start: number, end: number) => boolean;

/**
 * Cuts a stream of bytes into messages. Messages that lie within one chunk are handed on where they are; one that spans
 * chunks is gathered in a buffer that grows with what has come in, never with what a length field promises.
 */
export class MessageSplitter {
  readonly #maxMessageBytes: number;
  #partial: Buffer | undefined;
  #length = 0;

  constructor(maxMessageBytes: number) {
    this.#maxMessageBytes = maxMessageBytes;
  }

  /** Octets of a message that is not whole yet. */
  get pendingBytes(): number {
    return this.#length;
  }

  /** @throws {BerError} where the stream is none of messages, or one is too large */
  push(chunk: Buffer, onMessage: MessageListener): void {
    let at = 0;
    if (this.#length > 0) {
      at = this.#complete(chunk, onMessage);
      if (at === UNKNOWN) return;
    }
    while (at < chunk.length) {
      const end = at + this.#messageLength(chunk, at, chunk.length);
      if (end < at || end > chunk.length) {
        this.#keep(chunk, at, chunk.length);
        return;
      }
      if (!onMessage(chunk, at, end)) return;
      at = end;
    }
  }

  /** Adds to the message begun before; gives where in the chunk the next one begins, or `UNKNOWN` to stop. */
  #complete(chunk: Buffer, onMessage: MessageListener): number {
    let at = 0;
    let total = this.#messageLength(this.#partial as Buffer, 0, this.#length);
    while (total === UNKNOWN && at < chunk.length) {
      this.#keep(chunk, at, ++at);
      total = this.#messageLength(this.#partial as Buffer, 0, this.#length);
    }
    if (total === UNKNOWN) return UNKNOWN;
    const end = Math.min(chunk.length, at + total - this.#length);
    this.#keep(chunk, at, end);
    if (this.#length < total) return UNKNOWN;
    const message = this.#partial as Buffer;
    this.#partial = undefined;
    this.#length = 0;
    return onMessage(message, 0, total) ? end : UNKNOWN;
  }

  #keep(chunk: Buffer, start: number, end: number): void {
    const length = this.#length + end - start;
    const old = this.#partial;
    if (old === undefined || old.length < length) {
      const grown = Buffer.allocUnsafe(Math.max(length, old === undefined ? FIRST_CAPACITY : old.length * 2));
      old?.copy(grown, 0, 0, this.#length);
      this.#partial = grown;
    }
    chunk.copy(this.#partial as Buffer, this.#length, start, end);
    this.#length = length;
  }

  /** Length of the whole message that begins at `at`, or `UNKNOWN` where its header is not whole. */
  #messageLength(bytes: Buffer, at: number, end: number): number {
    if (bytes[at] !== TAG.sequence) throw new BerError('unexpected-tag', at);
    if (end - at < 2) return UNKNOWN;
    const first = bytes[at + 1] as number;
    let length = 2 + first;
    if (first >= 0x80) {
      const octets = first & 0x7f;
      if (octets < 1 || octets > HEADER_OCTETS - 2) throw new BerError('bad-length', at);
      if (end - at < 2 + octets) return UNKNOWN;
      length = 2 + octets + bytes.readUIntBE(at + 2, octets);
    }
    if (length > this.#maxMessageBytes) throw new BerError('too-large', at);
    return length;
  }
}
