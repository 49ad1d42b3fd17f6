import type { ServerResponse } from 'node:http';
import type { DeferCause, RefusalReason } from '../../login/verdict.ts';
import type { Answer } from './exchange.ts';
import { listOf, type PreparedHeaders } from './prepared-headers.ts';

/** What `Auth-Status` says to a mail server, and through it to the mail user: nothing about accounts or this installation. */
export const ACCEPTED_TEXT = 'OK';
export const TEMPORARY_TEXT = 'Temporary server problem, try again later';

/**
 * Unknown users and wrong passwords read alike, and so do locked accounts, which servers tell without a look at the password.
 * The others are for who has shown that he knows it. The text for disabled accounts is known to mail servers' glue.
 */
export const REFUSAL_TEXTS = {
  'wrong-password': 'Invalid login or password',
  'unknown-user': 'Invalid login or password',
  'account-disabled': 'Account not enabled',
  'account-locked': 'Invalid login or password',
  'password-expired': 'Password expired',
  'password-must-change': 'Password must be changed',
  'invalid-name': 'Invalid login or password',
  'empty-password': 'Invalid login or password',
  'unusable-password': 'Invalid login or password',
  blocked: 'Invalid login or password',
  'tls-required': 'Encrypted connection required',
  'foreign-domain': 'Invalid login or password',
} as const satisfies Record<RefusalReason, string>;

export const DEFER_STATUSES = {
  'backend-unavailable': 500,
  'backend-overloaded': 500,
  'deadline-exceeded': 500,
  'network-crowded': 500,
  'lists-unavailable': 500,
  'undeliverable-fields': 500,
  'internal-error': 500,
} as const satisfies Record<DeferCause, number>;

/** Texts for requests that get no decision; mail servers take all of these as a temporary failure. */
export const STATUS_TEXTS = {
  400: 'Bad request',
  401: 'Caller not authorized',
  404: 'Not found',
  405: 'Method not allowed',
  406: 'Not acceptable',
  408: 'Request timeout',
  413: 'Request too large',
  415: 'Unsupported media type',
  417: 'Expectation failed',
  429: 'Too many authentication failures of the caller',
  431: 'Request header fields too large',
  500: TEMPORARY_TEXT,
  503: TEMPORARY_TEXT,
} as const;

export type ErrorStatus = keyof typeof STATUS_TEXTS;

/** A request that gets no decision. `field` names the part of the request that is wrong. */
export interface Problem {
  readonly status: ErrorStatus;
  readonly error: string;
  readonly field?: string | undefined;
  readonly headers?: readonly string[] | undefined;
}

export const JSON_TYPE = 'application/json; charset=utf-8';

/** Sends a JSON answer whose headers are given as a flat list of names and values. */
export function sendJson(res: ServerResponse, status: number, headers: readonly string[], body: string): void {
  sendAnswer(res, jsonAnswer(status, headers, body));
}

/** Sends an answer. */
export function sendAnswer(res: ServerResponse, { status, headers, prepared, body, encoding }: Answer): void {
  res.writeHead(status, prepared === undefined ? [...headers] : [...headers, ...listOf(prepared)]);
  // Node joins headers and body into one text: both must be in the same encoding.
  res.end(body, encoding);
}

/** The headers that every answer has, errors included, as a flat list. */
export function authHeaders(authStatus: string, session: string): string[] {
  return ['Auth-Status', authStatus, 'X-Nauthilus-Session', session];
}

/** A JSON answer. */
export function jsonAnswer(status: number, headers: readonly string[], body: string): Answer {
  const length = String(Buffer.byteLength(body));
  const all = [...headers, 'Content-Type', JSON_TYPE, 'Cache-Control', 'no-store', 'Content-Length', length];
  return { status, headers: all, body, encoding: 'utf8' };
}

/** Says in JSON that nobody can know now. */
export function deferAnswer(cause: DeferCause, session: string): Answer {
  const body = JSON.stringify({ ok: false, error: TEMPORARY_TEXT });
  return jsonAnswer(DEFER_STATUSES[cause], authHeaders(TEMPORARY_TEXT, session), body);
}

/** What says that an answer is nothing but headers. */
export const EMPTY_HEADERS = ['Cache-Control', 'no-store', 'Content-Length', '0'] as const;

/** An answer that its headers say all of, one character of them for each byte; `prepared` has {@link EMPTY_HEADERS}. */
export function emptyAnswer(headers: readonly string[], prepared: PreparedHeaders): Answer {
  return { status: 200, headers, prepared, body: '', encoding: 'latin1' };
}

/** A problem as JSON: `error` for people, `errors` with the field where one is at fault. */
export function problemAnswer(session: string, problem: Problem): Answer {
  const headers = authHeaders(STATUS_TEXTS[problem.status], session);
  if (problem.headers !== undefined) headers.push(...problem.headers);
  return jsonAnswer(problem.status, headers, renderProblem(problem));
}

/** A problem's JSON body. */
export function renderProblem({ error, field }: Problem): string {
  const body = field === undefined ? { error } : { error, errors: [{ field, message: error }] };
  return JSON.stringify(body);
}
