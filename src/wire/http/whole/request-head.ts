/**
 * Reads the header section of a request as mail servers send it: POST to a known target, HTTP/1.1, one length. Everything else
 * is left to the full parser, and so is everything that two readers could take for different requests (RFC 9112 11.2): what is
 * read here, every parser reads alike.
 *
 * @module
 */
import { MAX_BODY_BYTES } from '../request-body.ts';

/** Header fields that doors look at, by their names in lower case. */
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
/** What changes how a request is framed, or who reads it. */
const NOT_FOR_US = ['transfer-encoding', 'content-encoding', 'upgrade', 'proxy-connection', 'te', 'trailer'] as const;

export type WholeHeaders = Readonly<Record<(typeof WANTED)[number], string | undefined>>;

export interface RequestHead {
  readonly target: string;
  readonly headers: WholeHeaders;
  /** Bytes of the body. */
  readonly length: number;
  /** The client waits to be told to go on before it sends the body. */
  readonly isWaiting: boolean;
}

/** By the length of a name, which most fields are told by: the names to look for, with their place in `WANTED`, -1 for the others. */
const BY_LENGTH: readonly (readonly (readonly [name: string, place: number])[] | undefined)[] = byLength();

const METHOD = 'POST ';
const VERSION = ' HTTP/1.1\r\n';
/** Field lines (RFC 9112 5) without folding, each with its line end. */
const FIELD_LINES = /^(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*$/;
const LENGTH = /^[0-9]{1,5}$/;

/**
 * Reads a header section, given without the empty line at its end, one character for each byte. `undefined` where it is none that
 * can be read here.
 */
export function readRequestHead(text: string): RequestHead | undefined {
  if (!text.startsWith(METHOD)) return undefined;
  const lineEnd = text.indexOf('\r\n');
  const targetEnd = lineEnd - (VERSION.length - 2);
  if (targetEnd <= METHOD.length || !text.startsWith(VERSION, targetEnd)) return undefined;
  const target = text.slice(METHOD.length, targetEnd);
  const headers = readFields(text.slice(lineEnd + 2));
  if (headers?.host === undefined) return undefined;
  const { 'content-length': length = '', expect } = headers;
  if (!LENGTH.test(length) || Number(length) > MAX_BODY_BYTES) return undefined;
  if (!says(expect, '100-continue') || !says(headers.connection, 'keep-alive')) return undefined;
  return { target, headers, length: Number(length), isWaiting: expect !== undefined };
}

/** Whether a field is absent or says only this. */
function says(value: string | undefined, only: string): boolean {
  return value === undefined || value.toLowerCase() === only;
}

function readFields(lines: string): WholeHeaders | undefined {
  if (!FIELD_LINES.test(lines)) return undefined;
  const values: (string | undefined)[] = [];
  for (let start = 0; start < lines.length; ) {
    const colon = lines.indexOf(':', start);
    const end = lines.indexOf('\r\n', colon);
    const place = placeOf(lines, start, colon);
    start = end + 2;
    if (place === undefined) continue;
    // Which of two is meant is for the full parser to say.
    if (place < 0 || values[place] !== undefined) return undefined;
    values[place] = trimmed(lines, colon + 1, end);
  }
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

function byLength(): readonly (readonly [string, number][] | undefined)[] {
  const all: [string, number][][] = [];
  for (const [place, name] of WANTED.entries()) (all[name.length] ??= []).push([name, place]);
  for (const name of NOT_FOR_US) (all[name.length] ??= []).push([name, -1]);
  return all;
}

/** The place of a field in `WANTED`; -1 where the request is not for us, `undefined` where the field is of no interest. */
function placeOf(lines: string, start: number, end: number): number | undefined {
  const candidates = BY_LENGTH[end - start];
  if (candidates === undefined) return undefined;
  const name = lines.slice(start, end).toLowerCase();
  for (const [candidate, place] of candidates) if (candidate === name) return place;
  return undefined;
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
