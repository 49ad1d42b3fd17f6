import { write, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** How long a reader that takes nothing now is left alone. */
const RETRY_MS = 50;
/** How long the end of the process waits for such a reader. */
const LAST_WORDS_MS = 1000;
const SETTLING_LOOK_MS = 5;

/** What is to be written, and who is told when it is needed no more. */
interface Waiting {
  readonly bytes: Buffer;
  readonly done: () => void;
}

/**
 * Where the log goes: a file, a pipe or a terminal. Bytes are written in their order, one piece at a time, off the event loop.
 * Beyond `maxWaitingBytes` the latest are dropped, and so is what cannot be written: a full disk or a reader that went away must
 * not take the service with it.
 */
export class LogFile {
  readonly #descriptor: number;
  readonly #maxWaitingBytes: number;
  readonly #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #isWriting = false;

  constructor(descriptor: number, maxWaitingBytes: number) {
    this.#descriptor = descriptor;
    this.#maxWaitingBytes = maxWaitingBytes;
  }

  /** Takes bytes that do not change until `done` is called. */
  write(bytes: Buffer, done: () => void): void {
    if (this.#waitingBytes + bytes.length > this.#maxWaitingBytes) return done();
    this.#waiting.push({ bytes, done });
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
    for (let next = this.#take(); next !== undefined; next = this.#take()) {
      const { bytes, done } = next;
      for (let written = 0; written < bytes.length; ) {
        try {
          written += writeSync(this.#descriptor, bytes, written);
        } catch (cause) {
          if (!isBusy(cause) || performance.now() > giveUpAt) return done();
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
        }
      }
      done();
    }
  }

  #take(): Waiting | undefined {
    const next = this.#waiting.shift();
    this.#waitingBytes -= next?.bytes.length ?? 0;
    return next;
  }

  #putBack(rest: Waiting): void {
    this.#waiting.unshift(rest);
    this.#waitingBytes += rest.bytes.length;
  }

  #writeNext(): void {
    const next = this.#take();
    this.#isWriting = next !== undefined;
    if (next === undefined) return;
    const { bytes, done } = next;
    write(this.#descriptor, bytes, (error, count) => {
      if (isBusy(error)) {
        this.#putBack(next);
        setTimeout(() => this.#writeNext(), RETRY_MS).unref();
        return;
      }
      if (error === null && count < bytes.length) this.#putBack({ bytes: bytes.subarray(count), done });
      else done();
      this.#writeNext();
    });
  }
}

function isBusy(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && (cause.code === 'EAGAIN' || cause.code === 'EBUSY');
}
