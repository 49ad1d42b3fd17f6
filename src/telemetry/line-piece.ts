/** Size of a buffer that lines are gathered in: what some hundred logins write. Handing one over wakes another thread, which is dear. */
export const PIECE_BYTES = 256 * 1024;

/** Pieces that wait to be used again. */
const MOST_FREE = 8;

const free: Buffer[] = [];

/**
 * A buffer that lines are in. It is used again once all who need what is in it have let go of it: a service that logs ten
 * thousand lines a second would make the collector of garbage look through everything that there is several times a second, only
 * to be rid of old pieces.
 */
export class LinePiece {
  readonly bytes: Buffer;
  readonly #isOfPool: boolean;
  #holders = 1;

  private constructor(bytes: Buffer, isOfPool: boolean) {
    this.bytes = bytes;
    this.#isOfPool = isOfPool;
  }

  /** Room for lines, held by who asks for it. */
  static roomy(): LinePiece {
    return new LinePiece(free.pop() ?? Buffer.allocUnsafeSlow(PIECE_BYTES), true);
  }

  /** What has a buffer of its own already, held by who has made it. */
  static of(bytes: Buffer): LinePiece {
    return new LinePiece(bytes, false);
  }

  /** Its bytes must stay. Each who holds it lets go of it once. */
  hold(): void {
    this.#holders += 1;
  }

  letGo(): void {
    this.#holders -= 1;
    if (this.#holders === 0 && this.#isOfPool && free.length < MOST_FREE) free.push(this.bytes);
  }
}
