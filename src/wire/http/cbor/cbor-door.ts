/**
 * The structured door in CBOR: `/api/v1/auth/cbor` asks what the JSON door asks, with the same fields, modes and checks, and is
 * answered in CBOR whatever the answer is.
 *
 * @module
 */
import type { Decide } from '../../../decision/authenticate.ts';
import type { Problem } from '../answer.ts';
import { CallerGate } from '../caller-gate.ts';
import type { Caller, Callers } from '../callers.ts';
import type { Door, Exchange, WholeExchange } from '../exchange.ts';
import { LIST_FORMS, type ListForm } from '../json/account-list-form.ts';
import { AccountLists, type AccountListsParts } from '../json/account-lists.ts';
import { type LoginQuestion, questionOf, SCOPES, USUAL_QUESTIONS } from '../json/question.ts';
import { isProblem, rejectionOf } from '../json/request.ts';
import { textHeader } from '../door/text-header.ts';
import { type BodyType, readTypedBody } from '../door/typed-body.ts';
import { whenDecided } from '../door/when-decided.ts';
import { RewrittenExchange } from '../whole/rewritten-exchange.ts';
import { asCbor, CBOR_TYPE, CborRenderer } from './cbor-answer.ts';
import { readCborObject } from './cbor-object.ts';
import { parseCbor } from './cbor-question.ts';

export interface CborDoorParts extends AccountListsParts {
  readonly callers: Callers;
  readonly decide: Decide;
  /** Bytes of `X-Nauthilus-*` headers per answer. */
  readonly attributeHeadersLimit: number;
}

const FORMS: readonly ListForm[] = ['cbor', ...LIST_FORMS.filter((form) => form !== 'cbor')];
const CBOR_BODY: BodyType = { name: CBOR_TYPE, pattern: /^\s*application\/cbor\s*(?:;|$)/i };
const NO_DIALECT: Problem = { status: 400, error: 'fields: can be had in JSON only', field: 'fields' };

export class CborDoor implements Door {
  readonly name = 'cbor';
  readonly #parts: CborDoorParts;
  readonly #gate: CallerGate;
  readonly #lists: AccountLists;
  readonly #renderer: CborRenderer;

  constructor(parts: CborDoorParts) {
    this.#parts = parts;
    this.#gate = new CallerGate(parts.callers, parts.events);
    this.#lists = new AccountLists(parts);
    this.#renderer = new CborRenderer(parts.attributeHeadersLimit);
  }

  open(plain: Exchange): void {
    const exchange = this.#inCbor(plain);
    this.#gate.enter(exchange, (caller) => this.#admit(plain, exchange, caller));
  }

  openWhole(query: string): ((exchange: WholeExchange) => void) | undefined {
    const question = USUAL_QUESTIONS.get(query);
    if (question === undefined || question.dialect !== undefined) return undefined;
    return (plain) => {
      const exchange = this.#inCbor(plain);
      this.#gate.enter(exchange, (caller) => this.#read(exchange, caller, question));
    };
  }

  turnAway(plain: WholeExchange, problem: Problem): void {
    this.#inCbor(plain).reject(problem);
  }

  #inCbor(plain: WholeExchange): WholeExchange {
    return new RewrittenExchange(plain, { events: this.#parts.events, door: this.name, rewrite: asCbor });
  }

  #admit(plain: Exchange, exchange: WholeExchange, caller: Caller): void {
    const question = questionOf(plain);
    if ('status' in question) return exchange.reject(question, caller.name);
    const { operation, dialect } = question;
    if (dialect !== undefined) return exchange.reject(NO_DIALECT, caller.name);
    if (operation !== 'list-accounts') return this.#read(exchange, caller, { operation, dialect });
    if (!this.#gate.holds(exchange, caller, SCOPES[operation])) return;
    this.#lists.send(plain, caller.name, { forms: FORMS, problems: exchange });
  }

  #read(exchange: WholeExchange, caller: Caller, { operation }: LoginQuestion): void {
    if (!this.#gate.holds(exchange, caller, SCOPES[operation])) return;
    readTypedBody(exchange, CBOR_BODY, caller.name, (bytes) => this.#decide(exchange, caller, operation, bytes));
  }

  #decide(exchange: WholeExchange, caller: Caller, mode: LoginQuestion['operation'], bytes: Buffer): void {
    const cbor = readCborObject(bytes);
    if (cbor.kind === 'malformed') return exchange.reject({ status: 400, error: cbor.message }, caller.name);
    const { headers, session } = exchange;
    const attempt = parseCbor(cbor.value, {
      session,
      mode,
      caller: caller.name,
      externalSession: textHeader(headers['x-dovecot-session'] ?? headers['x-external-session-id']),
      userAgent: textHeader(headers['user-agent']),
    });
    if (isProblem(attempt)) return exchange.reject(rejectionOf(attempt), caller.name);
    whenDecided(exchange, this.#parts.decide(attempt), (decision) => {
      this.#parts.events.decided(attempt, decision);
      exchange.send(this.#renderer.answerTo(decision.verdict, session));
    });
  }
}
