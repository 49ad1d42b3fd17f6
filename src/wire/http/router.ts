import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Events } from '../../telemetry/events.ts';
import { type Problem, problemAnswer, sendAnswer, TEMPORARY_TEXT } from './answer.ts';
import { doubtOf } from './doubtful-request.ts';
import type { Answer, Door, Exchange, WholeExchange } from './exchange.ts';
import { type BodyOutcome, readBody } from './request-body.ts';
import { newSessionId } from './session-id.ts';
import type { HeadRules } from './whole/request-head.ts';
import { WholeFields } from './whole/whole-fields.ts';

export interface RouterParts {
  /** Doors by their exact path; one whose path ends in `/*` has all paths with one more part there. */
  readonly doors: ReadonlyMap<string, Door>;
  readonly events: Events;
  /** Requests in flight at most; more are answered 503. */
  readonly maxRequests: number;
}

/** Where a request comes from. */
export interface RequestOrigin {
  readonly address: string;
  readonly peerAddress: string;
  /** Why it cannot be told who asks. */
  readonly problem?: Problem | undefined;
}

/** What a request target leads to. */
interface Target {
  readonly path: string;
  readonly query: string;
  readonly door: Door | undefined;
  readonly whole: WholeDoor | undefined;
}

/** A door for requests that come and are answered as a whole. */
export interface WholeDoor extends HeadRules {
  readonly door: Door;
  readonly path: string;
  readonly query: string;
  readonly open: (exchange: WholeExchange) => void;
}

const OVERLOADED: Problem = { status: 503, error: 'too many requests are under way' };
const MAX_TARGETS = 64;
const MAX_TARGET_LENGTH = 256;

/** Brings each request to its door, bounds how many are under way, and answers what no door takes. */
export class Router {
  readonly #parts: RouterParts;
  /** Targets that were asked for lately: callers ask for few. */
  readonly #targets = new Map<string, Target>();
  /** What doors look at in the headers of whole requests. */
  readonly #fields = new Map<Door, WholeFields>();
  #inFlight = 0;

  constructor(parts: RouterParts) {
    this.#parts = parts;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /**
   * Answers a request; never throws. `expectation` is the value of an `Expect` header that cannot be
   * met. The exchange is to be given to {@link release} when it is over.
   */
  route(req: IncomingMessage, res: ServerResponse, origin: RequestOrigin, expectation?: string): RoutedExchange {
    this.#inFlight += 1;
    const target = this.#targetOf(req.url ?? '/');
    const { door } = target;
    const exchange = new RoutedExchange({ req, res, target, origin, events: this.#parts.events });
    this.#parts.events.traces.begin(exchange.session, req.headers);
    const doubt = doubtOf(req);
    if (doubt !== undefined) exchange.endConnection();
    const problem = origin.problem ?? doubt ?? this.#problemWith(exchange, door, expectation);
    if (door === undefined) exchange.reject(problem ?? NOT_FOUND);
    else if (problem === undefined) this.#enter(door, exchange);
    else turnAway(door, exchange, problem);
    return exchange;
  }

  get events(): Events {
    return this.#parts.events;
  }

  /** The door of a request that comes as a whole, where one takes it. */
  wholeDoorOf(target: string): WholeDoor | undefined {
    return target.startsWith('/') ? this.#targetOf(target).whole : undefined;
  }

  /** Answers a request that has come as a whole; never throws. It is to be told to {@link leaveWhole} once. */
  openWhole(exchange: WholeExchange, { door, open }: WholeDoor): void {
    this.#inFlight += 1;
    try {
      if (this.#inFlight > this.#parts.maxRequests) return turnAway(door, exchange, OVERLOADED);
      open(exchange);
    } catch (cause) {
      exchange.fail(cause);
    }
  }

  /** A request that came as a whole was answered with a status, or nobody was left to answer. */
  leaveWhole({ door }: WholeDoor, status: number | undefined): void {
    this.#inFlight -= 1;
    if (status !== undefined) this.#parts.events.answered(door.name, status);
  }

  /** An exchange is over: its answer was sent, or nobody is left to take it. */
  release({ door, res, session }: RoutedExchange): void {
    this.#inFlight -= 1;
    if (!res.headersSent) return;
    this.#parts.events.answered(door, res.statusCode);
    this.#parts.events.traces.end(session);
  }

  #targetOf(url: string): Target {
    const known = this.#targets.get(url);
    if (known !== undefined) return known;
    const target = originForm(url);
    const mark = target.indexOf('?');
    const path = mark < 0 ? target : target.slice(0, mark);
    const query = mark < 0 ? '' : target.slice(mark + 1);
    const door = this.#parts.doors.get(path);
    if (door === undefined) return { path, query, door: this.#doorAbove(path), whole: undefined };
    const whole = this.#wholeOf(door, path, query);
    const found: Target = { path, query, door, whole };
    if (this.#targets.size >= MAX_TARGETS) this.#targets.clear();
    if (url.length <= MAX_TARGET_LENGTH) this.#targets.set(url, found);
    return found;
  }

  #wholeOf(door: Door, path: string, query: string): WholeDoor | undefined {
    const open = door.openWhole?.(query);
    if (open === undefined) return undefined;
    let fields = this.#fields.get(door);
    if (fields === undefined) {
      fields = new WholeFields(door.wholeFields ?? []);
      this.#fields.set(door, fields);
    }
    return { door, path, query, open, fields, takesGets: door.takesWholeGets === true };
  }

  #doorAbove(path: string): Door | undefined {
    const end = path.lastIndexOf('/') + 1;
    return end === path.length ? undefined : this.#parts.doors.get(`${path.slice(0, end)}*`);
  }

  #problemWith({ path }: RoutedExchange, door: Door | undefined, expectation: string | undefined): Problem | undefined {
    if (expectation !== undefined)
      return { status: 417, error: 'only "Expect: 100-continue" can be met', field: 'Expect' };
    if (door === undefined)
      return path.endsWith('/') && this.#parts.doors.has(path.slice(0, -1)) ? TRAILING_SLASH : NOT_FOUND;
    if (this.#inFlight > this.#parts.maxRequests && door.isOpenUnderLoad !== true) return OVERLOADED;
    return undefined;
  }

  #enter(door: Door, exchange: RoutedExchange): void {
    exchange.door = door.name;
    try {
      door.open(exchange);
    } catch (cause) {
      exchange.fail(cause);
    }
  }
}

interface RoutedExchangeParts {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly target: Target;
  readonly origin: RequestOrigin;
  readonly events: Events;
}

/** An exchange as the router and the listener have it. */
export class RoutedExchange implements Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly session = newSessionId();
  readonly path: string;
  readonly query: string;
  readonly address: string;
  readonly peerAddress: string;
  /** Name of the door that has it, `none` where none has. */
  door = 'none';
  #isLast = false;
  readonly #events: Events;

  constructor({ req, res, target, origin, events }: RoutedExchangeParts) {
    this.req = req;
    this.res = res;
    this.path = target.path;
    this.query = target.query;
    this.address = origin.address;
    this.peerAddress = origin.peerAddress;
    this.#events = events;
  }

  get socket(): Socket {
    return this.req.socket;
  }

  /** Nothing that comes behind the request on its connection is to be looked at. */
  get isLast(): boolean {
    return this.#isLast;
  }

  /** The connection ends with the answer. */
  endConnection(): void {
    this.#isLast = true;
    this.res.shouldKeepAlive = false;
  }

  get method(): string | undefined {
    return this.req.method;
  }

  get headers(): IncomingMessage['headers'] {
    return this.req.headers;
  }

  get isAnswered(): boolean {
    return this.res.headersSent;
  }

  readBody(then: (outcome: BodyOutcome) => void): void {
    readBody(this.req, then);
  }

  send(answer: Answer): void {
    sendAnswer(this.res, answer);
  }

  reject(problem: Problem, caller?: string): void {
    const { session, door, address } = this;
    const { status, error } = problem;
    this.#events.requestRejected({ session, door, status, error, address, caller });
    this.send(problemAnswer(session, problem));
  }

  fail(cause: unknown): void {
    this.#events.requestFailed(this.session, cause);
    if (this.res.headersSent) this.res.destroy();
    else this.send(problemAnswer(this.session, { status: 500, error: TEMPORARY_TEXT }));
  }
}

export function turnAway(door: Door, exchange: WholeExchange, problem: Problem): void {
  if (door.turnAway === undefined) exchange.reject(problem);
  else door.turnAway(exchange, problem);
}

/** A target with scheme and host (RFC 9112 3.2.2) without them. */
function originForm(target: string): string {
  return target.startsWith('/') ? target : target.replace(/^https?:\/\/[^/?#]*/i, '');
}

const NOT_FOUND: Problem = { status: 404, error: 'nothing is served at this path' };
const TRAILING_SLASH: Problem = {
  status: 404,
  error: 'nothing is served at this path; leave out the slash at its end',
};
