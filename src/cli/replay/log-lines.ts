import { createReadStream } from 'node:fs';

const MAX_LINE_BYTES = 1 << 20;
const LINE_FEED = 10;

/** One line of a file; `undefined` instead of what is longer than 1 MiB. */
export interface LogLine {
  /** Counted from 1. */
  readonly number: number;
  readonly text: string | undefined;
}

/**
 * Reads a file line by line, `-` for standard input; no more than one line is held. Empty lines are left out.
 * @throws {NodeJS.ErrnoException} where it cannot be read
 */
export async function* readLogLines(file: string): AsyncGenerator<LogLine> {
  const stream = file === '-' ? createReadStream('', { fd: 0, autoClose: false }) : createReadStream(file);
  const chunks = stream as AsyncIterable<Buffer>;
  const line = new OpenLine();
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      line.add(chunk.subarray(start, end));
      const whole = line.end();
      if (whole.text !== '') yield whole;
      start = end + 1;
    }
    line.add(chunk.subarray(start));
  }
  const last = line.end();
  if (last.text !== '') yield last;
}

class OpenLine {
  #pieces: Buffer[] = [];
  #bytes = 0;
  #number = 0;

  add(piece: Buffer): void {
    this.#bytes += piece.length;
    if (this.#bytes > MAX_LINE_BYTES) this.#pieces = [];
    else this.#pieces.push(piece);
  }

  end(): LogLine {
    const isWhole = this.#bytes <= MAX_LINE_BYTES;
    const text = isWhole ? Buffer.concat(this.#pieces).toString().trim() : undefined;
    this.#pieces = [];
    this.#bytes = 0;
    this.#number += 1;
    return { number: this.#number, text };
  }
}
