const HEAD_END = '\r\n\r\n';
const LENGTH = 'Content-Length: ';
const CHUNKED_END = Buffer.from('0\r\n\r\n');

/** Finds where answers end: by their length, or by the last chunk. Answers come one at a time, none before it was asked for. */
export class AnswerReader {
  readonly #onAnswer: (status: string) => void;
  #head = '';
  #left = 0;
  #isChunked = false;
  #tail = Buffer.alloc(0);
  #status = '';

  constructor(onAnswer: (status: string) => void) {
    this.#onAnswer = onAnswer;
  }

  take(chunk: Buffer): void {
    if (this.#isChunked) return this.#takeChunked(chunk);
    if (this.#left > 0) return this.#takeSized(chunk.length);
    const before = this.#head.length;
    this.#head += chunk.toString('latin1');
    const end = this.#head.indexOf(HEAD_END);
    if (end < 0) return;
    const head = this.#head.slice(0, end);
    this.#head = '';
    this.#status = head.slice(9, 12);
    const length = lengthIn(head);
    const bodyStart = end + HEAD_END.length - before;
    if (length === undefined) {
      this.#isChunked = true;
      return this.#takeChunked(chunk.subarray(bodyStart));
    }
    this.#left = length;
    this.#takeSized(chunk.length - bodyStart);
  }

  #takeSized(bytes: number): void {
    this.#left -= bytes;
    if (this.#left <= 0) this.#onAnswer(this.#status);
  }

  #takeChunked(bytes: Buffer): void {
    const tail = bytes.length >= 5 ? bytes.subarray(-5) : Buffer.concat([this.#tail, bytes]).subarray(-5);
    this.#tail = Buffer.from(tail);
    if (!tail.equals(CHUNKED_END)) return;
    this.#isChunked = false;
    this.#tail = Buffer.alloc(0);
    this.#onAnswer(this.#status);
  }
}

function lengthIn(head: string): number | undefined {
  const at = head.indexOf(LENGTH);
  if (at < 0) return undefined;
  return Number.parseInt(head.slice(at + LENGTH.length, at + LENGTH.length + 10), 10);
}
