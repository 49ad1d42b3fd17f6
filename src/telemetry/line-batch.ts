/** Size of a buffer that lines are gathered in: what some hundred logins write. Handing one over wakes another thread, which is dear. */
const BUFFER_BYTES = 256 * 1024;
const FLUSH_EVERY_MS = 100;
/** Bytes that a UTF-16 unit takes at most in UTF-8. */
const MAX_BYTES_PER_UNIT = 3;

/**
 * Gathers lines as bytes and hands them on together, when there are many or after a moment: one system call and one change to
 * another thread for a hundred logins instead of one each.
 */
export class LineBatch {
  readonly #send: (bytes: Buffer) => void;
  readonly #mark: string | undefined;
  #buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  /** What was written into the buffer before this was handed on. */
  #start = 0;
  #end = 0;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param send takes bytes that are never changed afterwards
   * @param worker number that goes into each line, where several processes write to one log
   */
  constructor(send: (bytes: Buffer) => void, worker: number | undefined) {
    this.#send = send;
    this.#mark = worker === undefined ? undefined : `{"worker":${worker},`;
  }

  /** Adds a line, a JSON object that ends in a line feed. */
  write(line: string): void {
    const text = this.#mark === undefined ? line : this.#mark + line.slice(1);
    const mostBytes = text.length * MAX_BYTES_PER_UNIT;
    if (mostBytes > BUFFER_BYTES - this.#end) this.#renew();
    if (mostBytes > BUFFER_BYTES) return this.#send(Buffer.from(text));
    this.#end += this.#buffer.write(text, this.#end);
    this.#timer ??= setTimeout(() => this.flush(), FLUSH_EVERY_MS).unref();
  }

  /** Hands on what waits. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const bytes = this.#buffer.subarray(this.#start, this.#end);
    this.#start = this.#end;
    if (bytes.length > 0) this.#send(bytes);
  }

  #renew(): void {
    this.flush();
    this.#buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
    this.#start = 0;
    this.#end = 0;
  }
}
