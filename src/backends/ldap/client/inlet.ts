import type { OnReadOpts } from 'node:net';

/** Bytes of all connections pass through it, one read at a time, on their way into a buffer of their own size. */
const PASSAGE = Buffer.allocUnsafeSlow(64 * 1024);

/**
 * Where the bytes of a socket come in. Reads go around the streams of Node.js, which would take 64 KiB for each of them, and
 * most answers have a few hundred bytes.
 */
export class Inlet {
  #early: Buffer[] = [];
  #receive: ((chunk: Buffer) => void) | undefined;

  /** The option that makes a socket read this way. */
  get onread(): OnReadOpts {
    return {
      buffer: PASSAGE,
      callback: (length) => {
        const chunk = Buffer.allocUnsafe(length);
        PASSAGE.copy(chunk, 0, 0, length);
        this.take(chunk);
        return true;
      },
    };
  }

  take(chunk: Buffer): void {
    if (this.#receive === undefined) this.#early.push(chunk);
    else this.#receive(chunk);
  }

  /** Begins to hand on what comes in, with what came before. */
  open(receive: (chunk: Buffer) => void): void {
    this.#receive = receive;
    for (const chunk of this.#early) receive(chunk);
    this.#early = [];
  }
}
