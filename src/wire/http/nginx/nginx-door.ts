/**
 * The door of nginx's mail proxy: `/api/v1/auth/nginx` is what `auth_http` asks, by the headers of the header door. Every decision
 * is 200, and an accepted one tells where the mail of the account is.
 *
 * @module
 */
import type { Attempt } from '../../../login/attempt.ts';
import type { Decision, Verdict } from '../../../login/verdict.ts';
import type { MailHosts, Placement } from '../../mail-hosts/mail-hosts.ts';
import type { Problem } from '../answer.ts';
import type { Door, Exchange, WholeExchange } from '../exchange.ts';
import { HeaderQuestions, type HeaderQuestionsParts } from '../header/header-questions.ts';
import { RewrittenExchange } from '../whole/rewritten-exchange.ts';
import { NginxAnswers } from './nginx-answer.ts';
import type { NginxConfig } from './nginx-config.ts';
import { refusedMethodOf } from './auth-method.ts';

export interface NginxDoorParts extends HeaderQuestionsParts {
  readonly nginx: NginxConfig;
  readonly mailHosts: MailHosts;
}

type Acceptance = Extract<Verdict, { kind: 'accept' }>;

export class NginxDoor implements Door {
  readonly name = 'nginx';
  readonly takesWholeGets = true;
  readonly #parts: NginxDoorParts;
  readonly #questions: HeaderQuestions;
  readonly #answers: NginxAnswers;

  constructor(parts: NginxDoorParts) {
    this.#parts = parts;
    this.#questions = new HeaderQuestions(parts, (exchange, caller) => this.#refusesMethod(exchange, caller));
    this.#answers = new NginxAnswers(parts.nginx);
  }

  get wholeFields(): readonly string[] {
    return this.#questions.fields.all;
  }

  open(plain: Exchange): void {
    this.#ask(plain);
  }

  openWhole(): (exchange: WholeExchange) => void {
    return (exchange) => this.#ask(exchange);
  }

  #ask(plain: WholeExchange): void {
    const exchange = this.#exchangeOf(plain);
    this.#questions.ask(exchange, (attempt, decision) => this.#settle(exchange, attempt, decision));
  }

  turnAway(plain: WholeExchange, problem: Problem): void {
    this.#exchangeOf(plain).reject(problem);
  }

  #exchangeOf(plain: WholeExchange): RewrittenExchange {
    const protocol = this.#questions.fields.protocolOf(plain.headers);
    return new RewrittenExchange(plain, {
      events: this.#parts.events,
      door: this.name,
      rewrite: (answer) => (answer.status === 200 ? answer : this.#answers.problem(answer, protocol)),
    });
  }

  /** Only a password can be proven: what else nginx lets its clients do is refused, also where only the account is looked up. */
  #refusesMethod(exchange: WholeExchange, caller: string): boolean {
    const { fields } = this.#questions;
    const { session, headers, address } = exchange;
    const refusal = refusedMethodOf(fields.mechanismOf(headers));
    if (refusal === undefined) return false;
    const rejected = { session, door: this.name, status: 200, error: refusal.error, address, caller };
    this.#parts.events.requestRejected(rejected);
    const loginAttempt = Number(fields.loginAttemptOf(headers)) || 1;
    exchange.send(
      this.#answers.methodRefused({ session, protocol: fields.protocolOf(headers), loginAttempt }, refusal),
    );
    return true;
  }

  #settle(exchange: WholeExchange, attempt: Attempt, { verdict }: Decision): Promise<void> | void {
    switch (verdict.kind) {
      case 'accept': {
        const placement = this.#parts.mailHosts.placeOf(verdict.account, attempt.protocol);
        const send = (found: Placement) => this.#send(exchange, attempt, verdict, found);
        return placement instanceof Promise ? placement.then(send) : send(placement);
      }
      case 'refuse':
        return exchange.send(this.#answers.refused(attempt, verdict));
      case 'defer':
        return exchange.send(this.#answers.later(attempt.session, attempt.protocol, 'login'));
    }
  }

  #send(exchange: WholeExchange, attempt: Attempt, verdict: Acceptance, placement: Placement): void {
    const { session, protocol, caller } = attempt;
    switch (placement.kind) {
      case 'placed':
        return exchange.send(this.#answers.accepted(attempt, verdict, placement));
      case 'no-pool':
        return exchange.send(this.#answers.accepted(attempt, verdict, undefined));
      case 'unavailable': {
        const { address } = exchange;
        const rejected = { session, door: this.name, status: 200, error: placement.detail, address, caller };
        this.#parts.events.requestRejected(rejected);
        return exchange.send(this.#answers.later(session, protocol, 'system'));
      }
    }
  }
}
