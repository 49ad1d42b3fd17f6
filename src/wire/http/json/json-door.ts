/**
 * The structured door: `POST /api/v1/auth/json` asks about a login, with `mode=no-auth` about an account, and GET or POST with
 * `mode=list-accounts` for all accounts. It translates and decides nothing.
 *
 * @module
 */
import type { ServerResponse } from 'node:http';
import type { Decide } from '../../../decision/authenticate.ts';
import type { ListAccounts } from '../../../decision/list-accounts.ts';
import type { Attempt, Mode } from '../../../login/attempt.ts';
import type { Decision } from '../../../login/verdict.ts';
import type { Events } from '../../../telemetry/events.ts';
import { type Problem, sendProblem } from '../answer.ts';
import { CallerGate } from '../caller-gate.ts';
import type { Caller, Callers, Scope } from '../callers.ts';
import type { DovecotConfig } from '../dovecot-config.ts';
import type { Door, Exchange, WholeExchange } from '../exchange.ts';
import { chooseListForm, sendAccountList } from './account-list.ts';
import { DovecotAnswer } from './dovecot-fields-answer.ts';
import { DIALECTS, type Dialect } from './dovecot-fields-rules.ts';
import { type JsonBody, readJsonBody } from './json-body.ts';
import { isProblem, parseAttempt } from './request.ts';
import { JsonRenderer } from './response.ts';

type Operation = Mode | 'list-accounts';

/** What is asked for. */
interface Question {
  readonly operation: Operation;
  /** The version of Dovecot whose fields the answer is to have. */
  readonly dialect: Dialect | undefined;
}

const SCOPES: Readonly<Record<Operation, Scope>> = {
  authenticate: 'authenticate',
  'look-up': 'lookup',
  'list-accounts': 'list',
};

export interface JsonDoorParts {
  readonly callers: Callers;
  readonly decide: Decide;
  readonly listAccounts: ListAccounts;
  readonly events: Events;
  /** Bytes of `X-Nauthilus-*` headers per answer. */
  readonly attributeHeadersLimit: number;
  /** Bytes of an account's attributes above which a warning names the account. */
  readonly attributeLimit: number;
  /** Which attributes become which fields of Dovecot. */
  readonly dovecot: DovecotConfig;
  /** Gives the signal that ends a list which takes too long. */
  readonly listDeadline: () => AbortSignal;
}

export class JsonDoor implements Door {
  readonly name = 'json';
  readonly #parts: JsonDoorParts;
  readonly #gate: CallerGate;
  readonly #plain: JsonRenderer;
  readonly #dovecot: Readonly<Record<Dialect, { readonly answer: DovecotAnswer; readonly renderer: JsonRenderer }>>;

  constructor(parts: JsonDoorParts) {
    this.#parts = parts;
    this.#gate = new CallerGate(parts.callers, parts.events);
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
    this.#list(exchange, caller).catch((cause: unknown) => exchange.fail(cause));
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
    if (isProblem(attempt)) {
      const { field, message } = attempt;
      return exchange.reject({ status: 400, error: `${field}: ${message}`, field }, caller.name);
    }
    const decision = this.#parts.decide(attempt);
    if (!(decision instanceof Promise)) return this.#settleIn(question.dialect, exchange, attempt, decision);
    decision
      .then((later) => this.#settleIn(question.dialect, exchange, attempt, later))
      .catch((cause: unknown) => exchange.fail(cause));
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

  async #list(exchange: Exchange, caller: Caller): Promise<void> {
    const { req, res, session } = exchange;
    const form = chooseListForm(req.headers.accept);
    if (form === undefined) {
      return exchange.reject(
        { status: 406, error: 'the list can be had as application/json or text/plain' },
        caller.name,
      );
    }
    const started = performance.now();
    const signal = AbortSignal.any([this.#parts.listDeadline(), goneSignal(res)]);
    const outcome = await sendAccountList({ res, session, form, signal }, this.#parts.listAccounts(signal));
    const { accounts, error } = outcome;
    const ms = performance.now() - started;
    this.#parts.events.listed({ session, caller: caller.name, accounts, ms, ...(error !== undefined && { error }) });
    if (error === undefined) return;
    if (res.headersSent || res.destroyed) res.destroy();
    else sendProblem(res, session, { status: 500, error: 'the account list cannot be had now' });
  }
}

interface LoginQuestion extends Question {
  readonly operation: Mode;
}

/** What is asked for, by method, `mode` and `fields`; other query parameters are left alone. */
function questionOf({ method, query }: Exchange): Question | Problem {
  const usual = method === 'POST' ? USUAL_QUESTIONS.get(query) : undefined;
  return usual ?? readQuestion(method, query);
}

function readQuestion(method: string | undefined, query: string): Question | Problem {
  const { mode, fields } = readQuery(query);
  const operation = operationOf(method, mode);
  if (typeof operation === 'object') return operation;
  const dialect = DIALECTS.find((known) => known === fields);
  if (fields === undefined || dialect !== undefined) return { operation, dialect };
  return { status: 400, error: `fields: must be ${DIALECTS.join(' or ')}, or be left out`, field: 'fields' };
}

function operationOf(method: string | undefined, mode: string): Operation | Problem {
  const isPost = method === 'POST';
  if (!isPost && method !== 'GET') {
    return { status: 405, error: 'only GET and POST are allowed', headers: ['Allow', 'GET, POST'] };
  }
  switch (mode) {
    case 'list-accounts':
      return 'list-accounts';
    case '':
    case 'no-auth':
      if (isPost) return mode === '' ? 'authenticate' : 'look-up';
      return { status: 405, error: 'GET serves mode=list-accounts only; use POST', headers: ['Allow', 'POST'] };
    default:
      return { status: 400, error: 'mode: must be no-auth or list-accounts, or be left out', field: 'mode' };
  }
}

interface Query {
  readonly mode: string;
  readonly fields: string | undefined;
}

function readQuery(query: string): Query {
  const parameters = new URLSearchParams(query);
  const only = (values: readonly string[]) => (values.length > 1 ? 'given twice' : values[0]);
  return { mode: only(parameters.getAll('mode')) ?? '', fields: only(parameters.getAll('fields')) };
}

/** What mail servers send, so that it need not be read each time. */
const USUAL_QUESTIONS = new Map<string, LoginQuestion>(
  [undefined, ...DIALECTS].flatMap((dialect): [string, LoginQuestion][] => [
    [dialect === undefined ? '' : `fields=${dialect}`, { operation: 'authenticate', dialect }],
    [dialect === undefined ? 'mode=no-auth' : `mode=no-auth&fields=${dialect}`, { operation: 'look-up', dialect }],
  ]),
);

/** Fires when the client goes away before it has its answer. */
function goneSignal(res: ServerResponse): AbortSignal {
  const gone = new AbortController();
  res.once('close', () => {
    if (!res.writableFinished) gone.abort(new Error('the client went away'));
  });
  return gone.signal;
}

/** Headers hold no more than a log line should. */
function textHeader(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, 256) : undefined;
}
