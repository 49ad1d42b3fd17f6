/** The last times that something took, in milliseconds. */
export class RecentTimes {
  readonly #times: number[] = [];
  readonly #size: number;
  readonly #random: () => number;
  #next = 0;

  constructor(size: number, random: () => number = Math.random) {
    this.#size = size;
    this.#random = random;
  }

  add(ms: number): void {
    this.#times[this.#next] = ms;
    this.#next = (this.#next + 1) % this.#size;
  }

  /** One of them by chance, so that many follow the same distribution; 0 where there is none. */
  any(): number {
    return this.#times[Math.floor(this.#random() * this.#times.length)] ?? 0;
  }
}
