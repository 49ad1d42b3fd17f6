import type { IncomingHttpHeaders } from 'node:http';
import type { HeadersAlong } from './request-head.ts';

/** Header fields that all doors look at, by their names in lower case. */
const WANTED = [
  'host',
  'content-length',
  'expect',
  'connection',
  'authorization',
  'content-type',
  'user-agent',
  'x-dovecot-session',
  'x-external-session-id',
] as const;
/** Header fields that few requests have; several of one name are one, joined by commas (RFC 9110 5.3). */
const ALONG = ['x-forwarded-for', 'forwarded', 'traceparent', 'x-request-id'] as const satisfies (keyof HeadersAlong)[];
const FIRST_ALONG = WANTED.length;
const FIRST_OWN = FIRST_ALONG + ALONG.length;
/** What changes how a request is framed, or who reads it. */
const NOT_FOR_US = ['transfer-encoding', 'content-encoding', 'upgrade', 'proxy-connection', 'te', 'trailer'] as const;

/** Field lines (RFC 9112 5) without folding, each with its line end. */
const FIELD_LINES = /^(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*$/;

/** Values by the places of their names; what was not sent is `undefined`. */
export type FieldValues = readonly (string | undefined)[];

/** Reads the header fields that a door looks at, and leaves the others alone. */
export class WholeFields {
  /** By their places: those of all doors, then the door's own. */
  readonly #names: readonly string[];
  /** By the length of a name, which most fields are told by: the names to look for, with their place, -1 for what is not for us. */
  readonly #byLength: readonly (readonly (readonly [name: string, place: number])[] | undefined)[];

  /** @param own names in lower case that the door looks at beside those of all */
  constructor(own: readonly string[]) {
    const usual: readonly string[] = [...WANTED, ...ALONG];
    const refused: readonly string[] = NOT_FOR_US;
    this.#names = [...usual, ...new Set(own.filter((name) => !usual.includes(name) && !refused.includes(name)))];
    const byLength: [string, number][][] = [];
    for (const [place, name] of this.#names.entries()) (byLength[name.length] ??= []).push([name, place]);
    for (const name of NOT_FOR_US) (byLength[name.length] ??= []).push([name, -1]);
    this.#byLength = byLength;
  }

  /** Reads lines; `undefined` where they are for the full parser. */
  read(lines: string): FieldValues | undefined {
    if (!FIELD_LINES.test(lines)) return undefined;
    const values: (string | undefined)[] = [];
    for (let start = 0; start < lines.length; ) {
      const colon = lines.indexOf(':', start);
      const end = lines.indexOf('\r\n', colon);
      const place = this.#placeOf(lines, start, colon);
      start = end + 2;
      if (place === undefined) continue;
      const before = values[place];
      // Which of two is meant is for the full parser to say.
      if (place < 0 || (before !== undefined && !isAlong(place))) return undefined;
      const value = trimmed(lines, colon + 1, end);
      values[place] = before === undefined ? value : `${before}, ${value}`;
    }
    return values;
  }

  /** Values by their names. */
  headersOf(values: FieldValues): IncomingHttpHeaders {
    return this.#names.length === FIRST_OWN ? usualHeaders(values) : this.#allHeaders(values);
  }

  /** Those that few requests have; `undefined` where there is none. */
  alongOf(values: FieldValues): HeadersAlong | undefined {
    if (values.length <= FIRST_ALONG) return undefined;
    const [addresses, forwarded, traceparent, requestId] = values.slice(FIRST_ALONG, FIRST_OWN);
    if ((addresses ?? forwarded ?? traceparent ?? requestId) === undefined) return undefined;
    return { 'x-forwarded-for': addresses, forwarded, traceparent, 'x-request-id': requestId };
  }

  #allHeaders(values: FieldValues): IncomingHttpHeaders {
    const headers: Record<string, string | undefined> = new SentHeaders();
    for (let place = 0; place < values.length; place += 1) {
      const value = values[place];
      if (value !== undefined) headers[this.#names[place] as string] = value;
    }
    return headers;
  }

  /** The place of a field; `undefined` where it is of no interest. */
  #placeOf(lines: string, start: number, end: number): number | undefined {
    const candidates = this.#byLength[end - start];
    if (candidates === undefined) return undefined;
    const name = lines.slice(start, end).toLowerCase();
    for (const [candidate, place] of candidates) if (candidate === name) return place;
    return undefined;
  }
}

/** Without anything that objects have by themselves, and as fast as they are. */
class SentHeaders {
  [name: string]: string | undefined;
}
Object.setPrototypeOf(SentHeaders.prototype, null);

function isAlong(place: number): boolean {
  return place >= FIRST_ALONG && place < FIRST_OWN;
}

function usualHeaders(values: FieldValues): IncomingHttpHeaders {
  const [host, length, expect, connection, authorization, type, userAgent, dovecotSession, externalSession] = values;
  return {
    host,
    'content-length': length,
    expect,
    connection,
    authorization,
    'content-type': type,
    'user-agent': userAgent,
    'x-dovecot-session': dovecotSession,
    'x-external-session-id': externalSession,
  };
}

/** Without the white space around it (RFC 9110 5.5): blanks and tabs, and nothing else that a language takes for space. */
function trimmed(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
