/**
 * The structured door: `POST /api/v1/auth/json` asks about a login, with `mode=no-auth` about an account, and GET, HEAD
 * or POST with `mode=list-accounts` for all accounts. It translates and decides nothing.
 *
 * @module
 */
import type { Decide } from '../../../decision/authenticate.ts';
import type { Attempt } from '../../../login/attempt.ts';
import type { Decision } from '../../../login/verdict.ts';
import { CallerGate } from '../caller-gate.ts';
import type { Caller, Callers } from '../callers.ts';
import type { DovecotConfig } from '../dovecot-config.ts';
import type { Door, Exchange, WholeExchange } from '../exchange.ts';
import { textHeader } from '../door/text-header.ts';
import { whenDecided } from '../door/when-decided.ts';
import { AccountLists, type AccountListsParts } from './account-lists.ts';
import { DovecotAnswer } from './dovecot-fields-answer.ts';
import type { Dialect } from './dovecot-fields-rules.ts';
import { type JsonBody, readJsonBody } from './json-body.ts';
import { type LoginQuestion, questionOf, SCOPES, USUAL_QUESTIONS } from './question.ts';
import { isProblem, parseAttempt, rejectionOf } from './request.ts';
import { JsonRenderer } from './response.ts';

export interface JsonDoorParts extends AccountListsParts {
  readonly callers: Callers;
  readonly decide: Decide;
  /** Bytes of `X-Nauthilus-*` headers per answer. */
  readonly attributeHeadersLimit: number;
  /** Bytes of an account's attributes above which a warning names the account. */
  readonly attributeLimit: number;
  /** Which attributes become which fields of Dovecot. */
  readonly dovecot: DovecotConfig;
}

export class JsonDoor implements Door {
  readonly name = 'json';
  readonly #parts: JsonDoorParts;
  readonly #gate: CallerGate;
  readonly #lists: AccountLists;
  readonly #plain: JsonRenderer;
  readonly #dovecot: Readonly<Record<Dialect, { readonly answer: DovecotAnswer; readonly renderer: JsonRenderer }>>;

  constructor(parts: JsonDoorParts) {
    this.#parts = parts;
    this.#gate = new CallerGate(parts.callers, parts.events);
    this.#lists = new AccountLists(parts);
    this.#plain = new JsonRenderer(parts.attributeHeadersLimit);
    const forDialect = (dialect: Dialect) => {
      const answer = new DovecotAnswer(parts.dovecot, dialect);
      return { answer, renderer: new JsonRenderer(parts.attributeHeadersLimit, answer) };
    };
    this.#dovecot = { dovecot23: forDialect('dovecot23'), dovecot24: forDialect('dovecot24') };
  }

  open(exchange: Exchange): void {
    this.#gate.enter(exchange, (caller) => this.#admit(exchange, caller));
  }

  openWhole(query: string): ((exchange: WholeExchange) => void) | undefined {
    const question = USUAL_QUESTIONS.get(query);
    if (question === undefined) return undefined;
    return (exchange) => this.#gate.enter(exchange, (caller) => this.#read(exchange, caller, question));
  }

  #admit(exchange: Exchange, caller: Caller): void {
    const question = questionOf(exchange);
    if ('status' in question) return exchange.reject(question, caller.name);
    const { operation, dialect } = question;
    if (operation !== 'list-accounts') return this.#read(exchange, caller, { operation, dialect });
    if (!this.#gate.holds(exchange, caller, SCOPES[operation])) return;
    this.#lists.send(exchange, caller.name);
  }

  #read(exchange: WholeExchange, caller: Caller, question: LoginQuestion): void {
    if (!this.#gate.holds(exchange, caller, SCOPES[question.operation])) return;
    readJsonBody(exchange, caller.name, (json) => this.#answer(exchange, caller, question, json));
  }

  #answer(exchange: WholeExchange, caller: Caller, question: LoginQuestion, json: JsonBody): void {
    const { headers } = exchange;
    const attempt = parseAttempt(json.value, {
      session: exchange.session,
      mode: question.operation,
      caller: caller.name,
      externalSession: textHeader(headers['x-dovecot-session'] ?? headers['x-external-session-id']),
      userAgent: textHeader(headers['user-agent']),
      isLatin1: json.isLatin1,
      hasUnicodeEscapes: json.hasUnicodeEscapes,
    });
    if (isProblem(attempt)) return exchange.reject(rejectionOf(attempt), caller.name);
    whenDecided(exchange, this.#parts.decide(attempt), (decision) =>
      this.#settleIn(question.dialect, exchange, attempt, decision),
    );
  }

  #settleIn(dialect: Dialect | undefined, exchange: WholeExchange, attempt: Attempt, decision: Decision): void {
    if (dialect === undefined) this.#settle(exchange, attempt, decision);
    else this.#settleForDovecot(exchange, attempt, decision, dialect);
  }

  #settleForDovecot(exchange: WholeExchange, attempt: Attempt, reached: Decision, dialect: Dialect): void {
    const { answer, renderer } = this.#dovecot[dialect];
    const decision = answer.settle(reached);
    this.#parts.events.decided(attempt, decision);
    renderer.send(exchange, decision.verdict);
  }

  #settle(exchange: WholeExchange, attempt: Attempt, decision: Decision): void {
    const { verdict } = decision;
    this.#parts.events.decided(attempt, decision);
    this.#plain.send(exchange, verdict);
    if (verdict.kind !== 'accept') return;
    const bytes = this.#plain.attributeBytes(verdict.account);
    const limit = this.#parts.attributeLimit;
    if (bytes > limit) this.#parts.events.attributesTooLarge(exchange.session, verdict.account.name, bytes, limit);
  }
}
