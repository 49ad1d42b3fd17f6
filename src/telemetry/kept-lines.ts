/** What is kept of past decisions; nothing where one of the bounds is 0. */
export interface KeptLinesBounds {
  readonly lifetimeMs: number;
  readonly maxLines: number;
  /** Of text; what stands around it takes about 60 bytes a line. */
  readonly maxBytes: number;
}

interface Kept {
  readonly session: string;
  readonly line: string;
  /** Clock that never goes back, in milliseconds. */
  readonly keptAt: number;
}

/** What has ended goes in the end also where nothing comes any more. */
const SWEEP_EVERY_MS = 30_000;

/**
 * The latest lines of the log about decisions, to be asked for by their session. They are the strings that the log was written
 * with; keeping one costs a place in a ring, and nothing is looked at until somebody asks.
 */
export class KeptLines implements Disposable {
  readonly #now: () => number;
  #bounds: KeptLinesBounds = { lifetimeMs: 0, maxLines: 0, maxBytes: 0 };
  #ring: (Kept | undefined)[] = [];
  /** Where the next one goes. */
  #next = 0;
  #oldest = 0;
  #size = 0;
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param now a clock in milliseconds that never goes back */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  get isOn(): boolean {
    return this.#ring.length > 0;
  }

  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Goes on with other bounds. What is kept stays as far as they allow. */
  resize(bounds: KeptLinesBounds): void {
    const kept = this.#inOrder();
    const isOn = Math.min(bounds.lifetimeMs, bounds.maxLines, bounds.maxBytes) > 0;
    this.#bounds = bounds;
    this.#ring = Array.from({ length: isOn ? bounds.maxLines : 0 });
    this.#next = 0;
    this.#oldest = 0;
    this.#size = 0;
    this.#bytes = 0;
    if (isOn) for (const one of kept) this.#put(one);
    this.#dropEnded();
    clearInterval(this.#timer);
    this.#timer = isOn ? setInterval(() => this.#dropEnded(), SWEEP_EVERY_MS).unref() : undefined;
  }

  keep(session: string, line: string): void {
    if (this.#ring.length > 0) this.#put({ session, line, keptAt: this.#now() });
  }

  /** The line of a session, unless it was too long ago. */
  find(session: string): string | undefined {
    this.#dropEnded();
    const places = this.#ring.length;
    for (let back = 1; back <= this.#size; back += 1) {
      const kept = this.#ring[(this.#next - back + places) % places];
      if (kept?.session === session) return kept.line;
    }
    return undefined;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #put(kept: Kept): void {
    const { length: bytes } = kept.line;
    if (bytes > this.#bounds.maxBytes) return;
    if (this.#size === this.#ring.length) this.#dropOldest();
    while (this.#bytes + bytes > this.#bounds.maxBytes) this.#dropOldest();
    this.#ring[this.#next] = kept;
    this.#next = (this.#next + 1) % this.#ring.length;
    this.#size += 1;
    this.#bytes += bytes;
  }

  #dropOldest(): void {
    this.#bytes -= this.#ring[this.#oldest]?.line.length ?? 0;
    this.#ring[this.#oldest] = undefined;
    this.#oldest = (this.#oldest + 1) % this.#ring.length;
    this.#size -= 1;
  }

  #dropEnded(): void {
    const end = this.#now() - this.#bounds.lifetimeMs;
    while (this.#size > 0 && (this.#ring[this.#oldest]?.keptAt ?? 0) <= end) this.#dropOldest();
  }

  #inOrder(): readonly Kept[] {
    const places = this.#ring.length;
    return Array.from({ length: this.#size }, (_, i) => this.#ring[(this.#oldest + i) % places]).filter(
      (one) => one !== undefined,
    );
  }
}
