/**
 * Reads the header section of a request as mail servers send it: POST with one length, or GET, to a known target. Everything else
 * is left to the full parser, and so is everything that two readers could take for different requests (RFC 9112 11.2): what is
 * read here, every parser reads alike.
 *
 * @module
 */
import type { IncomingHttpHeaders } from 'node:http';
import { MAX_BODY_BYTES } from '../request-body.ts';
import type { WholeFields } from './whole-fields.ts';

/** What a target takes. */
export interface HeadRules {
  readonly fields: WholeFields;
  /** Whether it takes GET, which has no body. */
  readonly takesGets: boolean;
}

export interface RequestHead<Rules extends HeadRules = HeadRules> {
  readonly method: 'GET' | 'POST';
  readonly target: string;
  /** Those of the target. */
  readonly rules: Rules;
  readonly headers: IncomingHttpHeaders;
  /** Absent where there is none of them. */
  readonly along: HeadersAlong | undefined;
  /** Bytes of the body. */
  readonly length: number;
  /** The client waits to be told to go on before it sends the body. */
  readonly isWaiting: boolean;
  /** The client asks no more on this connection. */
  readonly isLast: boolean;
}

/** Header fields that few requests have, whatever their door. */
export type HeadersAlong = Readonly<
  Record<'x-forwarded-for' | 'forwarded' | 'traceparent' | 'x-request-id', string | undefined>
>;

const POST = 'POST ';
const GET = 'GET ';
const VERSION = ' HTTP/1.1\r\n';
const OLD_VERSION = ' HTTP/1.0\r\n';
const LENGTH = /^[0-9]{1,5}$/;
/** Without what others end it at. */
const TARGET = /^[!-~]+$/;

/**
 * Reads a header section, given without the empty line at its end, one character for each byte. `undefined` where it is none that
 * can be read here.
 * @param rulesOf what a target takes; `undefined` where nothing is read for it here
 */
export function readRequestHead<Rules extends HeadRules>(
  text: string,
  rulesOf: (target: string) => Rules | undefined,
): RequestHead<Rules> | undefined {
  const line = readRequestLine(text);
  const rules = line === undefined ? undefined : rulesOf(line.target);
  if (line === undefined || rules === undefined || !(line.isPost || rules.takesGets)) return undefined;
  const values = rules.fields.read(text.slice(line.end));
  if (values === undefined) return undefined;
  const headers = rules.fields.headersOf(values);
  const framing = line.isPost ? framingOf(headers, line) : withoutBody(headers);
  const isLast = isLastOf(headers, line);
  if (headers.host === undefined || framing === undefined || isLast === undefined) return undefined;
  const { target } = line;
  const along = rules.fields.alongOf(values);
  return { method: line.isPost ? 'POST' : 'GET', target, rules, headers, along, ...framing, isLast };
}

interface RequestLine {
  readonly isPost: boolean;
  readonly target: string;
  /** HTTP/1.0. */
  readonly isOld: boolean;
  /** Where the next line begins. */
  readonly end: number;
}

function readRequestLine(text: string): RequestLine | undefined {
  const isPost = text.startsWith(POST);
  if (!isPost && !text.startsWith(GET)) return undefined;
  const start = isPost ? POST.length : GET.length;
  const end = text.indexOf('\r\n') + 2;
  const targetEnd = end - VERSION.length;
  const target = text.slice(start, targetEnd);
  if (!TARGET.test(target)) return undefined;
  const isOld = !text.startsWith(VERSION, targetEnd);
  if (isOld && !text.startsWith(OLD_VERSION, targetEnd)) return undefined;
  return { isPost, target, isOld, end };
}

interface Framing {
  readonly length: number;
  readonly isWaiting: boolean;
}

const NO_BODY: Framing = { length: 0, isWaiting: false };

function withoutBody({ 'content-length': length, expect }: IncomingHttpHeaders): Framing | undefined {
  return length === undefined && expect === undefined ? NO_BODY : undefined;
}

function framingOf(
  { 'content-length': length = '', expect }: IncomingHttpHeaders,
  { isOld }: RequestLine,
): Framing | undefined {
  if (!LENGTH.test(length) || Number(length) > MAX_BODY_BYTES) return undefined;
  if (expect === undefined) return { length: Number(length), isWaiting: false };
  return isOld || expect.toLowerCase() !== '100-continue' ? undefined : { length: Number(length), isWaiting: true };
}

/** Whether the connection is to end with the answer (RFC 9112 9.3); `undefined` where that is for the full parser to say. */
function isLastOf({ connection }: IncomingHttpHeaders, { isOld }: RequestLine): boolean | undefined {
  if (connection === undefined) return isOld;
  switch (connection.toLowerCase()) {
    case 'close':
      return true;
    case 'keep-alive':
      return isOld ? undefined : false;
    default:
      return undefined;
  }
}
