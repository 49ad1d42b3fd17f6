import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { type Problem, problemAnswer, TEMPORARY_TEXT } from '../answer.ts';
import type { Answer, WholeExchange } from '../exchange.ts';
import { headerLines } from '../prepared-headers.ts';
import type { BodyOutcome } from '../request-body.ts';
import type { Router, WholeDoor } from '../router.ts';
import { newSessionId } from '../session-id.ts';
import type { RequestHead } from './request-head.ts';
import type { WholeConnection } from './whole-connection.ts';

export interface SentExchangeParts {
  readonly socket: Socket;
  readonly address: string;
  readonly peerAddress: string;
  readonly head: RequestHead;
  readonly body: Buffer;
  readonly door: WholeDoor;
  readonly router: Router;
  readonly connection: WholeConnection;
}

const NOT_ASCII = /[^\u0000-\u007f]/;

/** A request that has come as a whole, with its answer to be. */
export class SentExchange implements WholeExchange {
  readonly method: 'GET' | 'POST';
  readonly headers: WholeExchange['headers'];
  readonly session = newSessionId();
  readonly path: string;
  readonly query: string;
  readonly address: string;
  readonly peerAddress: string;
  readonly #parts: SentExchangeParts;
  #isAnswered = false;

  constructor(parts: SentExchangeParts) {
    this.#parts = parts;
    this.method = parts.head.method;
    this.headers = parts.head.headers;
    this.path = parts.door.path;
    this.query = parts.door.query;
    this.address = parts.address;
    this.peerAddress = parts.peerAddress;
    if (parts.head.along !== undefined) parts.router.events.traces.begin(this.session, parts.head.along);
  }

  get socket(): Socket {
    return this.#parts.socket;
  }

  get isAnswered(): boolean {
    return this.#isAnswered;
  }

  readBody(then: (outcome: BodyOutcome) => void): void {
    then({ kind: 'body', bytes: this.#parts.body });
  }

  send({ status, headers, prepared, body, encoding }: Answer): void {
    if (this.#isAnswered) return;
    const { socket, connection, router, door, head: request } = this.#parts;
    this.#isAnswered = true;
    const staysOpen = connection.staysOpen && !request.isLast;
    const lines = headerLines(headers) + (prepared?.lines ?? '');
    const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines}${closing(staysOpen, connection)}`;
    // One text for both, in an encoding that leaves bytes of the headers as they are.
    socket.write(head + (encoding === 'utf8' ? binary(body) : body), 'latin1');
    router.leaveWhole(door, status);
    if (this.#parts.head.along !== undefined) router.events.traces.end(this.session);
    connection.answered(staysOpen);
  }

  /** The client went away: nobody is left to take the answer. */
  giveUp(): void {
    if (this.#isAnswered) return;
    this.#isAnswered = true;
    this.#parts.router.leaveWhole(this.#parts.door, undefined);
  }

  reject(problem: Problem, caller?: string): void {
    const { session, address } = this;
    const { router, door } = this.#parts;
    const { status, error } = problem;
    router.events.requestRejected({ session, door: door.door.name, status, error, address, caller });
    this.send(problemAnswer(session, problem));
  }

  fail(cause: unknown): void {
    this.#parts.router.events.requestFailed(this.session, cause);
    this.send(problemAnswer(this.session, { status: 500, error: TEMPORARY_TEXT }));
  }
}

function binary(text: string): string {
  return NOT_ASCII.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text;
}

let dateOf = 0;
let dateLine = '';

/** The last header lines and the empty line, as Node writes them. */
function closing(staysOpen: boolean, connection: WholeConnection): string {
  const second = Math.floor(Date.now() / 1000);
  if (second !== dateOf) {
    dateOf = second;
    dateLine = `Date: ${new Date(second * 1000).toUTCString()}\r\n`;
  }
  if (!staysOpen) return `${dateLine}Connection: close\r\n\r\n`;
  return `${dateLine}Connection: keep-alive\r\nKeep-Alive: timeout=${connection.idleSeconds}\r\n\r\n`;
}
