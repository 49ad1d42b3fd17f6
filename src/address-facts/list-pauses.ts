/** Answers in a row that a list may fail to give, and how long it is then left alone. */
const MAX_FAILURES = 5;
const PAUSE_MS = 30_000;

interface Record {
  failures: number;
  pausedUntil: number;
  isAway: boolean;
}

/** Leaves lists alone for a while that do not answer, so that not every login waits for them in vain. */
export class ListPauses {
  readonly #records = new Map<string, Record>();
  readonly #ticks: () => number;
  readonly #onChange: (list: string, isAway: boolean) => void;

  /** @param ticks milliseconds of a clock that never goes back
   * @param onChange told when a list is left alone for the first time, and when it answers again */
  constructor(ticks: () => number, onChange: (list: string, isAway: boolean) => void) {
    this.#ticks = ticks;
    this.#onChange = onChange;
  }

  isPaused(list: string): boolean {
    return (this.#records.get(list)?.pausedUntil ?? 0) > this.#ticks();
  }

  note(list: string, hasAnswered: boolean): void {
    const record = this.#recordOf(list);
    if (hasAnswered) {
      if (record.isAway) this.#onChange(list, false);
      record.failures = 0;
      record.isAway = false;
      record.pausedUntil = 0;
      return;
    }
    record.failures += 1;
    if (record.failures < MAX_FAILURES) return;
    record.pausedUntil = this.#ticks() + PAUSE_MS;
    if (!record.isAway) this.#onChange(list, true);
    record.isAway = true;
  }

  #recordOf(list: string): Record {
    let record = this.#records.get(list);
    if (record === undefined) {
      record = { failures: 0, pausedUntil: 0, isAway: false };
      this.#records.set(list, record);
    }
    return record;
  }
}
