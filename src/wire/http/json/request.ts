/**
 * The body of a question, shared by the structured doors: known fields with their types and limits, turned into an attempt.
 * Unknown fields are ignored, `null` counts as not sent, numbers are taken where text is meant, keys in any case.
 *
 * @module
 */
import type { Attempt, ClientTls, Mode } from '../../../login/attempt.ts';
import { parseClientAddress } from '../../../login/client-address.ts';
import { parseProtocol } from '../../../login/protocol.ts';
import { Secret } from '../../../login/secret.ts';
import type { JsonObject } from './json-object.ts';

/** Longest text of each known field in UTF-16 units. What a mail user can type is decided later and may be longer here. */
const FIELD_LIMITS = {
  username: 8192,
  password: 8192,
  client_ip: 64,
  client_port: 16,
  client_hostname: 512,
  client_id: 1024,
  external_session_id: 256,
  user_agent: 512,
  local_ip: 64,
  local_port: 16,
  protocol: 64,
  service: 64,
  method: 64,
  ssl: 64,
  ssl_session_id: 256,
  ssl_client_verify: 128,
  ssl_client_dn: 2048,
  ssl_client_cn: 512,
  ssl_issuer: 2048,
  ssl_client_notbefore: 64,
  ssl_client_notafter: 64,
  ssl_subject_dn: 2048,
  ssl_issuer_dn: 2048,
  ssl_client_subject_dn: 2048,
  ssl_client_issuer_dn: 2048,
  ssl_protocol: 64,
  ssl_cipher: 128,
  ssl_serial: 256,
  ssl_fingerprint: 256,
  oidc_cid: 256,
  auth_login_attempt: 16,
} as const satisfies Record<string, number>;

type Field = keyof typeof FIELD_LIMITS;
type Fields = { [name in Field]?: string };

const LIMITS: ReadonlyMap<string, number> = new Map(Object.entries(FIELD_LIMITS));

/** What the request holds beside its body. */
export interface RequestContext {
  readonly session: string;
  readonly mode: Mode;
  readonly caller: string;
  /** Value of `X-Dovecot-Session` or `X-External-Session-ID`. */
  readonly externalSession: string | undefined;
  readonly userAgent: string | undefined;
  readonly isLatin1: boolean;
}

export interface FieldProblem {
  readonly kind: 'problem';
  readonly field: string;
  readonly message: string;
}

/** Turns a body into an attempt, or says which field is wrong and what is allowed. */
export function parseAttempt(body: JsonObject, context: RequestContext): Attempt | FieldProblem {
  const fields = readFields(body);
  if (isProblem(fields)) return fields;
  return checkRequired(fields, context) ?? checkMeaning(fields) ?? toAttempt(fields, context);
}

export function isProblem(value: object): value is FieldProblem {
  return 'kind' in value && value.kind === 'problem';
}

function problem(field: string, message: string): FieldProblem {
  return { kind: 'problem', field, message };
}

function readFields(body: JsonObject): Fields | FieldProblem {
  const fields: Fields = {};
  for (const key in body) {
    const name = LIMITS.has(key) ? key : key.toLowerCase();
    const limit = LIMITS.get(name);
    if (limit === undefined) continue;
    const value = body[key];
    if (value === null || value === undefined) continue;
    if (name in fields) return problem(name, 'the key stands twice, in different case');
    const text = typeof value === 'string' ? value : textOfScalar(value, name);
    if (text === undefined) return problem(name, 'must be a string');
    if (text.length > limit) return problem(name, `must not be longer than ${limit} characters`);
    fields[name as Field] = text;
  }
  return fields;
}

function textOfScalar(value: unknown, name: string): string | undefined {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'boolean' && (name === 'ssl' || name === 'ssl_client_verify')) return String(value);
  return undefined;
}

function checkRequired(fields: Fields, { mode }: RequestContext): FieldProblem | undefined {
  if (fields.username === undefined || fields.username === '')
    return problem('username', 'is required and must not be empty');
  if (mode === 'authenticate' && fields.password === undefined) return problem('password', 'is required');
  return undefined;
}

function checkMeaning(fields: Fields): FieldProblem | undefined {
  for (const name of ['client_ip', 'local_ip'] as const) {
    const text = fields[name];
    if (text && parseClientAddress(text) === undefined) return problem(name, 'must be an IPv4 or IPv6 address');
  }
  for (const name of ['client_port', 'local_port'] as const) {
    const text = fields[name];
    if (text && portOf(text) === undefined) return problem(name, 'must be a port number, 0 to 65535');
  }
  if (parseProtocol(protocolText(fields)) === undefined) {
    return problem(
      fields.protocol ? 'protocol' : 'service',
      'must be at most 32 of a-z, 0-9, dot, dash and underscore',
    );
  }
  if (isSecured(fields.ssl) === undefined) {
    return problem('ssl', 'must be one of 1, on, true, yes, TLS, secured or 0, off, false, no, or be empty');
  }
  if (fields.auth_login_attempt && attemptOf(fields.auth_login_attempt) === undefined) {
    return problem('auth_login_attempt', 'must be a whole number from 0 to 999999');
  }
  return undefined;
}

function toAttempt(fields: Fields, context: RequestContext): Attempt {
  return {
    session: context.session,
    mode: context.mode,
    caller: context.caller,
    loginName: fields.username ?? '',
    password: context.mode === 'authenticate' ? secretOf(fields.password ?? '', context.isLatin1) : undefined,
    protocol: parseProtocol(protocolText(fields)) ?? unreachable(),
    mechanism: (fields.method ?? '').toLowerCase(),
    clientAddress: parseOptional(fields.client_ip, parseClientAddress),
    clientPort: parseOptional(fields.client_port, portOf),
    localAddress: parseOptional(fields.local_ip, parseClientAddress),
    localPort: parseOptional(fields.local_port, portOf),
    tls: isSecured(fields.ssl) === true ? tlsOf(fields) : undefined,
    externalSession: fields.external_session_id || context.externalSession,
    clientId: fields.client_id || undefined,
    userAgent: fields.user_agent || context.userAgent,
    loginAttempt: parseOptional(fields.auth_login_attempt, attemptOf),
  };
}

function parseOptional<T>(text: string | undefined, parse: (text: string) => T | undefined): T | undefined {
  return text ? parse(text) : undefined;
}

function unreachable(): never {
  throw new Error('the protocol was checked before');
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

function isSecured(ssl: string | undefined): boolean | undefined {
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
    fingerprint: fields.ssl_fingerprint || undefined,
  };
}
