/** How the questions of a batch are asked. */
export interface TickBatchParts<Question, Answer> {
  /** Asks them all; the answers are in the order of the questions. */
  readonly ask: (questions: readonly Question[]) => Promise<readonly Answer[]>;
  /** What is answered to a question whose signal fires first. */
  readonly withdrawn: Answer;
  /** What is answered where the questions could not be asked. */
  readonly failed: (cause: unknown) => Answer;
  /** Questions that are asked at once. */
  readonly most: number;
  /** Where given, only questions of one group are asked together. */
  readonly groupOf?: ((question: Question) => string) | undefined;
}

interface Waiting<Question, Answer> {
  readonly question: Question;
  readonly signal: AbortSignal;
  readonly resolve: (answer: Answer) => void;
}

/**
 * Asks together what is wanted in one turn of the event loop, by one login or by many: a command costs both sides far more than
 * what it carries.
 */
export class TickBatch<Question, Answer> {
  readonly #parts: TickBatchParts<Question, Answer>;
  #waiting: Waiting<Question, Answer>[] = [];
  readonly #send = () => this.#sendNow();

  constructor(parts: TickBatchParts<Question, Answer>) {
    this.#parts = parts;
  }

  /** The batch that the next question will be part of. */
  get current(): object {
    return this.#waiting;
  }

  /** So many questions that are asked next, in this turn of the event loop, are asked together. */
  makeRoom(questions: number): void {
    if (this.#waiting.length + questions > this.#parts.most) this.#send();
  }

  ask(question: Question, signal: AbortSignal): Promise<Answer> {
    if (signal.aborted) return Promise.resolve(this.#parts.withdrawn);
    const { promise, resolve } = Promise.withResolvers<Answer>();
    this.#waiting.push({ question, signal, resolve });
    if (this.#waiting.length === 1) setImmediate(this.#send);
    else if (this.#waiting.length >= this.#parts.most) this.#send();
    return promise;
  }

  #sendNow(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    const asked = waiting.filter(({ signal }) => !signal.aborted);
    for (const { signal, resolve } of waiting) if (signal.aborted) resolve(this.#parts.withdrawn);
    const { groupOf } = this.#parts;
    if (groupOf === undefined) return void this.#sendGroup(asked);
    for (const group of Map.groupBy(asked, ({ question }) => groupOf(question)).values()) void this.#sendGroup(group);
  }

  async #sendGroup(group: readonly Waiting<Question, Answer>[]): Promise<void> {
    if (group.length === 0) return;
    const withdraw = () => {
      for (const { signal, resolve } of group) if (signal.aborted) resolve(this.#parts.withdrawn);
    };
    // Decisions that began about the same time share a signal.
    const signals = new Set(group.map(({ signal }) => signal));
    for (const signal of signals) signal.addEventListener('abort', withdraw);
    try {
      const answers = await this.#parts.ask(group.map(({ question }) => question));
      for (const [i, { resolve }] of group.entries()) resolve(answers[i] ?? this.#parts.withdrawn);
    } catch (cause) {
      // Nobody must wait for ever, whatever was wrong.
      for (const { resolve } of group) resolve(this.#parts.failed(cause));
    } finally {
      for (const signal of signals) signal.removeEventListener('abort', withdraw);
    }
  }
}
