/** What is kept of past decisions; nothing where one of the bounds is 0. */
export interface KeptLinesBounds {
  readonly lifetimeMs: number;
  readonly maxLines: number;
  /** Of text; what stands around it takes about 55 bytes a line. */
  readonly maxBytes: number;
}

/** What has ended goes in the end also where nothing comes any more. */
const SWEEP_EVERY_MS = 30_000;
/** Size of a buffer that lines are written into, one after the other. */
const PIECE_BYTES = 64 * 1024;
/** Bytes that a UTF-16 unit takes at most in UTF-8. */
const MAX_BYTES_PER_UNIT = 3;

/** Where kept lines are: one entry of each array for each place of a ring. */
interface Places {
  readonly count: number;
  readonly pieces: (Buffer | undefined)[];
  /** Of the session, which stands before its line. */
  readonly starts: Uint32Array;
  readonly lineStarts: Uint32Array;
  readonly lineEnds: Uint32Array;
  /** Clock that never goes back, in milliseconds. */
  readonly keptAt: Float64Array;
}

function placesFor(count: number): Places {
  return {
    count,
    pieces: Array.from({ length: count }),
    starts: new Uint32Array(count),
    lineStarts: new Uint32Array(count),
    lineEnds: new Uint32Array(count),
    keptAt: new Float64Array(count),
  };
}

/**
 * The latest lines of the log about decisions, to be asked for by their session. They are kept as bytes: as objects they would
 * outlive their logins, and moving them about would cost the collector of garbage more than the logins do.
 */
export class KeptLines implements Disposable {
  readonly #now: () => number;
  #bounds: KeptLinesBounds = { lifetimeMs: 0, maxLines: 0, maxBytes: 0 };
  #places = placesFor(0);
  /** Where the next one goes. */
  #next = 0;
  #oldest = 0;
  #size = 0;
  #bytes = 0;
  #piece = Buffer.alloc(0);
  #pieceEnd = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param now a clock in milliseconds that never goes back */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  get isOn(): boolean {
    return this.#places.count > 0;
  }

  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Goes on with other bounds. What is kept stays as far as they allow. */
  resize(bounds: KeptLinesBounds): void {
    const old = this.#places;
    const oldest = this.#oldest;
    const size = this.#size;
    const isOn = Math.min(bounds.lifetimeMs, bounds.maxLines, bounds.maxBytes) > 0;
    this.#bounds = bounds;
    this.#places = placesFor(isOn ? bounds.maxLines : 0);
    this.#next = 0;
    this.#oldest = 0;
    this.#size = 0;
    this.#bytes = 0;
    if (isOn) for (let i = 0; i < size; i += 1) this.#adopt(old, (oldest + i) % old.count);
    this.#dropEnded();
    clearInterval(this.#timer);
    this.#timer = isOn ? setInterval(() => this.#dropEnded(), SWEEP_EVERY_MS).unref() : undefined;
  }

  keep(session: string, line: string): void {
    if (this.#places.count === 0) return;
    const mostBytes = (session.length + line.length) * MAX_BYTES_PER_UNIT;
    if (mostBytes > this.#piece.length - this.#pieceEnd) {
      this.#piece = Buffer.allocUnsafeSlow(Math.max(PIECE_BYTES, mostBytes));
      this.#pieceEnd = 0;
    }
    const start = this.#pieceEnd;
    const lineStart = start + this.#piece.write(session, start);
    const lineEnd = lineStart + this.#piece.write(line, lineStart);
    if (this.#put(this.#piece, start, lineStart, lineEnd, this.#now())) this.#pieceEnd = lineEnd;
  }

  /** The line of a session, unless it was too long ago. */
  find(session: string): string | undefined {
    this.#dropEnded();
    const { count, pieces, starts, lineStarts, lineEnds } = this.#places;
    const wanted = Buffer.from(session);
    for (let back = 1; back <= this.#size; back += 1) {
      const at = (this.#next - back + count) % count;
      const piece = pieces[at];
      const lineStart = lineStarts[at];
      if (piece?.compare(wanted, 0, wanted.length, starts[at], lineStart) === 0)
        return piece.toString('utf8', lineStart, lineEnds[at]);
    }
    return undefined;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #adopt({ pieces, starts, lineStarts, lineEnds, keptAt }: Places, at: number): void {
    const piece = pieces[at];
    if (piece === undefined) return;
    this.#put(piece, starts[at] ?? 0, lineStarts[at] ?? 0, lineEnds[at] ?? 0, keptAt[at] ?? 0);
  }

  // oxlint-disable-next-line max-params -- an object for each login is what is saved here
  #put(piece: Buffer, start: number, lineStart: number, lineEnd: number, keptAt: number): boolean {
    const bytes = lineEnd - lineStart;
    const places = this.#places;
    if (bytes > this.#bounds.maxBytes) return false;
    if (this.#size === places.count) this.#dropOldest();
    while (this.#bytes + bytes > this.#bounds.maxBytes) this.#dropOldest();
    const at = this.#next;
    places.pieces[at] = piece;
    places.starts[at] = start;
    places.lineStarts[at] = lineStart;
    places.lineEnds[at] = lineEnd;
    places.keptAt[at] = keptAt;
    this.#next = (at + 1) % places.count;
    this.#size += 1;
    this.#bytes += bytes;
    return true;
  }

  #dropOldest(): void {
    const { count, pieces, lineStarts, lineEnds } = this.#places;
    const at = this.#oldest;
    this.#bytes -= (lineEnds[at] ?? 0) - (lineStarts[at] ?? 0);
    pieces[at] = undefined;
    this.#oldest = (at + 1) % count;
    this.#size -= 1;
  }

  #dropEnded(): void {
    const end = this.#now() - this.#bounds.lifetimeMs;
    while (this.#size > 0 && (this.#places.keptAt[this.#oldest] ?? 0) <= end) this.#dropOldest();
  }
}
