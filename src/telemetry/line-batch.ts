import { LinePiece, PIECE_BYTES } from './line-piece.ts';

const FLUSH_EVERY_MS = 100;
/** Bytes that a UTF-16 unit takes at most in UTF-8. */
const MAX_BYTES_PER_UNIT = 3;

/** Where a line is, as bytes. What it says holds until the next line is written; the bytes do for as long as the piece is held. */
export interface WrittenLine {
  readonly piece: LinePiece;
  readonly start: number;
  readonly end: number;
}

/** Takes bytes, and calls `done` once it needs them no more: they may change then. */
export type Send = (bytes: Buffer, done: () => void) => void;

/**
 * Gathers lines as bytes and hands them on together, when there are many or after a moment: one system call and one change to
 * another thread for a hundred logins instead of one each.
 */
export class LineBatch {
  readonly #send: Send;
  readonly #mark: string | undefined;
  /** The latest line. One for all lines: an object for each is what is saved here. */
  readonly #latest = { piece: LinePiece.roomy(), start: 0, end: 0 };
  /** What was written into the piece before this was handed on. */
  #start = 0;
  #end = 0;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param worker number that goes into each line, where several processes write to one log
   */
  constructor(send: Send, worker: number | undefined) {
    this.#send = send;
    this.#mark = worker === undefined ? undefined : `{"worker":${worker},`;
  }

  /** Adds a line, a JSON object that ends in a line feed. */
  write(line: string): WrittenLine {
    const text = this.#mark === undefined ? line : this.#mark + line.slice(1);
    const mostBytes = text.length * MAX_BYTES_PER_UNIT;
    if (mostBytes > PIECE_BYTES - this.#end) this.#renew();
    if (mostBytes > PIECE_BYTES) return this.#sendAlone(Buffer.from(text));
    const latest = this.#latest;
    latest.start = this.#end;
    this.#end += latest.piece.bytes.write(text, this.#end);
    latest.end = this.#end;
    this.#timer ??= setTimeout(() => this.flush(), FLUSH_EVERY_MS).unref();
    return latest;
  }

  /** Hands on what waits. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { piece } = this.#latest;
    const bytes = piece.bytes.subarray(this.#start, this.#end);
    this.#start = this.#end;
    if (bytes.length > 0) this.#sendOf(piece, bytes);
  }

  #sendAlone(bytes: Buffer): WrittenLine {
    const piece = LinePiece.of(bytes);
    this.#sendOf(piece, bytes);
    return { piece, start: 0, end: bytes.length };
  }

  #sendOf(piece: LinePiece, bytes: Buffer): void {
    piece.hold();
    this.#send(bytes, () => piece.letGo());
  }

  #renew(): void {
    this.flush();
    this.#latest.piece.letGo();
    this.#latest.piece = LinePiece.roomy();
    this.#start = 0;
    this.#end = 0;
  }
}
