/**
 * The log line of a decision, put together by hand: it is written for every login, and a general serialiser costs more than
 * the decision itself. Which fields a line has is documented in docs/guides/logs.md.
 *
 * @module
 */
import type { Attempt } from '../login/attempt.ts';
import type { Decision, Verdict } from '../login/verdict.ts';
import { isoTime } from './log.ts';

/** Longest part of what a client typed as its name that a line shows. */
const LOGGED_NAME = 256;
/** Longest text that tells why an attempt was deferred. */
const LOGGED_DETAIL = 4096;
// What JSON wants escaped (RFC 8259 7), surrogates, which may be alone, and what a terminal may take as an order.
const NEEDS_ESCAPE = /["\\\u0000-\u001f\u007f-\u009f\ud800-\udfff]/;
const TERMINAL_CONTROLS = /[\u007f-\u009f]/g;

const MESSAGES = {
  authenticate: { accept: 'login accepted', refuse: 'login refused', defer: 'login deferred' },
  'look-up': { accept: 'account found', refuse: 'account not found', defer: 'look-up deferred' },
} as const;

export interface DecisionLineParts {
  readonly attempt: Attempt;
  readonly decision: Decision;
  /** `ok`, or the reason or cause of the verdict. */
  readonly reason: string;
  /** Shows a login or account name the way the log is set to. */
  readonly showName: (name: string) => string;
}

/** How much a verdict matters: what is accepted or refused is the day's work, what is deferred is not, a bug even less. */
export function levelOf(verdict: Verdict): 'info' | 'warn' | 'error' {
  if (verdict.kind !== 'defer') return 'info';
  return verdict.cause === 'internal-error' ? 'error' : 'warn';
}

/** Renders the line, with its line feed. */
export function renderDecisionLine({ attempt, decision, reason, showName }: DecisionLineParts): string {
  const { verdict } = decision;
  let line = `{"level":"${levelOf(verdict)}","time":"${isoTime()}","session":"${attempt.session}","caller":${quote(attempt.caller)}`;
  line += `,"mode":"${attempt.mode}","protocol":"${attempt.protocol}","mechanism":${quote(attempt.mechanism)}`;
  line += `,"login_name":${quote(showName(attempt.loginName.slice(0, LOGGED_NAME)))}`;
  const account = accountOf(verdict);
  if (account !== undefined) line += `,"account":${quote(showName(account))}`;
  if (verdict.kind !== 'defer' && verdict.master !== undefined) line += `,"master":${quote(showName(verdict.master))}`;
  line += connectionFields(attempt);
  line += `,"outcome":"${verdict.kind}","reason":"${reason}"`;
  line += optional('backend', verdict.kind === 'accept' ? verdict.account.backend : verdict.backend);
  if (verdict.kind === 'accept' && verdict.source !== undefined) line += `,"source":"${verdict.source}"`;
  if (verdict.kind === 'defer') line += `,"detail":${quote(verdict.detail.slice(0, LOGGED_DETAIL))}`;
  if (verdict.kind === 'refuse') line += optionalNumber('wait_seconds', verdict.waitSeconds);
  line += ruleFindings(decision);
  line += `,"ms":${rounded(decision.ms)},"steps":${stepTimes(decision)}`;
  return `${line},"msg":"${MESSAGES[attempt.mode][verdict.kind]}"}\n`;
}

function accountOf(verdict: Verdict): string | undefined {
  switch (verdict.kind) {
    case 'accept':
      return verdict.account.name;
    case 'refuse':
      return verdict.account;
    case 'defer':
      return undefined;
  }
}

function connectionFields(attempt: Attempt): string {
  const { tls } = attempt;
  // Addresses are in canonical form and hold nothing that needs an escape.
  let fields = attempt.clientAddress === undefined ? '' : `,"client_ip":"${attempt.clientAddress}"`;
  fields += optionalNumber('client_port', attempt.clientPort);
  if (attempt.localAddress !== undefined) fields += `,"local_ip":"${attempt.localAddress}"`;
  fields += optionalNumber('local_port', attempt.localPort);
  fields += `,"tls":${tls === undefined ? 'false' : tls.protocol === undefined ? 'true' : quote(tls.protocol)}`;
  fields += optional('tls_cipher', tls?.cipher);
  fields += optional('tls_client_verify', tls?.clientVerify);
  fields += optional('tls_client_cn', tls?.clientCommonName);
  fields += optional('external_session', attempt.externalSession);
  fields += optional('client_id', attempt.clientId);
  fields += optional('user_agent', attempt.userAgent);
  return fields + optionalNumber('login_attempt', attempt.loginAttempt);
}

function optional(name: string, value: string | undefined): string {
  return value === undefined ? '' : `,"${name}":${quote(value)}`;
}

function optionalNumber(name: string, value: number | undefined): string {
  return value === undefined ? '' : `,"${name}":${value}`;
}

function quote(text: string): string {
  if (!NEEDS_ESCAPE.test(text)) return `"${text}"`;
  return JSON.stringify(text).replace(TERMINAL_CONTROLS, (control) => `\\u00${control.charCodeAt(0).toString(16)}`);
}

/** The first rule as fields of their own, which simple readers of the log can match; all of them where there are more. */
function ruleFindings({ trail }: Decision): string {
  if (trail.every(({ rules }) => rules === undefined)) return '';
  const findings = trail.flatMap(({ rules }) => rules ?? []);
  const [first] = findings;
  if (first === undefined) return '';
  let fields = optional('rule', first.rule) + optional('rule_effect', first.effect);
  fields += optional('rule_network', first.network);
  fields += optionalNumber('rule_count', first.count) + optionalNumber('rule_limit', first.limit);
  fields += optional('rule_detail', first.detail) + optional('rule_until', isoOf(first.untilMs));
  if (findings.length === 1) return fields;
  const all = findings.map(({ untilMs, ...finding }) => ({ ...finding, until: isoOf(untilMs) }));
  return `${fields},"rules":${JSON.stringify(all)}`;
}

function isoOf(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString();
}

function stepTimes({ trail }: Decision): string {
  let times = '{';
  for (const { step, ms } of trail) times += `${times === '{' ? '' : ','}"${step}":${rounded(ms)}`;
  return `${times}}`;
}

/** Times below a millisecond as they are written: making the digits of a fraction takes longer than most steps. */
const BELOW_MS: readonly string[] = Array.from({ length: 1000 }, (_, us) => String(us / 1000));

/** Milliseconds to the microsecond. */
function rounded(ms: number): string {
  const us = Math.round(ms * 1000);
  return BELOW_MS[us] ?? String(us / 1000);
}
