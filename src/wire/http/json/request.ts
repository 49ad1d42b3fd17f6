/**
 * The body of a question, shared by the structured doors: known fields with their types and limits, turned into an attempt.
 * Unknown fields are ignored, `null` counts as not sent, numbers are taken where text is meant, keys in any case.
 *
 * @module
 */
import { isUtf8 } from 'node:buffer';
import type { Attempt, ClientTls, Mode } from '../../../login/attempt.ts';
import { parseClientAddress } from '../../../login/client-address.ts';
import { parseProtocol } from '../../../login/protocol.ts';
import { Secret } from '../../../login/secret.ts';
import type { Problem } from '../answer.ts';
import type { JsonObject } from './json-object.ts';
import { REQUEST_FIELDS, type RequestField } from './request-fields.ts';

type Fields = { [name in RequestField]?: string | undefined };

const BEYOND_LATIN1 = /[^\u0000-\u00ff]/;

const LIMITS: ReadonlyMap<string, number> = new Map(
  Object.entries(REQUEST_FIELDS).map(([name, { longest }]) => [name, longest]),
);

/** What the request holds beside its body. */
export interface RequestContext {
  readonly session: string;
  readonly mode: Mode;
  readonly caller: string;
  /** Value of `X-Dovecot-Session` or `X-External-Session-ID`. */
  readonly externalSession: string | undefined;
  readonly userAgent: string | undefined;
  readonly isLatin1: boolean;
  /** True where `\u` is in the body: nothing else makes half of a surrogate pair. */
  readonly hasUnicodeEscapes: boolean;
}

export interface FieldProblem {
  readonly kind: 'problem';
  readonly field: string;
  readonly message: string;
}

/** Turns a body into an attempt, or says which field is wrong and what is allowed. */
export function parseAttempt(body: JsonObject, context: RequestContext): Attempt | FieldProblem {
  const fields = readPlainFields(body, context) ?? readFields(body, context.isLatin1);
  if (isProblem(fields)) return fields;
  const missing = checkRequired(fields, context);
  if (missing !== undefined) return missing;
  const meanings = readMeanings(fields);
  return isProblem(meanings) ? meanings : toAttempt(fields, meanings, context);
}

/** What a request that holds it is answered. */
export function rejectionOf({ field, message }: FieldProblem): Problem {
  return { status: 400, error: `${field}: ${message}`, field };
}

export function isProblem(value: object): value is FieldProblem {
  return 'kind' in value && value.kind === 'problem';
}

function problem(field: string, message: string): FieldProblem {
  return { kind: 'problem', field, message };
}

/**
 * Reads what mail servers send as a rule: known fields only, all of them text or numbers within the limits. `undefined` for anything else,
 * wrong or not. Each field is named, so that the engine knows where it is: looking names up at run time takes ten times as long.
 */
function readPlainFields(body: JsonObject, { isLatin1, hasUnicodeEscapes }: RequestContext): Fields | undefined {
  if (isLatin1 || hasUnicodeEscapes) return undefined;
  const plain = new PlainTexts();
  const fields = {
    username: plain.take(body['username'], REQUEST_FIELDS.username.longest),
    password: plain.take(body['password'], REQUEST_FIELDS.password.longest),
    client_ip: plain.take(body['client_ip'], REQUEST_FIELDS.client_ip.longest),
    client_port: plain.take(body['client_port'], REQUEST_FIELDS.client_port.longest),
    client_id: plain.take(body['client_id'], REQUEST_FIELDS.client_id.longest),
    external_session_id: plain.take(body['external_session_id'], REQUEST_FIELDS.external_session_id.longest),
    user_agent: plain.take(body['user_agent'], REQUEST_FIELDS.user_agent.longest),
    local_ip: plain.take(body['local_ip'], REQUEST_FIELDS.local_ip.longest),
    local_port: plain.take(body['local_port'], REQUEST_FIELDS.local_port.longest),
    protocol: plain.take(body['protocol'], REQUEST_FIELDS.protocol.longest),
    service: plain.take(body['service'], REQUEST_FIELDS.service.longest),
    method: plain.take(body['method'], REQUEST_FIELDS.method.longest),
    ssl: plain.take(body['ssl'], REQUEST_FIELDS.ssl.longest),
    ssl_client_verify: plain.take(body['ssl_client_verify'], REQUEST_FIELDS.ssl_client_verify.longest),
    ssl_client_cn: plain.take(body['ssl_client_cn'], REQUEST_FIELDS.ssl_client_cn.longest),
    ssl_protocol: plain.take(body['ssl_protocol'], REQUEST_FIELDS.ssl_protocol.longest),
    ssl_cipher: plain.take(body['ssl_cipher'], REQUEST_FIELDS.ssl_cipher.longest),
    ssl_fingerprint: plain.take(body['ssl_fingerprint'], REQUEST_FIELDS.ssl_fingerprint.longest),
    auth_login_attempt: plain.take(body['auth_login_attempt'], REQUEST_FIELDS.auth_login_attempt.longest),
  };
  return plain.count === Object.keys(body).length ? fields : undefined;
}

class PlainTexts {
  /** How many were there. */
  count = 0;

  take(value: unknown, limit: number): string | undefined {
    const text = typeof value === 'number' ? textOfScalar(value, '') : value;
    if (typeof text !== 'string' || text.length > limit) return undefined;
    this.count += 1;
    return text;
  }
}

function readFields(body: JsonObject, isLatin1: boolean): Fields | FieldProblem {
  const fields: Fields = {};
  for (const key in body) {
    const name = LIMITS.has(key) ? key : key.toLowerCase();
    const limit = LIMITS.get(name);
    if (limit === undefined) continue;
    const value = body[key];
    if (value === null) continue;
    if (name in fields) return problem(name, 'the key stands twice, in different case');
    const text = typeof value === 'string' ? value : textOfScalar(value, name);
    if (text === undefined) return problem(name, 'must be a string');
    if (!text.isWellFormed()) return problem(name, 'must not hold half of a surrogate pair');
    if (text.length > limit) return problem(name, `must not be longer than ${limit} characters`);
    fields[name as RequestField] = isLatin1 && name !== 'password' ? readAsUtf8(text) : text;
  }
  return fields;
}

/** Of numbers only those that are whole and exact are text without doubt. */
function textOfScalar(value: unknown, name: string): string | undefined {
  if (typeof value === 'number')
    return Number.isSafeInteger(value) && !Object.is(value, -0) ? String(value) : undefined;
  if (typeof value === 'boolean' && (name === 'ssl' || name === 'ssl_client_verify')) return String(value);
  return undefined;
}

/** One field of a body can be UTF-8 where another made the whole of it be read as Latin-1. */
function readAsUtf8(text: string): string {
  if (BEYOND_LATIN1.test(text)) return text;
  const bytes = Buffer.from(text, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : text;
}

function checkRequired(fields: Fields, { mode }: RequestContext): FieldProblem | undefined {
  if (fields.username === undefined || fields.username === '')
    return problem('username', 'is required and must not be empty');
  if (mode === 'authenticate' && fields.password === undefined) return problem('password', 'is required');
  return undefined;
}

/** What fields stand for that are more than text. */
interface Meanings extends Pick<Attempt, 'protocol' | 'clientAddress' | 'clientPort' | 'localAddress' | 'localPort'> {
  readonly loginAttempt: number | undefined;
  readonly isSecured: boolean;
}

function readMeanings(fields: Fields): Meanings | FieldProblem {
  const clientAddress = parseOptional(fields.client_ip, parseClientAddress);
  const localAddress = parseOptional(fields.local_ip, parseClientAddress);
  const clientPort = parseOptional(fields.client_port, portOf);
  const localPort = parseOptional(fields.local_port, portOf);
  const protocol = parseProtocol(protocolText(fields));
  const isSecured = securedOf(fields.ssl);
  const loginAttempt = parseOptional(fields.auth_login_attempt, attemptOf);
  if (clientAddress === null) return problem('client_ip', ADDRESS_WANTED);
  if (localAddress === null) return problem('local_ip', ADDRESS_WANTED);
  if (clientPort === null) return problem('client_port', PORT_WANTED);
  if (localPort === null) return problem('local_port', PORT_WANTED);
  if (protocol === undefined) return problem(fields.protocol ? 'protocol' : 'service', PROTOCOL_WANTED);
  if (isSecured === undefined) return problem('ssl', SECURED_WANTED);
  if (loginAttempt === null) return problem('auth_login_attempt', ATTEMPT_WANTED);
  return { protocol, clientAddress, clientPort, localAddress, localPort, loginAttempt, isSecured };
}

const ADDRESS_WANTED = 'must be an IPv4 or IPv6 address';
const PORT_WANTED = 'must be a port number, 0 to 65535';
const PROTOCOL_WANTED = 'must be at most 32 of a-z, 0-9, dot, dash and underscore';
const SECURED_WANTED = 'must be one of 1, on, true, yes, TLS, secured or 0, off, false, no, or be empty';
const ATTEMPT_WANTED = 'must be a whole number from 0 to 999999';

function toAttempt(fields: Fields, meanings: Meanings, context: RequestContext): Attempt {
  const { session, mode, caller, isLatin1 } = context;
  return {
    session,
    mode,
    caller,
    loginName: fields.username ?? '',
    password: mode === 'authenticate' ? secretOf(fields.password ?? '', isLatin1) : undefined,
    protocol: meanings.protocol,
    mechanism: (fields.method ?? '').toLowerCase(),
    clientAddress: meanings.clientAddress,
    clientPort: meanings.clientPort,
    localAddress: meanings.localAddress,
    localPort: meanings.localPort,
    tls: meanings.isSecured ? tlsOf(fields) : undefined,
    externalSession: fields.external_session_id || context.externalSession,
    clientId: fields.client_id || undefined,
    userAgent: fields.user_agent || context.userAgent,
    loginAttempt: meanings.loginAttempt,
  };
}

/** `undefined` where nothing was sent, `null` where what was sent cannot be read. */
function parseOptional<T>(text: string | undefined, parse: (text: string) => T | undefined): T | undefined | null {
  return text ? (parse(text) ?? null) : undefined;
}

function secretOf(password: string, isLatin1: boolean): Secret {
  return isLatin1 ? Secret.fromLatin1(password) : Secret.fromText(password);
}

/** `protocol` names it; callers that follow an older form of the interface send `service`. */
function protocolText(fields: Fields): string {
  return fields.protocol || fields.service || '';
}

function portOf(text: string): number | undefined {
  if (!/^\d{1,5}$/.test(text)) return undefined;
  const port = Number(text);
  return port <= 65535 ? port : undefined;
}

function attemptOf(text: string): number | undefined {
  return /^\d{1,6}$/.test(text) ? Number(text) : undefined;
}

const SECURED: ReadonlySet<string> = new Set(['1', 'on', 'true', 'yes', 'tls', 'ssl', 'secured']);
const UNSECURED: ReadonlySet<string> = new Set(['', '0', 'off', 'false', 'no']);

function securedOf(ssl: string | undefined): boolean | undefined {
  if (ssl === undefined) return false;
  const word = ssl.toLowerCase();
  if (SECURED.has(word)) return true;
  return UNSECURED.has(word) ? false : undefined;
}

function tlsOf(fields: Fields): ClientTls {
  return {
    protocol: fields.ssl_protocol || undefined,
    cipher: fields.ssl_cipher || undefined,
    clientVerify: fields.ssl_client_verify || undefined,
    clientCommonName: fields.ssl_client_cn || undefined,
    clientSubject: fields.ssl_client_dn || fields.ssl_client_subject_dn || undefined,
    clientIssuer: fields.ssl_issuer || fields.ssl_client_issuer_dn || undefined,
    clientSerial: fields.ssl_serial || undefined,
    fingerprint: fields.ssl_fingerprint || undefined,
  };
}
