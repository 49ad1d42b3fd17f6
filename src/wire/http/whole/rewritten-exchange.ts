import type { Socket } from 'node:net';
import type { Events } from '../../../telemetry/events.ts';
import { type Problem, problemAnswer, TEMPORARY_TEXT } from '../answer.ts';
import type { Answer, WholeExchange } from '../exchange.ts';
import type { BodyOutcome } from '../request-body.ts';

export interface RewrittenExchangeParts {
  readonly events: Events;
  /** Name of the door. */
  readonly door: string;
  /** What is made of each answer. */
  readonly rewrite: (answer: Answer) => Answer;
}

/** An exchange whose answers are made into what the clients of a door understand. */
export class RewrittenExchange implements WholeExchange {
  readonly #plain: WholeExchange;
  readonly #parts: RewrittenExchangeParts;

  constructor(plain: WholeExchange, parts: RewrittenExchangeParts) {
    this.#plain = plain;
    this.#parts = parts;
  }

  get method(): string | undefined {
    return this.#plain.method;
  }

  get headers(): WholeExchange['headers'] {
    return this.#plain.headers;
  }

  get session(): string {
    return this.#plain.session;
  }

  get path(): string {
    return this.#plain.path;
  }

  get query(): string {
    return this.#plain.query;
  }

  get address(): string {
    return this.#plain.address;
  }

  get socket(): Socket {
    return this.#plain.socket;
  }

  get peerAddress(): string {
    return this.#plain.peerAddress;
  }

  get isAnswered(): boolean {
    return this.#plain.isAnswered;
  }

  readBody(then: (outcome: BodyOutcome) => void): void {
    this.#plain.readBody(then);
  }

  send(answer: Answer): void {
    this.#plain.send(this.#parts.rewrite(answer));
  }

  reject(problem: Problem, caller?: string): void {
    const { session, address } = this;
    const { events, door } = this.#parts;
    const { status, error } = problem;
    events.requestRejected({ session, door, status, error, address, caller });
    this.send(problemAnswer(session, problem));
  }

  fail(cause: unknown): void {
    this.#parts.events.requestFailed(this.session, cause);
    if (!this.isAnswered) this.send(problemAnswer(this.session, { status: 500, error: TEMPORARY_TEXT }));
  }
}
