import type { WrittenLine } from './line-batch.ts';
import { type LinePiece, PIECE_BYTES } from './line-piece.ts';

/** What is kept of past decisions; nothing where one of the bounds is 0. */
export interface KeptLinesBounds {
  readonly lifetimeMs: number;
  readonly maxLines: number;
  /** Of text; what stands around it takes about 30 bytes a line. */
  readonly maxBytes: number;
}

/** What has ended goes in the end also where nothing comes any more. */
const SWEEP_EVERY_MS = 30_000;

/** Where kept lines are: each place of a ring has an entry in `pieces` and `keptAt`, and two in `bounds`. Each run of lines of a piece holds it. */
interface Places {
  readonly count: number;
  readonly pieces: (LinePiece | undefined)[];
  /** Start and end in the piece. */
  readonly bounds: Uint32Array;
  /** Clock that never goes back, in milliseconds. */
  readonly keptAt: Float64Array;
}

function placesFor(count: number): Places {
  return {
    count,
    pieces: Array.from({ length: count }),
    bounds: new Uint32Array(2 * count),
    keptAt: new Float64Array(count),
  };
}

/**
 * The latest lines of the log about decisions, to be asked for by their session. They are kept where the log has written them,
 * as bytes: as objects they would outlive their logins, and moving them about would cost the collector of garbage more than the
 * logins do.
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
  /** Of the pieces that kept lines are in, whatever else is in there. */
  #pieceBytes = 0;
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
    this.#pieceBytes = 0;
    if (isOn) for (let i = 0; i < size; i += 1) this.#adopt(old, (oldest + i) % old.count);
    for (let i = 0; i < size; i += 1) letGoOfRun(old, (oldest + i) % old.count, i + 1 === size);
    this.#dropEnded();
    clearInterval(this.#timer);
    this.#timer = isOn ? setInterval(() => this.#dropEnded(), SWEEP_EVERY_MS).unref() : undefined;
  }

  /** Keeps a line; all of them are to come out of one batch, in their order. */
  keep({ piece, start, end }: WrittenLine): void {
    if (this.#places.count > 0) this.#put(piece, start, end, this.#now());
  }

  /** The line of a session, unless it was too long ago. */
  find(session: string): string | undefined {
    this.#dropEnded();
    const wanted = Buffer.from(`"session":"${session}"`);
    for (let back = 1; back <= this.#size; ) {
      const inPiece = this.#linesInPieceOf(back);
      const line = this.#findAmong(back, back + inPiece, wanted);
      if (line !== undefined) return line;
      back += inPiece;
    }
    return undefined;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #placeOf(back: number): number {
    const { count } = this.#places;
    return (this.#next - back + count) % count;
  }

  /** How many lines before the one that is `back` from the end are in the same piece, that one included. */
  #linesInPieceOf(back: number): number {
    const { pieces } = this.#places;
    const piece = pieces[this.#placeOf(back)];
    let lines = 1;
    while (back + lines <= this.#size && pieces[this.#placeOf(back + lines)] === piece) lines += 1;
    return lines;
  }

  /** The latest of some lines of one piece that holds what is wanted. The piece holds other lines too, which are none of ours. */
  #findAmong(fromBack: number, toBack: number, wanted: Buffer): string | undefined {
    const bytes = this.#places.pieces[this.#placeOf(fromBack)]?.bytes;
    const first = this.#startOf(toBack - 1);
    let at = this.#endOf(fromBack);
    while (bytes !== undefined && at > first) {
      at = bytes.lastIndexOf(wanted, at - 1);
      let back = fromBack;
      while (back < toBack && this.#startOf(back) > at) back += 1;
      if (back < toBack && at < this.#endOf(back))
        return bytes.toString('utf8', this.#startOf(back), this.#endOf(back));
    }
    return undefined;
  }

  #startOf(back: number): number {
    return this.#places.bounds[2 * this.#placeOf(back)] ?? 0;
  }

  #endOf(back: number): number {
    return this.#places.bounds[2 * this.#placeOf(back) + 1] ?? 0;
  }

  #adopt({ pieces, bounds, keptAt }: Places, at: number): void {
    const piece = pieces[at];
    if (piece !== undefined) this.#put(piece, bounds[2 * at] ?? 0, bounds[2 * at + 1] ?? 0, keptAt[at] ?? 0);
  }

  // oxlint-disable-next-line max-params -- an object for each login is what is saved here
  #put(piece: LinePiece, start: number, end: number, keptAt: number): void {
    const bytes = end - start;
    const { maxBytes } = this.#bounds;
    const places = this.#places;
    if (bytes > maxBytes) return;
    if (this.#size === places.count) this.#dropOldest();
    while (this.#bytes + bytes > maxBytes) this.#dropOldest();
    // Where the log is full of other lines a piece has few of ours.
    while (this.#pieceBytes > 2 * (maxBytes + PIECE_BYTES)) this.#dropOldest();
    const at = this.#next;
    if (this.#size === 0 || places.pieces[this.#placeOf(1)] !== piece) {
      this.#pieceBytes += piece.bytes.length;
      piece.hold();
    }
    places.pieces[at] = piece;
    places.bounds[2 * at] = start;
    places.bounds[2 * at + 1] = end;
    places.keptAt[at] = keptAt;
    this.#next = at + 1 === places.count ? 0 : at + 1;
    this.#size += 1;
    this.#bytes += bytes;
  }

  #dropOldest(): void {
    const { count, pieces, bounds } = this.#places;
    const at = this.#oldest;
    const piece = pieces[at];
    this.#bytes -= (bounds[2 * at + 1] ?? 0) - (bounds[2 * at] ?? 0);
    pieces[at] = undefined;
    this.#oldest = at + 1 === count ? 0 : at + 1;
    this.#size -= 1;
    if (piece === undefined || (this.#size > 0 && pieces[this.#oldest] === piece)) return;
    this.#pieceBytes -= piece.bytes.length;
    piece.letGo();
  }

  #dropEnded(): void {
    const end = this.#now() - this.#bounds.lifetimeMs;
    while (this.#size > 0 && (this.#places.keptAt[this.#oldest] ?? 0) <= end) this.#dropOldest();
  }
}

/** Lets go of a piece where its run of lines ends: with the last line, or before one of another piece. */
function letGoOfRun({ count, pieces }: Places, at: number, isLast: boolean): void {
  const piece = pieces[at];
  if (isLast || pieces[(at + 1) % count] !== piece) piece?.letGo();
}
