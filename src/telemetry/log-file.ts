import { write, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** How long a reader that takes nothing now is left alone. */
const RETRY_MS = 50;
/** How long the end of the process waits for such a reader. */
const LAST_WORDS_MS = 1000;
const SETTLING_LOOK_MS = 5;

/**
 * Where the log goes: a file, a pipe or a terminal. Bytes are written in their order, one piece at a time, off the event loop.
 * Beyond `maxWaitingBytes` the latest are dropped, and so is what cannot be written: a full disk or a reader that went away must
 * not take the service with it.
 */
export class LogFile {
  readonly #descriptor: number;
  readonly #maxWaitingBytes: number;
  readonly #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #isWriting = false;

  constructor(descriptor: number, maxWaitingBytes: number) {
    this.#descriptor = descriptor;
    this.#maxWaitingBytes = maxWaitingBytes;
  }

  /** Takes bytes that are not changed afterwards. */
  write(bytes: Buffer): void {
    if (this.#waitingBytes + bytes.length > this.#maxWaitingBytes) return;
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    // In another turn: who writes and ends at once has all of it written in order by `flushSync`.
    if (this.#isWriting) return;
    this.#isWriting = true;
    setImmediate(() => this.#writeNext());
  }

  /** Fulfilled when everything is written, or after a second where nobody reads. Never rejects. */
  async settled(): Promise<void> {
    const giveUpAt = performance.now() + LAST_WORDS_MS;
    while (this.#isWriting && performance.now() < giveUpAt) await sleep(SETTLING_LOOK_MS);
  }

  /** Writes what waits before it returns; what is being written off the event loop may come after it. */
  flushSync(): void {
    const giveUpAt = performance.now() + LAST_WORDS_MS;
    for (let bytes = this.#take(); bytes !== undefined; bytes = this.#take()) {
      for (let written = 0; written < bytes.length; ) {
        try {
          written += writeSync(this.#descriptor, bytes, written);
        } catch (cause) {
          if (!isBusy(cause) || performance.now() > giveUpAt) return;
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
        }
      }
    }
  }

  #take(): Buffer | undefined {
    const bytes = this.#waiting.shift();
    this.#waitingBytes -= bytes?.length ?? 0;
    return bytes;
  }

  #putBack(bytes: Buffer): void {
    this.#waiting.unshift(bytes);
    this.#waitingBytes += bytes.length;
  }

  #writeNext(): void {
    const bytes = this.#take();
    this.#isWriting = bytes !== undefined;
    if (bytes === undefined) return;
    write(this.#descriptor, bytes, (error, count) => {
      if (isBusy(error)) {
        this.#putBack(bytes);
        setTimeout(() => this.#writeNext(), RETRY_MS).unref();
        return;
      }
      if (error === null && count < bytes.length) this.#putBack(bytes.subarray(count));
      this.#writeNext();
    });
  }
}

function isBusy(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && (cause.code === 'EAGAIN' || cause.code === 'EBUSY');
}
