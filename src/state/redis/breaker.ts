/** What a breaker needs from outside. */
export interface BreakerParts {
  /** Whether the server answers. */
  readonly probe: () => Promise<boolean>;
  /** Called when too many commands in a row got no answer. */
  readonly onOpen: () => void;
  /** A number from 0 up to 1. */
  readonly random: () => number;
}

const FAILURES_TO_OPEN = 3;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5000;

/**
 * Keeps commands from a server that does not answer, so that nobody waits for it. After some commands in a row without an
 * answer it is open; then one probe at a time asks, at growing and uneven intervals, and the first answer closes it.
 */
export class Breaker implements Disposable {
  readonly #parts: BreakerParts;
  #failures = 0;
  #pauses = 0;
  #timer: NodeJS.Timeout | undefined;
  #isOpen = false;

  constructor(parts: BreakerParts) {
    this.#parts = parts;
  }

  /** True where commands are not to be sent. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  succeeded(): void {
    this.#failures = 0;
  }

  failed(): void {
    this.#failures += 1;
    if (this.#isOpen || this.#failures < FAILURES_TO_OPEN) return;
    this.#isOpen = true;
    this.#pauses = 0;
    this.#parts.onOpen();
    this.#probeLater();
  }

  [Symbol.dispose](): void {
    this.#isOpen = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #probeLater(): void {
    const pause = pauseBefore(
      this.#pauses,
      { firstMs: FIRST_PAUSE_MS, longestMs: LONGEST_PAUSE_MS },
      this.#parts.random,
    );
    this.#pauses += 1;
    this.#timer = setTimeout(() => void this.#probe(), pause);
    this.#timer.unref();
  }

  async #probe(): Promise<void> {
    const answers = await this.#parts.probe();
    if (this.#timer === undefined) return;
    if (!answers) return this.#probeLater();
    this.#failures = 0;
    this.#isOpen = false;
  }
}

/** Milliseconds before the next try: doubling from `firstMs` to `longestMs`, from half to all of it, so that many do not come at once. */
export function pauseBefore(
  triesBefore: number,
  { firstMs, longestMs }: { readonly firstMs: number; readonly longestMs: number },
  random: () => number,
): number {
  const whole = Math.min(longestMs, firstMs * 2 ** Math.min(triesBefore, 20));
  return whole * (0.5 + random() / 2);
}
