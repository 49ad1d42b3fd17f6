import type { FrameProblem, Frames } from '../frames.ts';

const COLON = ':';
const COMMA = ',';

/** Requests as netstrings: their length in digits, a colon, as many bytes, and a comma. */
export class NetstringFrames implements Frames {
  readonly #maxBytes: number;
  readonly #maxDigits: number;
  #text = '';
  #from = 0;

  /** @param maxBytes of what a netstring holds */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#maxDigits = String(maxBytes).length;
  }

  push(chunk: string): void {
    this.#text = this.#from === this.#text.length ? chunk : this.#text.slice(this.#from) + chunk;
    this.#from = 0;
  }

  next(): string | FrameProblem | undefined {
    const head = this.#text.slice(this.#from, this.#from + this.#maxDigits + 1);
    const colon = head.indexOf(COLON);
    if (!/^[0-9]*$/.test(colon < 0 ? head : head.slice(0, colon)) || colon === 0)
      return { problem: 'what came in is no netstring' };
    if (colon < 0) return head.length > this.#maxDigits ? this.#tooLong() : undefined;
    const length = Number(head.slice(0, colon));
    if (length > this.#maxBytes) return this.#tooLong();
    if (colon > 1 && head.startsWith('0')) return { problem: 'the length of a netstring begins with 0' };
    const start = this.#from + colon + 1;
    const end = start + length;
    if (this.#text.length <= end) return undefined;
    if (this.#text[end] !== COMMA) return { problem: 'a netstring does not end with a comma' };
    this.#from = end + 1;
    return this.#text.slice(start, end);
  }

  get isPartial(): boolean {
    return this.#from < this.#text.length;
  }

  #tooLong(): FrameProblem {
    return { problem: `a netstring is longer than ${this.#maxBytes} bytes` };
  }
}

/** @param text one character for each byte */
export function renderNetstring(text: string): string {
  return `${text.length}:${text},`;
}
