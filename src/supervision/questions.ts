/** Nobody answered a question in time. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
  readonly code = 'no-answer';
}

/** Questions to another process that wait for their answers, each until its deadline. */
export class Questions<Answer> {
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #lastId = 0;

  /** @throws {NoAnswerError} when `deadlineMs` have passed */
  ask(send: (id: number) => void, deadlineMs: number): Promise<Answer> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise<Answer>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new NoAnswerError(`no answer within ${deadlineMs} ms`));
      }, deadlineMs);
      this.#waiting.set(id, (answer) => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(answer);
      });
      send(id);
    });
  }

  /** Gives an answer to who waits for it; one that comes too late goes nowhere. */
  answer(id: number, answer: Answer): void {
    this.#waiting.get(id)?.(answer);
  }
}
