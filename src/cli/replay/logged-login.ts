import type { VerifyResult } from '../../backends/backend.ts';
import type { Account } from '../../login/account.ts';
import { type AccountName, parseAccountName } from '../../login/account-name.ts';
import { type ClientAddress, parseClientAddress } from '../../login/client-address.ts';
import { type Protocol, parseProtocol } from '../../login/protocol.ts';

/** What the log says of a password: `unlooked` where no backend was asked, or none could answer. */
export type LoggedPassword = 'right' | 'wrong' | 'unlooked' | 'empty' | 'unusable';

/** A login as the log tells of it. */
export interface LoggedLogin {
  readonly kind: 'login';
  readonly atMs: number;
  readonly session: string;
  readonly caller: string;
  readonly protocol: Protocol;
  readonly mechanism: string;
  readonly loginName: string;
  /** Whose it is as far as the log says. */
  readonly account: AccountName | undefined;
  readonly address: ClientAddress | undefined;
  readonly isTls: boolean;
  readonly password: LoggedPassword;
  readonly wasAccepted: boolean;
  /** A rule kept it out then. */
  readonly wasKeptOut: boolean;
  /** It was let in by what was remembered of an earlier one. */
  readonly wasRemembered: boolean;
  /** What a backend said, or says when it is asked now. */
  readonly answer: VerifyResult;
}

export type ReadLine = LoggedLogin | { readonly kind: 'other' } | { readonly kind: 'broken'; readonly problem: string };

type Fields = Readonly<Record<string, unknown>>;

const OTHER: ReadLine = { kind: 'other' };
const RULES_SAY: ReadonlySet<string> = new Set(['blocked', 'tls-required', 'foreign-domain']);
const POLICIES = ['account-locked', 'password-expired', 'password-must-change'] as const;
const REMEMBERED: ReadonlySet<unknown> = new Set(['memory', 'shared']);

/** Reads a line of the decision log. What is no login is `other`, what is no line of such a log `broken`. */
export function parseLoggedLogin(text: string): ReadLine {
  const fields = parseObject(text);
  if (fields === undefined) return broken('is not a JSON object');
  if (fields['mode'] !== 'authenticate') return typeof fields['msg'] === 'string' ? OTHER : broken('has no msg');
  const { outcome, reason } = fields;
  if (outcome !== 'accept' && outcome !== 'refuse' && outcome !== 'defer') return broken('has no outcome');
  if (typeof reason !== 'string') return broken('has no reason');
  return parseLogin(fields, outcome, reason);
}

function parseLogin(fields: Fields, outcome: 'accept' | 'refuse' | 'defer', reason: string): ReadLine {
  const atMs = Date.parse(textOf(fields, 'time'));
  if (Number.isNaN(atMs)) return broken('has no time');
  const loginName = fields['login_name'];
  if (typeof loginName !== 'string') return broken('has no login_name');
  const protocol = parseProtocol(textOf(fields, 'protocol'));
  if (protocol === undefined) return broken('has an unknown protocol');
  const address = parseClientAddress(textOf(fields, 'client_ip'));
  if (address === undefined && fields['client_ip'] !== undefined) return broken('has no address as client_ip');
  const account = parseAccountName(textOf(fields, 'account'));
  if (account === undefined && outcome === 'accept') return broken('is accepted and has no account');
  return {
    kind: 'login',
    atMs,
    session: textOf(fields, 'session'),
    caller: textOf(fields, 'caller'),
    protocol,
    mechanism: textOf(fields, 'mechanism'),
    loginName,
    account,
    address,
    isTls: fields['tls'] !== undefined && fields['tls'] !== false,
    password: passwordOf(outcome, reason),
    wasAccepted: outcome === 'accept',
    wasKeptOut: outcome === 'refuse' && RULES_SAY.has(reason),
    wasRemembered: REMEMBERED.has(fields['source']),
    answer: answerOf(fields, account ?? parseAccountName(loginName), outcome === 'accept' ? 'ok' : reason),
  };
}

function passwordOf(outcome: 'accept' | 'refuse' | 'defer', reason: string): LoggedPassword {
  if (outcome === 'accept') return 'right';
  if (outcome === 'defer') return 'unlooked';
  switch (reason) {
    case 'account-disabled':
    case 'password-expired':
    case 'password-must-change':
      return 'right';
    case 'empty-password':
      return 'empty';
    case 'unusable-password':
      return 'unusable';
    case 'wrong-password':
    case 'unknown-user':
      return 'wrong';
    default:
      return 'unlooked';
  }
}

/** What was not looked at is taken for a wrong password of the account that the name says. */
function answerOf(fields: Fields, name: AccountName | undefined, reason: string): VerifyResult {
  if (fields['outcome'] === 'defer') return { kind: 'unavailable', overloaded: false, detail: 'as in the log' };
  if (reason === 'unknown-user' || name === undefined) return { kind: 'unknown-user' };
  const account = accountOf(name, reason === 'account-disabled');
  const master = parseAccountName(textOf(fields, 'master'));
  const whose = master === undefined ? { account } : { account, master };
  if (reason === 'ok' || reason === 'account-disabled') return { kind: 'verified', ...whose };
  const policy = POLICIES.find((one) => one === reason);
  return policy === undefined ? { kind: 'wrong-password', ...whose } : { kind: 'refused', reason: policy, ...whose };
}

function accountOf(name: AccountName, isDisabled: boolean): Account {
  return { name, backend: 'log', accountField: 'user', attributes: {}, isDisabled };
}

function parseObject(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
  } catch {
    return undefined;
  }
}

function textOf(fields: Fields, name: string): string {
  const value = fields[name];
  return typeof value === 'string' ? value : '';
}

function broken(problem: string): ReadLine {
  return { kind: 'broken', problem };
}
