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
export const RENAMED: Readonly<Partial<Record<HeaderKey, string>>> = {
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

/** A field that a header can stand for; of several headers the one with the lowest rank that is not empty counts. */
interface Place {
  readonly field: number;
  readonly rank: number;
}

const EMPTY_RANK = Number.POSITIVE_INFINITY;

/** Reads headers by their configured names. */
export class HeaderFields {
  /** Names of all headers that it reads. */
  readonly all: readonly string[];
  readonly #names: Partial<RequestHeadersConfig>;
  readonly #sources: readonly (readonly [field: string, names: readonly string[]])[];
  /** By the names of headers: requests have few of all that there could be. */
  readonly #places = new Map<string, Place[]>();

  /** @param names in lower case; what is not there is not read */
  constructor(names: Partial<RequestHeadersConfig>) {
    this.all = Object.values(names).flat();
    this.#names = names;
    this.#sources = Object.entries(names)
      .filter(([key]) => key !== 'password' && key !== 'password_encoded')
      .map(([key, own]) => [RENAMED[key as HeaderKey] ?? key, own]);
    for (const [field, [, own]] of this.#sources.entries())
      for (const [rank, name] of own.entries())
        this.#places.set(name, [...(this.#places.get(name) ?? []), { field, rank }]);
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
    const texts = this.#textsOf(headers);
    for (let i = 0; i < texts.length; i += 1) {
      const text = texts[i];
      if (text !== undefined) take(this.#sources[i]?.[0] ?? '', percentDecoded(text));
    }
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

  /** The SASL mechanism in lower case; empty where none is named. */
  mechanismOf(headers: IncomingHttpHeaders): string {
    return (textOf(headers, this.#names.auth_method) ?? '').toLowerCase();
  }

  /** Which try of its client this is, as a text; empty where it is not told. */
  loginAttemptOf(headers: IncomingHttpHeaders): string {
    return textOf(headers, this.#names.login_attempt) ?? '';
  }

  /** What was sent by the places of `#sources`. */
  #textsOf(headers: IncomingHttpHeaders): readonly (string | undefined)[] {
    const texts: (string | undefined)[] = [];
    const ranks: number[] = [];
    for (const name in headers) {
      const places = this.#places.get(name);
      const value = headers[name];
      if (places === undefined || typeof value !== 'string') continue;
      for (const { field, rank } of places) {
        const own = value === '' ? EMPTY_RANK : rank;
        const before = ranks[field];
        if (before !== undefined && before <= own) continue;
        ranks[field] = own;
        texts[field] = value;
      }
    }
    return texts;
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
function textOf(headers: IncomingHttpHeaders, names: readonly string[] = []): string | undefined {
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
