/**
 * The body of `allow` and `report`: what weakforced calls a login tuple, with the fields that Dovecot can send beside it. Unknown
 * fields are ignored, `null` counts as not sent.
 *
 * @module
 */
import type { PolicyLogin } from '../../../decision/policy/policy.ts';
import type { ReportedOutcome } from '../../../decision/policy/report-taker.ts';
import type { Attempt } from '../../../login/attempt.ts';
import { parseClientAddress } from '../../../login/client-address.ts';
import { parseProtocol } from '../../../login/protocol.ts';
import type { JsonObject } from '../json/json-object.ts';
import { type FieldProblem, isProblem } from '../json/request.ts';

/** Longest text of each field in UTF-16 units. */
export const FIELD_LIMITS = {
  login: 8192,
  remote: 64,
  pwhash: 256,
  protocol: 64,
  device_id: 4096,
  session_id: 256,
  mechanism: 64,
  fail_type: 64,
} as const satisfies Record<string, number>;

const FLAGS = ['tls', 'success', 'policy_reject'] as const;

type Texts = { readonly [name in keyof typeof FIELD_LIMITS]: string | undefined };
type Flags = { readonly [name in (typeof FLAGS)[number]]: boolean | undefined };

/** What the request holds beside its body. */
export interface TupleContext {
  readonly session: string;
  readonly caller: string;
  readonly userAgent: string | undefined;
}

export interface Tuple extends PolicyLogin {
  /** For a report. */
  readonly outcome: ReportedOutcome;
}

const SHOWN_DEVICE = 256;
/** By others the password is not sent, and the hash that Dovecot makes then is the same for all of them. */
const HASHABLE: ReadonlySet<string> = new Set(['', 'plain', 'login', 'xoauth2', 'oauthbearer']);

/** Turns a body into a login, or says which field is wrong and what is allowed. */
export function parseTuple(body: JsonObject, context: TupleContext): Tuple | FieldProblem {
  const texts = readTexts(body);
  if (isProblem(texts)) return texts;
  const flags = readFlags(body);
  if (isProblem(flags)) return flags;
  const attempt = attemptOf(texts, flags, context);
  if ('kind' in attempt) return attempt;
  const { pwhash = '', fail_type: failType } = texts;
  return {
    attempt,
    passwordHash: pwhash !== '' && HASHABLE.has(attempt.mechanism) ? pwhash : undefined,
    outcome: outcomeOf(flags, failType, attempt.mechanism),
  };
}

function attemptOf(texts: Texts, { tls }: Flags, context: TupleContext): Attempt | FieldProblem {
  const { login, remote = '', mechanism = '', session_id: externalSession, device_id: deviceId } = texts;
  if (login === undefined) return problem('login', 'is required');
  const clientAddress = parseClientAddress(remote);
  if (clientAddress === undefined && remote !== '') return problem('remote', 'must be an IPv4 or IPv6 address');
  const protocol = parseProtocol(texts.protocol ?? '');
  if (protocol === undefined) return problem('protocol', 'must be a word of at most 32 letters, digits and . _ -');
  return {
    ...context,
    mode: 'authenticate',
    loginName: login,
    protocol,
    mechanism: mechanism.toLowerCase(),
    clientAddress,
    tls: tls === true ? {} : undefined,
    externalSession: externalSession || undefined,
    clientId: deviceId?.slice(0, SHOWN_DEVICE) || undefined,
  };
}

/** What Dovecot 2.4 and later say of a failed login; `policy` is what was refused here, and `internal` an outage there. */
const FAILURES: ReadonlyMap<string, ReportedOutcome> = new Map([
  ['credentials', 'wrong-password'],
  ['account', 'unknown-user'],
  ['disabled', 'account-disabled'],
  ['expired', 'password-expired'],
]);

function outcomeOf(
  { success, policy_reject: isRejected }: Flags,
  failType: string | undefined,
  mechanism: string,
): ReportedOutcome {
  if (success === undefined || isRejected === true) return 'undecided';
  if (success) return 'right';
  // Dovecot 2.3 and others do not say why.
  if (failType === undefined) return 'wrong-or-unknown';
  // The passdb had what the mechanism needs: it has found by itself that it does not fit, or else that is unknown.
  if (failType === '' && (mechanism === '' || !HASHABLE.has(mechanism))) return 'wrong-or-unknown';
  return FAILURES.get(failType) ?? 'undecided';
}

function readTexts(body: JsonObject): Texts | FieldProblem {
  const texts: Partial<Record<keyof typeof FIELD_LIMITS, string>> = {};
  for (const [name, limit] of Object.entries(FIELD_LIMITS) as [keyof typeof FIELD_LIMITS, number][]) {
    const value = body[name] ?? undefined;
    if (value === undefined) continue;
    if (typeof value !== 'string') return problem(name, 'must be text');
    if (value.length > limit) return problem(name, `must not be longer than ${limit} characters`);
    texts[name] = value;
  }
  return texts as Texts;
}

/** Clients of weakforced write truth as text, too. */
function readFlags(body: JsonObject): Flags | FieldProblem {
  const flags: Partial<Record<(typeof FLAGS)[number], boolean>> = {};
  for (const name of FLAGS) {
    const value = body[name] ?? undefined;
    if (value === undefined) continue;
    if (value === true || value === 'true') flags[name] = true;
    else if (value === false || value === 'false') flags[name] = false;
    else return problem(name, 'must be true or false');
  }
  return flags as Flags;
}

function problem(field: string, message: string): FieldProblem {
  return { kind: 'problem', field, message };
}
