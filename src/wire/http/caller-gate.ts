import type { Events } from '../../telemetry/events.ts';
import { type Problem, problemAnswer } from './answer.ts';
import type { Caller, CallerOutcome, Callers, Scope } from './callers.ts';
import type { WholeExchange } from './exchange.ts';

/** Lets callers in that have proven who they are, and answers all others. */
export class CallerGate {
  readonly #callers: Callers;
  readonly #events: Events;

  constructor(callers: Callers, events: Events) {
    this.#callers = callers;
    this.#events = events;
  }

  /**
   * Goes on with the caller of a request, at once where it is known. What `admit` throws ends the exchange.
   * @param authorization what proves the caller, where that is not the header
   */
  enter(
    exchange: WholeExchange,
    admit: (caller: Caller) => void,
    authorization: string | undefined = exchange.headers.authorization,
  ): void {
    const outcome = this.#callers.identify(authorization, exchange.address, exchange.socket);
    if (!(outcome instanceof Promise)) return this.#conclude(exchange, outcome, admit);
    outcome.then((later) => this.#conclude(exchange, later, admit)).catch((cause: unknown) => exchange.fail(cause));
  }

  /**
   * True where the caller has the scope; else the request is answered. Not 403: a mail server takes that as the mail user's
   * fault, and would bounce mail for users it takes as unknown.
   */
  holds(exchange: WholeExchange, caller: Caller, scope: Scope): boolean {
    if (caller.scopes.has(scope)) return true;
    const { session, address } = exchange;
    this.#events.callerRejected({ session, address, name: caller.name, reason: 'missing-scope' });
    exchange.send(problemAnswer(session, this.#unauthorized(`the caller lacks the scope "${scope}"`)));
    return false;
  }

  #unauthorized(error: string): Problem {
    return { status: 401, headers: this.#callers.challenges, error };
  }

  #conclude(exchange: WholeExchange, outcome: CallerOutcome, admit: (caller: Caller) => void): void {
    // Who took too long to send the rest was answered while the proof was made.
    if (exchange.isAnswered) return;
    if (outcome.kind === 'caller') return admit(outcome.caller);
    const { session, address } = exchange;
    const answer = (problem: Problem) => exchange.send(problemAnswer(session, problem));
    const rejected = { session, address, name: 'name' in outcome ? outcome.name : undefined };
    switch (outcome.kind) {
      case 'rejected':
        this.#events.callerRejected({ ...rejected, reason: outcome.reason, detail: outcome.detail });
        return answer(this.#unauthorized(this.#callers.demand));
      case 'throttled':
        this.#events.callerRejected({ ...rejected, reason: 'throttled' });
        return answer({
          status: 429,
          error: 'too many wrong credentials of this caller',
          headers: ['Retry-After', String(outcome.retryAfterSeconds)],
        });
      case 'unavailable':
        this.#events.callerRejected({ ...rejected, reason: 'unavailable' });
        return answer({ status: 503, error: 'the caller cannot be checked now' });
    }
  }
}
