import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Problem } from './answer.ts';
import type { PreparedHeaders } from './prepared-headers.ts';
import type { BodyOutcome } from './request-body.ts';

/** An answer that is sent as a whole. */
export interface Answer {
  readonly status: number;
  /** A flat list of names and values. */
  readonly headers: readonly string[];
  /** Headers that are the same in many answers; they come after the others. */
  readonly prepared?: PreparedHeaders | undefined;
  readonly body: string;
  /** How the body becomes bytes; `latin1` has one byte for each character. */
  readonly encoding: 'utf8' | 'latin1';
}

/** One request with its answer to be. */
export interface WholeExchange {
  readonly method: string | undefined;
  readonly headers: IncomingHttpHeaders;
  /** Sortable unique id of the request, in the answer and in the log. */
  readonly session: string;
  /** The path without the query. */
  readonly path: string;
  /** The query without the question mark, empty where there is none. */
  readonly query: string;
  /** Address of who asks: that of the connection, or what a trusted proxy tells. */
  readonly address: string;
  /** Address of who is at the other end of the connection. */
  readonly peerAddress: string;
  /** The connection, for what its TLS knows of the caller. */
  readonly socket: Socket;
  /** The answer was sent, or is being sent. */
  readonly isAnswered: boolean;
  /** Reads the body, up to 64 KiB, and hands it on once; never where the client goes away before. */
  readBody(then: (outcome: BodyOutcome) => void): void;
  /** Sends the answer. */
  send(answer: Answer): void;
  /** Ends the exchange where the request gets no decision: logs the problem and answers it. */
  reject(problem: Problem, caller?: string): void;
  /** Ends the exchange after a bug: logs it and answers a temporary failure. */
  fail(cause: unknown): void;
}

/** The same for doors whose answers are streamed. */
export interface Exchange extends WholeExchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
}

/** A protocol at a path. */
export interface Door {
  /** Short name for logs and metrics. */
  readonly name: string;
  /** True where requests are answered beyond the bound of requests under way: for who watches an overloaded service. */
  readonly isOpenUnderLoad?: boolean;
  /** Answers one request, now or later. What goes wrong later must reach `exchange.fail`. */
  open(exchange: Exchange): void;
  /** Answers a request that is not let in, such as one too many, where its clients need that in another form than all others. */
  turnAway?(exchange: WholeExchange, problem: Problem): void;
  /**
   * How a POST with such a query is answered whose body comes as a whole and whose answer goes as a whole; `undefined` where
   * the door wants more of it. What mail servers ask all the time is to be among these.
   */
  openWhole?(query: string): ((exchange: WholeExchange) => void) | undefined;
  /** Names in lower case of header fields that the door looks at in these, beside those that all doors do. */
  readonly wholeFields?: readonly string[];
  /** True where these may be GETs too, which have no body. */
  readonly takesWholeGets?: boolean;
}
