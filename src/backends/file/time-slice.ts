/** Longest time in milliseconds that work on a large file keeps the event loop from everything else. */
const SLICE_MS = 3;

/** Cuts long work into slices: `if (slice.isUsedUp) await slice.next()` every few dozen items. */
export class TimeSlice {
  #started = performance.now();

  get isUsedUp(): boolean {
    return performance.now() - this.#started > SLICE_MS;
  }

  /** Lets everything else that waits have its turn, then begins a new slice. */
  async next(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#started = performance.now();
  }
}
