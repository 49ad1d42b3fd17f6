/**
 * What happens, told once: each business event becomes its log line and its metrics here and nowhere else. Counters get few
 * labels, detail goes into the log record, and no record ever holds a password.
 *
 * @module
 */
import { createHmac, randomBytes } from 'node:crypto';
import type { Attempt } from '../login/attempt.ts';
import { protocolLabel } from '../login/protocol.ts';
import type { Decision, RuleFinding, Verdict } from '../login/verdict.ts';
import { levelOf, renderDecisionLine } from './decision-line.ts';
import { KeptLines } from './kept-lines.ts';
import type { Log, OpenLog } from './log.ts';
import type { Metrics } from './metrics.ts';

import { type NoticeSink, noticeOfFinding } from './notices/notice.ts';

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

export interface ForgottenGuesses {
  readonly session: string;
  readonly caller: string;
  readonly account?: string | undefined;
  readonly network?: string | undefined;
  readonly rule?: string | undefined;
  /** Blocks that were ended. */
  readonly blocks: number;
  /** Owners, counters and members that are counted no more. */
  readonly counted: number;
  readonly problem?: string | undefined;
}

export interface OrderedBlock {
  readonly session: string;
  readonly caller: string;
  readonly key: string;
  readonly reason: string;
  readonly untilMs: number;
  readonly problem?: string | undefined;
}

const OF_ACCOUNT = 'account:';
const SHOWN_BLOCKS = 20;

export class Events {
  /** The latest lines of decisions. */
  readonly kept = new KeptLines();
  readonly #log: Log;
  readonly #writeLine: (line: string) => void;
  readonly #metrics: Metrics;
  readonly #nameKey: Buffer;
  #showName: (name: string) => string;
  #notices: NoticeSink | undefined;

  /** @param nameKey for hashed names: who has the same key shows the same name in the same way */
  constructor(
    { log, writeLine }: Pick<OpenLog, 'log' | 'writeLine'>,
    metrics: Metrics,
    names: NameStyle,
    nameKey: Buffer = randomBytes(32),
  ) {
    this.#log = log;
    this.#writeLine = writeLine;
    this.#metrics = metrics;
    this.#nameKey = nameKey;
    this.#showName = nameView(names, nameKey);
  }

  /** Tells operators through these from now on; nobody where `undefined`. */
  notify(notices: NoticeSink | undefined): void {
    this.#notices = notices;
  }

  #tellFindings(notices: NoticeSink, attempt: Attempt, rules: readonly RuleFinding[]): void {
    for (const finding of rules) {
      const notice = noticeOfFinding(finding, attempt, this.#showName);
      if (notice !== undefined) notices.take(notice);
    }
  }

  /** A notice could not be delivered to a webhook: it is tried again, or given up. */
  noticeUndelivered(tried: { webhook: string; result: string; detail: string }): void {
    this.#log.warn(tried, 'notice not delivered');
  }

  /** Shows names in another way from now on. */
  showNames(names: NameStyle): void {
    this.#showName = nameView(names, this.#nameKey);
  }

  /** A verdict was reached: one line and one count for each decision. */
  decided(attempt: Attempt, decision: Decision): void {
    const { verdict } = decision;
    const reason = reasonOf(verdict);
    this.#metrics.countDecision(
      { mode: attempt.mode, outcome: verdict.kind, reason, protocol: protocolLabel(attempt.protocol) },
      decision.ms / 1000,
    );
    if (verdict.kind === 'accept') this.#metrics.countAccepted(verdict.source ?? 'backend');
    for (const { rules } of decision.trail) {
      if (rules === undefined) continue;
      for (const { rule, effect } of rules) this.#metrics.countRuleFinding(rule, effect);
      if (this.#notices !== undefined) this.#tellFindings(this.#notices, attempt, rules);
    }
    const isLogged = this.#log.isLevelEnabled(levelOf(verdict));
    if (!isLogged && !this.kept.isOn) return;
    const line = renderDecisionLine({ attempt, decision, reason, showName: this.#showName });
    this.kept.keep(attempt.session, line);
    if (isLogged) this.#writeLine(line);
  }

  /** What processes share can be reached again, or no longer: then each goes on alone. */
  sharedStateChanged(isReady: boolean, detail: string): void {
    this.#notices?.take({ kind: isReady ? 'shared-state-back' : 'shared-state-away', fields: { detail } });
    if (isReady) this.#log.info({ detail }, 'shared state is there');
    else this.#log.error({ detail }, 'shared state is away; this process goes on alone');
  }

  /** Remembered logins of an account, or of all (`*`), were ended by hand. `problem` says what could not be told. */
  cacheFlushed(flushed: { session: string; caller: string; account: string; problem?: string | undefined }): void {
    const { session, caller, account, problem } = flushed;
    const record = { session, caller, account: account === '*' ? account : this.#showName(account), error: problem };
    if (problem === undefined) this.#log.info(record, 'cache flushed');
    else this.#log.warn(record, 'cache flushed in this process only');
  }

  /** What was counted and blocked of an account or a network was forgotten by hand. `problem` says what could not be reached. */
  guessesForgotten({ problem, ...forgotten }: ForgottenGuesses): void {
    const { account } = forgotten;
    const record = {
      ...forgotten,
      account: account === undefined ? undefined : this.#showName(account),
      error: problem,
    };
    const { session, caller, network, rule, blocks, counted } = forgotten;
    const fields = { session, caller, account: record.account, network, rule, blocks, counted };
    this.#notices?.take({ kind: 'guesses-forgotten', fields });
    if (problem === undefined) this.#log.info(record, 'guesses forgotten');
    else this.#log.warn(record, 'guesses forgotten in part only');
  }

  /** Somebody or a network was blocked by hand. */
  blockPut({ session, caller, key, reason, untilMs, problem }: OrderedBlock): void {
    const until = new Date(untilMs).toISOString();
    const record = { session, caller, block: this.#showBlock(key), reason, until, error: problem };
    this.#notices?.take({ kind: 'blocked-by-hand', fields: { session, caller, block: record.block, reason, until } });
    if (problem === undefined) this.#log.info(record, 'blocked by hand');
    else this.#log.warn(record, 'blocked by hand in this process only');
  }

  /** Blocks were ended by hand, those of rules too. */
  blocksRemoved(removed: {
    session: string;
    caller: string;
    keys: readonly string[];
    problem?: string | undefined;
  }): void {
    const { session, caller, keys, problem } = removed;
    const blocks = keys.slice(0, SHOWN_BLOCKS).map((key) => this.#showBlock(key));
    const record = { session, caller, count: keys.length, blocks, error: problem };
    const fields = { session, caller, count: keys.length, blocks: blocks.join(', ') };
    if (keys.length > 0) this.#notices?.take({ kind: 'blocks-ended', fields });
    if (problem === undefined) this.#log.info(record, 'blocks ended by hand');
    else this.#log.warn(record, 'blocks ended by hand in part only');
  }

  #showBlock(key: string): string {
    return key.startsWith(OF_ACCOUNT) ? `${OF_ACCOUNT}${this.#showName(key.slice(OF_ACCOUNT.length))}` : key;
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

  /** A server of a backend is not asked any more until it answers again. */
  serverDown(server: { backend: string; server: string; detail: string }): void {
    this.#notices?.take({ kind: 'server-down', fields: server });
    this.#log.error(server, 'server down');
  }

  serverUp({ downMs, ...server }: { backend: string; server: string; downMs: number }): void {
    this.#notices?.take({ kind: 'server-up', fields: { ...server, down_ms: Math.round(downMs) } });
    this.#log.warn({ ...server, down_ms: Math.round(downMs) }, 'server up again');
  }

  /** Operations of a server took longer than they should; told now and then while that lasts. */
  serverSlow(slow: { backend: string; server: string; operation: string; count: number; longestMs: number }): void {
    const { longestMs, ...rest } = slow;
    this.#log.warn({ ...rest, longest_ms: rounded(longestMs) }, 'server is slow');
  }

  /** A login name leads to several accounts of one backend: nobody can log in by it. */
  accountAmbiguous(found: { backend: string; user: string; protocol: string; dns: readonly string[] }): void {
    const { backend, user, protocol, dns } = found;
    const record = { backend, login_name: this.#showName(user), protocol, entries: dns.map(this.#showName) };
    this.#log.warn(record, 'login name is ambiguous: more than one entry matches');
  }

  /** Accounts were left out of a list, because what they are called cannot be the name of one. */
  accountsUnlisted(left: { backend: string; count: number }): void {
    this.#log.warn(left, 'accounts left out of the list: their names cannot be used');
  }

  /** A list of addresses in the DNS does not answer and is left alone for a while, or answers again. */
  addressListChanged(list: string, isAway: boolean): void {
    if (isAway) this.#log.warn({ list }, 'address list does not answer; left alone for 30 s');
    else this.#log.info({ list }, 'address list answers again');
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

function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

/** Names as keyed hashes: the same name reads the same in one run of the service, and tells nothing outside it. */
function nameView(names: NameStyle, key: Buffer): (name: string) => string {
  if (names === 'plain') return (name) => name;
  return (name) => createHmac('sha256', key).update(name).digest('base64url').slice(0, 12);
}
