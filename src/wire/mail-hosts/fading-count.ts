/** Counts what has happened lately: each event counts for 1 at first, and for half as much after each half-life. */
export class FadingCount {
  #count = 0;
  #atMs = 0;

  /** @param nowMs of a clock that never goes back */
  at(nowMs: number, halfLifeMs: number): number {
    const passedMs = nowMs - this.#atMs;
    return passedMs <= 0 ? this.#count : this.#count * 2 ** (-passedMs / halfLifeMs);
  }

  add(count: number, nowMs: number, halfLifeMs: number): void {
    this.#count = this.at(nowMs, halfLifeMs) + count;
    this.#atMs = nowMs;
  }
}
