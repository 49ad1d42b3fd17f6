/**
 * The log line of a decision, put together by hand: it is written for every login, and a general serialiser costs more than
 * the decision itself. Which fields a line has is documented in docs/guides/logs.md.
 *
 * @module
 */
import type { Attempt, ClientTls } from '../login/attempt.ts';
import type { Decision, Verdict } from '../login/verdict.ts';
import { isoTime } from './log.ts';
import type { RequestTrace } from './request-traces.ts';

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
  /** What the request said of the larger whole that it is part of. */
  readonly trace?: RequestTrace | undefined;
}

/** How much a verdict matters: what is accepted or refused is the day's work, what is deferred is not, a bug even less. */
export function levelOf(verdict: Verdict): 'info' | 'warn' | 'error' {
  if (verdict.kind !== 'defer') return 'info';
  return verdict.cause === 'internal-error' ? 'error' : 'warn';
}

/** Renders the line, with its line feed. */
export function renderDecisionLine({ attempt, decision, reason, showName, trace }: DecisionLineParts): string {
  const { verdict } = decision;
  let line = `{"level":"${levelOf(verdict)}","time":"${isoTime()}","session":"${attempt.session}"`;
  if (trace !== undefined) line += optional('trace_id', trace.traceId) + optional('request_id', trace.requestId);
  line += askedFields(attempt);
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
  line += `,"ms":${rounded(decision.ms)}`;
  line += stepTimes(decision);
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

type Asked = Pick<Attempt, 'caller' | 'mode' | 'protocol' | 'mechanism'>;

// The same few follow each other: what was made of the latest is used again.
let latestAsked: (Asked & { readonly text: string }) | undefined;

/** Who asks what. */
function askedFields({ caller, mode, protocol, mechanism }: Asked): string {
  const latest = latestAsked;
  if (
    latest?.caller === caller &&
    latest.mode === mode &&
    latest.protocol === protocol &&
    latest.mechanism === mechanism
  )
    return latest.text;
  const text = `,"caller":${quote(caller)},"mode":"${mode}","protocol":"${protocol}","mechanism":${quote(mechanism)}`;
  latestAsked = { caller, mode, protocol, mechanism, text };
  return text;
}

function connectionFields(attempt: Attempt): string {
  const { tls } = attempt;
  // Addresses are in canonical form and hold nothing that needs an escape.
  let fields = attempt.clientAddress === undefined ? '' : `,"client_ip":"${attempt.clientAddress}"`;
  fields += optionalNumber('client_port', attempt.clientPort);
  if (attempt.localAddress !== undefined) fields += `,"local_ip":"${attempt.localAddress}"`;
  fields += optionalNumber('local_port', attempt.localPort);
  fields +=
    tls === undefined ? ',"tls":false' : tls.protocol === undefined ? ',"tls":true' : `,"tls":${quote(tls.protocol)}`;
  fields += optional('tls_cipher', tls?.cipher);
  fields += optional('tls_client_verify', tls?.clientVerify);
  fields += optional('tls_client_cn', tls?.clientCommonName);
  if (tls?.clientVerify !== undefined) fields += certificateFields(tls);
  fields += optional('external_session', attempt.externalSession);
  fields += optional('client_id', attempt.clientId);
  fields += optional('user_agent', attempt.userAgent);
  return fields + optionalNumber('login_attempt', attempt.loginAttempt);
}

/** Which certificate was shown; names may be long. */
function certificateFields({ clientSubject, clientIssuer, clientSerial, fingerprint }: ClientTls): string {
  let fields = optional('tls_client_subject', clientSubject?.slice(0, LOGGED_NAME));
  fields += optional('tls_client_issuer', clientIssuer?.slice(0, LOGGED_NAME));
  fields += optional('tls_client_serial', clientSerial);
  return fields + optional('tls_client_fingerprint', fingerprint);
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
  let times = ',"steps":{';
  for (const [i, { step, ms }] of trail.entries())
    times += i === 0 ? FIRST_STEPS.of(step, ms) : LATER_STEPS.of(step, ms);
  return `${times}}`;
}

/** Steps with their times, kept as they are written: there are few steps, and most take a few microseconds. */
class StepTexts {
  readonly #before: string;
  readonly #texts = new Map<string, string[]>();

  constructor(before: string) {
    this.#before = before;
  }

  of(step: string, ms: number): string {
    const us = Math.round(ms * 1000);
    if (!(us < BELOW_MS.length)) return `${this.#before}"${step}":${us / 1000}`;
    let texts = this.#texts.get(step);
    if (texts === undefined) {
      texts = [];
      this.#texts.set(step, texts);
    }
    return (texts[us] ??= `${this.#before}"${step}":${us / 1000}`);
  }
}

/** Times below a millisecond as they are written: making the digits of a fraction takes longer than most steps. */
const BELOW_MS: readonly string[] = Array.from({ length: 1000 }, (_, us) => String(us / 1000));

/** Milliseconds to the microsecond. */
function rounded(ms: number): string {
  const us = Math.round(ms * 1000);
  return BELOW_MS[us] ?? String(us / 1000);
}

const FIRST_STEPS = new StepTexts('');
const LATER_STEPS = new StepTexts(',');
