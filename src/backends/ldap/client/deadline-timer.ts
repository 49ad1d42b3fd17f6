/**
 * One timer for the deadlines of many: it is armed for the earliest, and who ends in time costs nothing. Times are those of
 * `performance.now()`.
 */
export class DeadlineTimer {
  readonly #endLate: (now: number) => number;
  #timer: NodeJS.Timeout | undefined;
  #armedFor = Number.POSITIVE_INFINITY;

  /** @param endLate ends whatever is late, and gives the next deadline, or infinity where there is none */
  constructor(endLate: (now: number) => number) {
    this.#endLate = endLate;
  }

  expect(deadline: number, now: number): void {
    if (deadline >= this.#armedFor) return;
    clearTimeout(this.#timer);
    this.#armedFor = deadline;
    this.#timer = setTimeout(() => this.#look(), Math.max(1, Math.ceil(deadline - now)));
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#armedFor = Number.POSITIVE_INFINITY;
  }

  #look(): void {
    this.#armedFor = Number.POSITIVE_INFINITY;
    const now = performance.now();
    const next = this.#endLate(now);
    if (next < Number.POSITIVE_INFINITY) this.expect(next, now);
  }
}
