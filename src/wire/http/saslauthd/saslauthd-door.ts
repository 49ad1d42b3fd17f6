/**
 * The door of Cyrus saslauthd: `POST /api/v1/auth/saslauthd` takes a form as its mechanism `httpform` sends it. That can send neither
 * headers nor anything else but user, realm and password, so that the caller's credential stands in the form, too. Of the answer it
 * looks at the status alone: 200 lets in, 403 does not, everything else is a failure.
 *
 * @module
 */
import type { Decide } from '../../../decision/authenticate.ts';
import type { Verdict } from '../../../login/verdict.ts';
import type { Events } from '../../../telemetry/events.ts';
import { ACCEPTED_TEXT, authHeaders, DEFER_STATUSES, type Problem, REFUSAL_TEXTS, TEMPORARY_TEXT } from '../answer.ts';
import { binaryText } from '../attribute-headers.ts';
import { CallerGate } from '../caller-gate.ts';
import type { Caller, Callers } from '../callers.ts';
import type { Answer, Door, Exchange, WholeExchange } from '../exchange.ts';
import { isProblem, rejectionOf } from '../json/request.ts';
import { type BodyType, readTypedBody } from '../door/typed-body.ts';
import { whenDecided } from '../door/when-decided.ts';
import { readForm } from './form-fields.ts';
import { parseForm } from './form-question.ts';

export interface SaslauthdDoorParts {
  readonly callers: Callers;
  readonly decide: Decide;
  readonly events: Events;
}

type Fields = ReadonlyMap<string, string>;

const FORM_BODY: BodyType = {
  name: 'application/x-www-form-urlencoded',
  pattern: /^\s*application\/x-www-form-urlencoded\s*(?:;|$)/i,
};
const TEXT_TYPE = 'text/plain; charset=utf-8';
const USER_AGENT_LENGTH = 256;

export class SaslauthdDoor implements Door {
  readonly name = 'saslauthd';
  readonly #parts: SaslauthdDoorParts;
  readonly #gate: CallerGate;

  constructor(parts: SaslauthdDoorParts) {
    this.#parts = parts;
    this.#gate = new CallerGate(parts.callers, parts.events);
  }

  open(exchange: Exchange): void {
    this.#read(exchange);
  }

  openWhole(query: string): ((exchange: WholeExchange) => void) | undefined {
    return query === '' ? (exchange) => this.#read(exchange) : undefined;
  }

  #read(exchange: WholeExchange): void {
    const problem = problemWith(exchange);
    if (problem !== undefined) return exchange.reject(problem);
    readTypedBody(exchange, FORM_BODY, undefined, (bytes) => this.#admit(exchange, bytes));
  }

  #admit(exchange: WholeExchange, bytes: Buffer): void {
    const form = readForm(bytes);
    if (form.kind === 'malformed') {
      const { field, message } = form;
      return exchange.reject({ status: 400, error: field === undefined ? message : `${field}: ${message}`, field });
    }
    const { fields } = form;
    const admit = (caller: Caller) => {
      if (this.#gate.holds(exchange, caller, 'authenticate')) this.#decide(exchange, caller, fields);
    };
    this.#gate.enter(exchange, admit, exchange.headers.authorization ?? authorizationOf(fields));
  }

  #decide(exchange: WholeExchange, caller: Caller, fields: Fields): void {
    const { headers, session } = exchange;
    const userAgent = headers['user-agent']?.slice(0, USER_AGENT_LENGTH);
    const attempt = parseForm(fields, { session, caller: caller.name, userAgent });
    if (isProblem(attempt)) return exchange.reject(rejectionOf(attempt), caller.name);
    whenDecided(exchange, this.#parts.decide(attempt), (decision) => {
      this.#parts.events.decided(attempt, decision);
      exchange.send(answerTo(decision.verdict, session));
    });
  }
}

function problemWith({ method, query }: WholeExchange): Problem | undefined {
  if (method !== 'POST') return { status: 405, error: 'only POST is allowed', headers: ['Allow', 'POST'] };
  // Whoever asks for a look-up here must not be told that a password is right.
  if (new URLSearchParams(query).has('mode'))
    return { status: 400, error: 'mode: must be left out; forms ask about logins only', field: 'mode' };
  return undefined;
}

/** The caller's credential in the form, as a header would have it. */
function authorizationOf(fields: Fields): string | undefined {
  const name = fields.get('caller');
  const secret = fields.get('caller_secret');
  if (name === undefined || secret === undefined) return undefined;
  return `Basic ${Buffer.from(`${name}:${secret}`, 'latin1').toString('base64')}`;
}

function answerTo(verdict: Verdict, session: string): Answer {
  switch (verdict.kind) {
    case 'accept':
      return textAnswer(200, ACCEPTED_TEXT, session, ['Auth-User', binaryText(verdict.account.name)]);
    case 'refuse':
      return textAnswer(403, REFUSAL_TEXTS[verdict.reason], session);
    case 'defer':
      return textAnswer(DEFER_STATUSES[verdict.cause], TEMPORARY_TEXT, session);
  }
}

function textAnswer(status: number, text: string, session: string, more: readonly string[] = []): Answer {
  const length = String(text.length);
  const about = ['Content-Type', TEXT_TYPE, 'Cache-Control', 'no-store', 'Content-Length', length];
  return { status, headers: [...authHeaders(text, session), ...more, ...about], body: text, encoding: 'latin1' };
}
