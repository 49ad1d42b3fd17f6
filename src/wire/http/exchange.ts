import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Problem } from './answer.ts';

/** One request with its answer to be, as the doors get it. */
export interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** Sortable unique id of the request, in the answer and in the log. */
  readonly session: string;
  /** The path without the query. */
  readonly path: string;
  /** The query without the question mark, empty where there is none. */
  readonly query: string;
  /** Address of the caller's connection. */
  readonly address: string;
  /** Ends the exchange where the request gets no decision: logs the problem and answers it. */
  reject(problem: Problem, caller?: string): void;
  /** Ends the exchange after a bug: logs it and answers a temporary failure. */
  fail(cause: unknown): void;
}

/** A protocol at a path. */
export interface Door {
  /** Short name for logs and metrics. */
  readonly name: string;
  /** True where requests are answered beyond the bound of requests under way: for who watches an overloaded service. */
  readonly isOpenUnderLoad?: boolean;
  /** Answers one request, now or later. What goes wrong later must reach `exchange.fail`. */
  open(exchange: Exchange): void;
}
