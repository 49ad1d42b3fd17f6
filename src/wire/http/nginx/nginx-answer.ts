/**
 * Answers as the mail proxy of nginx reads them: by headers alone, whatever the status. Without `Auth-Wait` it closes the
 * client's connection.
 *
 * @module
 */
import type { Account } from '../../../login/account.ts';
import type { Attempt } from '../../../login/attempt.ts';
import type { RefusalReason, Verdict } from '../../../login/verdict.ts';
import { ACCEPTED_TEXT, authHeaders, EMPTY_HEADERS, emptyAnswer, REFUSAL_TEXTS, TEMPORARY_TEXT } from '../answer.ts';
import { binaryText } from '../attribute-headers.ts';
import type { Answer } from '../exchange.ts';
import type { RefusedMethod } from './auth-method.ts';
import { KeptHeaders } from '../header/kept-headers.ts';
import type { NginxConfig } from './nginx-config.ts';
import { xtextOf } from './xtext.ts';

type Refusal = Extract<Verdict, { kind: 'refuse' }>;

/** Enhanced status codes of SMTP (RFC 4954 4 and 6, RFC 3463). */
const WRONG = '535 5.7.8';
const NO_TLS = '538 5.7.11';
const LOGIN_LATER = '454 4.7.0';
const SYSTEM_LATER = '451 4.3.0';

const SMTP: ReadonlySet<string> = new Set(['smtp', 'smtps', 'submission', 'submissions']);
const IMAP: ReadonlySet<string> = new Set(['imap', 'imaps']);
const POP3: ReadonlySet<string> = new Set(['pop3', 'pop3s']);

/** What keeps a login from its answer: the question to a backend, or all else. */
export type LaterReason = 'login' | 'system';

export class NginxAnswers {
  readonly #config: NginxConfig;
  readonly #accepted = new KeptHeaders((account) => this.#acceptedHeaders(account, (name) => name));
  /** With names as nginx hands them on to SMTP servers. */
  readonly #forXclient = new KeptHeaders((account) => this.#acceptedHeaders(account, xtextOf));

  constructor(config: NginxConfig) {
    this.#config = config;
  }

  /** @param place where the account's mail is; without it nginx has to know by itself */
  accepted(
    { session, protocol }: Pick<Attempt, 'session' | 'protocol'>,
    { account, source }: Extract<Verdict, { kind: 'accept' }>,
    place: { readonly address: string; readonly port: number } | undefined,
  ): Answer {
    const headers = ['X-Nauthilus-Session', session, 'X-Nauthilus-Memory-Cache', source === 'memory' ? 'Hit' : 'Miss'];
    if (place !== undefined) headers.push('Auth-Server', place.address, 'Auth-Port', String(place.port));
    const kept = this.#config.isForXclient && SMTP.has(protocol) ? this.#forXclient : this.#accepted;
    return emptyAnswer(headers, kept.of(account));
  }

  refused({ session, protocol, loginAttempt = 1 }: Attempt, { reason, waitSeconds = 0 }: Refusal): Answer {
    const headers = authHeaders(this.#statusText(protocol, refusalCode(reason), REFUSAL_TEXTS[reason]), session);
    const { waitSeconds: usual, maxAttempts } = this.#config;
    if (loginAttempt < maxAttempts) headers.push('Auth-Wait', String(Math.max(usual, waitSeconds)));
    if (SMTP.has(protocol)) headers.push('Auth-Error-Code', reason === 'tls-required' ? NO_TLS : WRONG);
    return answer(headers);
  }

  /** The client wants to prove itself in a way that cannot be had; with another it may. */
  methodRefused(
    {
      session,
      protocol,
      loginAttempt,
    }: { readonly session: string; readonly protocol: string; readonly loginAttempt: number },
    { text, smtpCode }: RefusedMethod,
  ): Answer {
    const headers = authHeaders(this.#statusText(protocol, METHOD_CODES, text), session);
    if (loginAttempt < this.#config.maxAttempts) headers.push('Auth-Wait', String(this.#config.waitSeconds));
    if (SMTP.has(protocol)) headers.push('Auth-Error-Code', smtpCode);
    return answer(headers);
  }

  /** The login cannot be decided now, or the account not be sent to its host. The connection is closed. */
  later(session: string, protocol: string, reason: LaterReason): Answer {
    return answer([
      ...authHeaders(this.#statusText(protocol, LATER_CODES, TEMPORARY_TEXT), session),
      ...smtpLater(protocol, reason),
    ]);
  }

  /**
   * An answer to a request that gets no decision as nginx must have it: it does not look at the status, so that a mail user would
   * be told of a wrong password.
   */
  problem({ status, headers, body, encoding }: Answer, protocol: string): Answer {
    const text = this.#statusText(protocol, LATER_CODES, TEMPORARY_TEXT);
    const changed = headers.map((value, i) => (headers[i - 1] === 'Auth-Status' ? text : value));
    return { status, headers: [...changed, ...smtpLater(protocol, 'system')], body, encoding };
  }

  #acceptedHeaders({ name }: Account, write: (name: string) => string): string[] {
    const { backendLogin: login } = this.#config;
    const user = write(`${binaryText(name)}${login?.nameSuffix ?? ''}`);
    const password = login === undefined ? [] : ['Auth-Pass', login.password.reveal().toString('latin1')];
    return ['Auth-Status', ACCEPTED_TEXT, 'Auth-User', user, ...password, ...EMPTY_HEADERS];
  }

  #statusText(protocol: string, codes: Codes, text: string): string {
    if (!this.#config.hasResponseCodes) return text;
    if (IMAP.has(protocol)) return `[${codes.imap}] ${text}`;
    return POP3.has(protocol) ? `[${codes.pop3}] ${text}` : text;
  }
}

interface Codes {
  readonly imap: string;
  readonly pop3: string;
}

const METHOD_CODES: Codes = { imap: 'CANNOT', pop3: 'AUTH' };

const LATER_CODES: Codes = { imap: 'UNAVAILABLE', pop3: 'SYS/TEMP' };

function refusalCode(reason: RefusalReason): Codes {
  if (reason === 'tls-required') return { imap: 'PRIVACYREQUIRED', pop3: 'AUTH' };
  const isExpired = reason === 'password-expired' || reason === 'password-must-change';
  return { imap: isExpired ? 'EXPIRED' : 'AUTHENTICATIONFAILED', pop3: 'AUTH' };
}

function smtpLater(protocol: string, reason: LaterReason): string[] {
  if (!SMTP.has(protocol)) return [];
  return ['Auth-Error-Code', reason === 'login' ? LOGIN_LATER : SYSTEM_LATER];
}

function answer(headers: readonly string[]): Answer {
  const all = [...headers, 'Cache-Control', 'no-store', 'Content-Length', '0'];
  return { status: 200, headers: all, body: '', encoding: 'latin1' };
}
