import type { IncomingMessage, ServerResponse } from 'node:http';
import { parseClientAddress } from '../../login/client-address.ts';
import type { Events } from '../../telemetry/events.ts';
import { type Problem, sendProblem } from './answer.ts';
import type { Door, Exchange } from './exchange.ts';
import { newSessionId } from './session-id.ts';

export interface RouterParts {
  /** Doors by their exact path. */
  readonly doors: ReadonlyMap<string, Door>;
  readonly events: Events;
  /** Requests in flight at most; more are answered 503. */
  readonly maxRequests: number;
}

/** Brings each request to its door, bounds how many are under way, and answers what no door takes. */
export class Router {
  readonly #parts: RouterParts;
  #inFlight = 0;
  #isDraining = false;

  constructor(parts: RouterParts) {
    this.#parts = parts;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** From now on each answer ends its connection. */
  drain(): void {
    this.#isDraining = true;
  }

  /** Answers a request; never throws. `expectation` is the value of an `Expect` header that cannot be met. */
  route(req: IncomingMessage, res: ServerResponse, expectation?: string): void {
    this.#inFlight += 1;
    if (this.#isDraining) res.shouldKeepAlive = false;
    const exchange = new RoutedExchange(req, res, this.#parts.events);
    const door = this.#parts.doors.get(exchange.path);
    const problem = this.#problemWith(exchange, door, expectation);
    if (problem !== undefined || door === undefined) this.#reject(exchange, problem ?? NOT_FOUND);
    else this.#enter(door, exchange);
  }

  /** An answer that was begun is over, sent or not. */
  release(): void {
    this.#inFlight -= 1;
  }

  #problemWith({ req, path }: Exchange, door: Door | undefined, expectation: string | undefined): Problem | undefined {
    if (req.headers.host === undefined && req.httpVersion === '1.1')
      return { status: 400, error: 'the Host header is missing', field: 'Host' };
    if (expectation !== undefined)
      return { status: 417, error: 'only "Expect: 100-continue" can be met', field: 'Expect' };
    if (door === undefined)
      return path.endsWith('/') && this.#parts.doors.has(path.slice(0, -1)) ? TRAILING_SLASH : NOT_FOUND;
    if (this.#inFlight > this.#parts.maxRequests) return { status: 503, error: 'too many requests are under way' };
    return undefined;
  }

  #enter(door: Door, exchange: Exchange): void {
    try {
      door.open(exchange);
    } catch (cause) {
      exchange.fail(cause);
    }
  }

  #reject(exchange: Exchange, problem: Problem): void {
    const { session, address } = exchange;
    this.#parts.events.requestRejected({
      session,
      door: 'none',
      status: problem.status,
      error: problem.error,
      address,
    });
    this.#parts.events.answered('none', problem.status);
    if (problem.status !== 404) exchange.res.shouldKeepAlive = false;
    sendProblem(exchange.res, session, problem);
  }
}

class RoutedExchange implements Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly session = newSessionId();
  readonly path: string;
  readonly query: string;
  readonly address: string;
  readonly #events: Events;

  constructor(req: IncomingMessage, res: ServerResponse, events: Events) {
    const url = req.url ?? '/';
    const mark = url.indexOf('?');
    const peer = req.socket.remoteAddress ?? '';
    this.req = req;
    this.res = res;
    this.path = mark < 0 ? url : url.slice(0, mark);
    this.query = mark < 0 ? '' : url.slice(mark + 1);
    this.address = parseClientAddress(peer) ?? peer;
    this.#events = events;
  }

  fail(cause: unknown): void {
    this.#events.requestFailed(this.session, cause);
    if (this.res.headersSent) this.res.destroy();
    else sendProblem(this.res, this.session, { status: 500, error: 'Temporary server problem, try again later' });
  }
}

const NOT_FOUND: Problem = { status: 404, error: 'nothing is served at this path' };
const TRAILING_SLASH: Problem = {
  status: 404,
  error: 'nothing is served at this path; leave out the slash at its end',
};
