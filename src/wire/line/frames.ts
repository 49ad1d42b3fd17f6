/** What came in is not cut as the protocol has it: nothing after it can be read. */
export interface FrameProblem {
  readonly problem: string;
}

/** Cuts the bytes of a connection, one character for each, into requests. Holds no more than one request and what came with it. */
export interface Frames {
  push(chunk: string): void;
  /** The next request that is whole; `undefined` until more comes in. */
  next(): string | FrameProblem | undefined;
  /** Whether a part of a request is there. */
  readonly isPartial: boolean;
}

/** Requests that end with a line feed, which is not part of them. */
export class LineFrames implements Frames {
  readonly #maxBytes: number;
  #text = '';
  #from = 0;
  /** Up to where no line feed is. */
  #searched = 0;

  /** @param maxBytes of a line, without its end */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  push(chunk: string): void {
    this.#text = this.#from === this.#text.length ? chunk : this.#text.slice(this.#from) + chunk;
    this.#searched = Math.max(0, this.#searched - this.#from);
    this.#from = 0;
  }

  next(): string | FrameProblem | undefined {
    const end = this.#text.indexOf('\n', Math.max(this.#from, this.#searched));
    const length = (end < 0 ? this.#text.length : end) - this.#from;
    if (length > this.#maxBytes) return { problem: `a line is longer than ${this.#maxBytes} bytes` };
    if (end < 0) {
      this.#searched = this.#text.length;
      return undefined;
    }
    const line = this.#text.slice(this.#from, end);
    this.#from = end + 1;
    this.#searched = this.#from;
    return line;
  }

  get isPartial(): boolean {
    return this.#from < this.#text.length;
  }
}
