/**
 * Questions whose fields are request headers. They become the fields of a body, so that limits and meanings are those of the
 * structured doors.
 *
 * @module
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Attempt } from '../../../login/attempt.ts';
import { type FieldProblem, isProblem, parseAttempt, type RequestContext } from '../json/request.ts';
import type { HeaderKey, RequestHeadersConfig } from './request-headers-config.ts';

/** The fields of a body that headers stand for, where they have other names. */
const RENAMED: Readonly<Partial<Record<HeaderKey, string>>> = {
  login_attempt: 'auth_login_attempt',
  auth_method: 'method',
  client_host: 'client_hostname',
  ssl_verify: 'ssl_client_verify',
  ssl_subject: 'ssl_client_dn',
  ssl_client_not_before: 'ssl_client_notbefore',
  ssl_client_not_after: 'ssl_client_notafter',
};

const NOT_ASCII = /[^\u0000-\u007f]/;
const ESCAPE = /%([0-9A-Fa-f]{2})/g;
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

export type HeaderContext = Pick<RequestContext, 'session' | 'mode' | 'caller' | 'userAgent'>;

/** Reads headers by their configured names. */
export class HeaderFields {
  readonly #names: RequestHeadersConfig;
  readonly #sources: readonly (readonly [field: string, names: readonly string[]])[];

  constructor(names: RequestHeadersConfig) {
    this.#names = names;
    this.#sources = Object.entries(names)
      .filter(([key]) => key !== 'password' && key !== 'password_encoded')
      .map(([key, own]) => [RENAMED[key as HeaderKey] ?? key, own]);
  }

  /**
   * Turns headers into an attempt, or says which header is wrong. Values may be percent-encoded (RFC 3986 2.1); what is no
   * escape is left as it is.
   * @param known fields that no header stands for, one character for each byte
   */
  parse(
    headers: IncomingHttpHeaders,
    context: HeaderContext,
    known: Readonly<Record<string, string>> = {},
  ): Attempt | FieldProblem {
    const body: Record<string, string> = {};
    let isAscii = true;
    const take = (field: string, value: string | undefined) => {
      if (value === undefined) return;
      body[field] = value;
      isAscii &&= !NOT_ASCII.test(value);
    };
    for (const [field, names] of this.#sources) take(field, textOf(headers, names));
    const password = this.#password(headers);
    if (typeof password === 'object') return password;
    take('password', password);
    for (const [field, value] of Object.entries(known)) take(field, value);
    const read = { ...context, externalSession: undefined, isLatin1: !isAscii, hasUnicodeEscapes: false };
    const attempt = parseAttempt(body, read);
    return isProblem(attempt) ? { ...attempt, field: this.#headerOf(attempt.field) } : attempt;
  }

  /** The protocol in lower case, whether or not it can be one; empty where none is named. */
  protocolOf(headers: IncomingHttpHeaders): string {
    return (textOf(headers, this.#names.protocol) ?? '').toLowerCase();
  }

  #password(headers: IncomingHttpHeaders): string | undefined | FieldProblem {
    const sent = textOf(headers, this.#names.password);
    if (sent === undefined || textOf(headers, this.#names.password_encoded) !== '1') return sent;
    if (BASE64.test(sent)) return Buffer.from(sent, 'base64').toString('latin1');
    return { kind: 'problem', field: this.#headerOf('password'), message: 'must be base64' };
  }

  /** A header by which the field could have been sent, as operators write it. */
  #headerOf(field: string): string {
    const names = field === 'password' ? this.#names.password : this.#sources.find(([own]) => own === field)?.[1];
    return names?.[0] ?? field;
  }
}

/** The first that is not empty, one character for each byte; empty where all are, `undefined` where there is none. */
function textOf(headers: IncomingHttpHeaders, names: readonly string[]): string | undefined {
  let found: string | undefined;
  for (const name of names) {
    const value = headers[name];
    if (typeof value !== 'string') continue;
    if (value !== '') return percentDecoded(value);
    found = value;
  }
  return found;
}

function percentDecoded(text: string): string {
  if (!text.includes('%')) return text;
  return text.replace(ESCAPE, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
