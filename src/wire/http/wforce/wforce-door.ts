/**
 * weakforced's API, as Dovecot's `auth_policy_server_url` speaks it: a POST with `command=allow` asks whether a login may be tried,
 * one with `command=report` tells what has become of it. For mail servers that prove passwords by themselves.
 *
 * @module
 */
import type { Policy } from '../../../decision/policy/policy.ts';
import type { Events } from '../../../telemetry/events.ts';
import type { Problem } from '../answer.ts';
import { CallerGate } from '../caller-gate.ts';
import type { Caller, Callers, Scope } from '../callers.ts';
import type { Door, Exchange, WholeExchange } from '../exchange.ts';
import { readJsonBody } from '../json/json-body.ts';
import type { JsonObject } from '../json/json-object.ts';
import { isProblem, rejectionOf } from '../json/request.ts';
import { RewrittenExchange } from '../whole/rewritten-exchange.ts';
import { doneAnswer, inWforceForm, laterAnswer, mayTryAnswer, refusedAnswer } from './wforce-answer.ts';
import type { WforceOrder } from './wforce-orders.ts';
import { parseTuple, type Tuple } from './wforce-request.ts';

export interface WforceDoorParts {
  readonly callers: Callers;
  readonly policy: Policy;
  readonly events: Events;
  /** What is said where a login must not be tried; empty for what is said of a wrong password. */
  readonly message: string;
  /** What operators may do by this API. */
  readonly orders: ReadonlyMap<string, WforceOrder>;
}

/** One command for callers of a scope. */
interface Command {
  readonly scope: Scope;
  readonly methods: readonly string[];
  readonly run: (exchange: WholeExchange, caller: string) => void;
}

type Conclude = (exchange: WholeExchange, tuple: Tuple) => Promise<void>;

const USER_AGENT_LENGTH = 256;
const KEY_FIELD = 'x-api-key';
const API_KEY = /^[a-z0-9+/]+=*$/i;
const SHOWN_COMMAND = 32;

export class WforceDoor implements Door {
  readonly name = 'wforce';
  readonly wholeFields = [KEY_FIELD];
  readonly #parts: WforceDoorParts;
  readonly #gate: CallerGate;
  readonly #commands: ReadonlyMap<string, Command>;
  readonly #whole = new Map<string, (exchange: WholeExchange) => void>();

  constructor(parts: WforceDoorParts) {
    this.#parts = parts;
    this.#gate = new CallerGate(parts.callers, parts.events);
    const told = (conclude: Conclude): Command => ({
      scope: 'policy',
      methods: ['POST'],
      run: (exchange, caller) => this.#read(exchange, caller, conclude),
    });
    const orders = [...parts.orders].map(([name, order]) => [name, orderCommand(order)] as const);
    this.#commands = new Map<string, Command>([
      ['allow', told((exchange, tuple) => this.#allow(exchange, tuple))],
      ['report', told((exchange, tuple) => this.#report(exchange, tuple))],
      [
        'ping',
        { scope: 'policy', methods: ['GET', 'POST'], run: (exchange) => exchange.send(doneAnswer(exchange.session)) },
      ],
      ...orders,
    ]);
    for (const name of ['allow', 'report']) {
      const command = this.#commands.get(name);
      if (command !== undefined)
        this.#whole.set(`command=${name}`, (plain) => this.#enter(this.#exchangeOf(plain), command));
    }
  }

  open(plain: Exchange): void {
    const exchange = this.#exchangeOf(plain);
    const command = this.#commandOf(exchange);
    if ('status' in command) exchange.reject(command);
    else this.#enter(exchange, command);
  }

  openWhole(query: string): ((exchange: WholeExchange) => void) | undefined {
    return this.#whole.get(query);
  }

  turnAway(plain: Exchange, problem: Problem): void {
    this.#exchangeOf(plain).reject(problem);
  }

  #exchangeOf(plain: WholeExchange): WholeExchange {
    return new RewrittenExchange(plain, { events: this.#parts.events, door: this.name, rewrite: inWforceForm });
  }

  #commandOf({ method = '', query }: WholeExchange): Command | Problem {
    const names = new URLSearchParams(query).getAll('command');
    const [name] = names;
    if (name === undefined) return { status: 404, error: 'nothing is served here without a command' };
    if (names.length > 1) return { status: 400, error: 'command: given twice', field: 'command' };
    const command = this.#commands.get(name);
    if (command === undefined)
      return { status: 404, error: `there is no command ${JSON.stringify(name.slice(0, SHOWN_COMMAND))}` };
    if (command.methods.includes(method)) return command;
    const allowed = command.methods.join(', ');
    return { status: 405, error: `the command ${name} is to be sent by ${allowed}`, headers: ['Allow', allowed] };
  }

  #enter(exchange: WholeExchange, { scope, run }: Command): void {
    const admit = (caller: Caller) => {
      if (this.#gate.holds(exchange, caller, scope)) run(exchange, caller.name);
    };
    this.#gate.enter(exchange, admit, authorizationOf(exchange));
  }

  #read(exchange: WholeExchange, caller: string, conclude: Conclude): void {
    const { session, headers } = exchange;
    readJsonBody(exchange, caller, ({ value }) => {
      const userAgent = headers['user-agent']?.slice(0, USER_AGENT_LENGTH);
      const tuple = parseTuple(value, { session, caller, userAgent });
      if (isProblem(tuple)) return exchange.reject(rejectionOf(tuple), caller);
      conclude(exchange, tuple).catch((cause: unknown) => exchange.fail(cause));
    });
  }

  async #allow(exchange: WholeExchange, tuple: Tuple): Promise<void> {
    const { policy, events } = this.#parts;
    const { session } = exchange;
    const allowance = await policy.allow(tuple);
    if (allowance.kind === 'may-try') {
      events.policy.mayTry(tuple.attempt, allowance);
      return exchange.send(mayTryAnswer(session, allowance.delaySeconds));
    }
    const { verdict } = allowance.decision;
    events.decided(tuple.attempt, allowance.decision);
    if (verdict.kind === 'refuse') {
      events.policy.answered('allow', 'refused');
      return exchange.send(refusedAnswer(session, verdict.reason, this.#parts.message));
    }
    events.policy.answered('allow', 'deferred');
    exchange.send(laterAnswer(session));
  }

  async #report(exchange: WholeExchange, tuple: Tuple): Promise<void> {
    const { policy, events } = this.#parts;
    const decision = await policy.report(tuple, tuple.outcome);
    if (decision === undefined) events.policy.answered('report', 'ignored');
    else {
      events.policy.answered('report', decision.verdict.kind === 'defer' ? 'deferred' : 'taken');
      events.decided(tuple.attempt, decision);
    }
    const { session } = exchange;
    exchange.send(decision?.verdict.kind === 'defer' ? laterAnswer(session) : doneAnswer(session));
  }
}

function orderCommand(order: WforceOrder): Command {
  const run = (exchange: WholeExchange, caller: string, body: JsonObject) => {
    order(exchange, caller, body).catch((cause: unknown) => exchange.fail(cause));
  };
  return {
    scope: 'admin',
    methods: ['GET', 'POST'],
    run: (exchange, caller) => {
      if (exchange.method === 'GET') run(exchange, caller, {});
      else readJsonBody(exchange, caller, ({ value }) => run(exchange, caller, value));
    },
  };
}

/** `auth_policy_server_api_header` without the name of a header comes as this one: then it is the base64 of `name:secret`. */
function authorizationOf({ headers }: WholeExchange): string | undefined {
  const key = headers[KEY_FIELD];
  if (headers.authorization !== undefined || typeof key !== 'string') return headers.authorization;
  return API_KEY.test(key) ? `Basic ${key}` : undefined;
}
