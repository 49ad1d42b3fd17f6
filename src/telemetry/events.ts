/**
 * What happens, told once: each business event becomes its log line and its metrics here and nowhere else. Counters get few
 * labels, detail goes into the log record, and no record ever holds a password.
 *
 * @module
 */
import { createHmac, randomBytes } from 'node:crypto';
import type { Attempt } from '../login/attempt.ts';
import { protocolLabel } from '../login/protocol.ts';
import type { Decision, Verdict } from '../login/verdict.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';

/** How log lines show login and account names. */
export type NameStyle = 'plain' | 'hashed';

export interface RejectedCaller {
  readonly session: string;
  readonly reason: string;
  readonly name?: string | undefined;
  readonly address: string;
}

export interface RejectedRequest {
  readonly session: string;
  readonly door: string;
  readonly status: number;
  readonly error: string;
  readonly caller?: string | undefined;
  readonly address?: string | undefined;
}

/** Longest part of what a client typed as its name that a log line shows. */
const LOGGED_NAME = 256;

const MESSAGES = {
  authenticate: { accept: 'login accepted', refuse: 'login refused', defer: 'login deferred' },
  'look-up': { accept: 'account found', refuse: 'account not found', defer: 'look-up deferred' },
} as const;

export class Events {
  readonly #log: Log;
  readonly #metrics: Metrics;
  readonly #showName: (name: string) => string;

  constructor(log: Log, metrics: Metrics, names: NameStyle) {
    this.#log = log;
    this.#metrics = metrics;
    this.#showName = names === 'plain' ? (name) => name : hashedNames();
  }

  /** A verdict was reached: one line and one count for each decision. */
  decided(attempt: Attempt, decision: Decision): void {
    const { verdict } = decision;
    const reason = reasonOf(verdict);
    this.#metrics.countDecision(
      { mode: attempt.mode, outcome: verdict.kind, reason, protocol: protocolLabel(attempt.protocol) },
      decision.ms / 1000,
    );
    const message = MESSAGES[attempt.mode][verdict.kind];
    if (verdict.kind === 'defer') this.#log.warn(this.#decisionRecord(attempt, decision, reason), message);
    else if (this.#log.isLevelEnabled('info')) this.#log.info(this.#decisionRecord(attempt, decision, reason), message);
  }

  #decisionRecord(attempt: Attempt, decision: Decision, reason: string): object {
    const { verdict } = decision;
    return {
      session: attempt.session,
      caller: attempt.caller,
      mode: attempt.mode,
      protocol: attempt.protocol,
      mechanism: attempt.mechanism,
      login_name: this.#showName(attempt.loginName.slice(0, LOGGED_NAME)),
      account: verdict.kind === 'accept' ? this.#showName(verdict.account.name) : undefined,
      client_ip: attempt.clientAddress,
      client_port: attempt.clientPort,
      local_ip: attempt.localAddress,
      local_port: attempt.localPort,
      tls: attempt.tls === undefined ? false : (attempt.tls.protocol ?? true),
      tls_cipher: attempt.tls?.cipher,
      external_session: attempt.externalSession,
      client_id: attempt.clientId,
      user_agent: attempt.userAgent,
      login_attempt: attempt.loginAttempt,
      outcome: verdict.kind,
      reason,
      backend: verdict.kind === 'accept' ? verdict.account.backend : verdict.backend,
      detail: verdict.kind === 'defer' ? verdict.detail : undefined,
      ms: rounded(decision.ms),
      steps: stepTimes(decision),
    };
  }

  /** The account list was asked for; `accounts` counts what was sent, `error` says why it was not sent whole. */
  listed(list: { session: string; caller: string; accounts: number; ms: number; error?: string }): void {
    const record = { ...list, mode: 'list-accounts', ms: rounded(list.ms) };
    if (list.error === undefined) this.#log.info(record, 'accounts listed');
    else this.#log.warn(record, 'account list deferred');
  }

  callerRejected(rejected: RejectedCaller): void {
    this.#metrics.countCallerRejection(rejected.reason);
    this.#log.warn(
      {
        session: rejected.session,
        reason: rejected.reason,
        caller: rejected.name?.slice(0, 64),
        caller_ip: rejected.address,
      },
      'caller rejected',
    );
  }

  /** A request got no decision: malformed, unknown path, too large … */
  requestRejected(rejected: RejectedRequest): void {
    this.#log.info(
      {
        session: rejected.session,
        door: rejected.door,
        status: rejected.status,
        error: rejected.error,
        caller: rejected.caller,
        caller_ip: rejected.address,
      },
      'request rejected',
    );
  }

  /** A bug: the request it struck was answered as a temporary failure. */
  requestFailed(session: string, cause: unknown): void {
    this.#log.error({ session, err: cause instanceof Error ? cause.stack : String(cause) }, 'request failed');
  }

  answered(door: string, status: number): void {
    this.#metrics.countAnswer(door, status);
  }

  /** An account's attributes are larger than Dovecot's auth worker is known to take. */
  attributesTooLarge(session: string, account: string, bytes: number, limit: number): void {
    this.#log.warn(
      { session, account: this.#showName(account), bytes, limit },
      'attributes of the account are larger than the limit; Dovecot may drop them with its worker',
    );
  }

  /** A file that is watched was read again. */
  reloaded(what: string, record: object): void {
    this.#metrics.countReload(what, 'taken');
    this.#log.info({ what, ...record }, 'reloaded');
  }

  /** A file that is watched has changed but cannot be taken; what was there before stays in force. */
  reloadRefused(what: string, record: object): void {
    this.#metrics.countReload(what, 'refused');
    this.#log.error({ what, ...record }, 'change refused; the last good state stays in force');
  }
}

function reasonOf(verdict: Verdict): string {
  switch (verdict.kind) {
    case 'accept':
      return 'ok';
    case 'refuse':
      return verdict.reason;
    case 'defer':
      return verdict.cause;
  }
}

function stepTimes({ trail }: Decision): Record<string, number> {
  const times: Record<string, number> = {};
  for (const { step, ms } of trail) times[step] = rounded(ms);
  return times;
}

function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

/** Names as keyed hashes: the same name reads the same in one run of the service, and tells nothing outside it. */
function hashedNames(): (name: string) => string {
  const key = randomBytes(32);
  return (name) => createHmac('sha256', key).update(name).digest('base64url').slice(0, 12);
}
