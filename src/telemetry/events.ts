/**
 * What happens, told once: each business event becomes its log line and its metrics here and nowhere else. Counters get few
 * labels, detail goes into the log record, and no record ever holds a password.
 *
 * @module
 */
import { createHmac, randomBytes } from 'node:crypto';
import type { Attempt } from '../login/attempt.ts';
import { protocolLabel } from '../login/protocol.ts';
import type { Decision, RuleFinding, TrailEntry, Verdict } from '../login/verdict.ts';
import { levelOf, renderDecisionLine } from './decision-line.ts';
import type {
  ForgottenGuesses,
  OrderedBlock,
  OrderedHosts,
  RefusedConnections,
  RejectedCaller,
  RejectedLine,
  RejectedRequest,
} from './event-records.ts';
import { KeptLines } from './kept-lines.ts';
import { LineBatch, type WrittenLine } from './line-batch.ts';
import type { Log, OpenLog } from './log.ts';
import type { Metrics } from './metrics.ts';
import { PolicyEvents } from './policy-events.ts';

import { type NoticeSink, noticeOfFinding } from './notices/notice.ts';
import { RequestTraces } from './request-traces.ts';

/** How log lines show login and account names. */
export type NameStyle = 'plain' | 'hashed';

const HOST_ORDERS = {
  drain: 'mail host drained by hand',
  maintain: 'mail host taken out by hand',
  resume: 'mail host resumed by hand',
} as const;

const OF_ACCOUNT = 'account:';
const SHOWN_BLOCKS = 20;

export class Events {
  /** The latest lines of decisions. */
  readonly kept = new KeptLines();
  /** What requests under way say of the larger whole that they are part of: beside their sessions in every line. */
  readonly traces = new RequestTraces();
  /** What happens with mail servers that prove passwords by themselves. */
  readonly policy: PolicyEvents;
  readonly #log: Log;
  readonly #writeLine: (line: string) => WrittenLine | undefined;
  /** For lines that are kept and not logged. */
  readonly #unlogged = new LineBatch((_, done) => done(), undefined);
  readonly #metrics: Metrics;
  readonly #nameKey: Buffer;
  #showName: (name: string) => string;
  #notices: NoticeSink | undefined;

  /** @param nameKey for hashed names: who has the same key shows the same name in the same way */
  constructor(
    { log, writeLine }: Pick<OpenLog, 'log'> & { readonly writeLine: (line: string) => WrittenLine | undefined },
    metrics: Metrics,
    names: NameStyle,
    nameKey: Buffer = randomBytes(32),
  ) {
    this.#log = log;
    this.#writeLine = writeLine;
    this.#metrics = metrics;
    this.#nameKey = nameKey;
    this.#showName = nameView(names, nameKey);
    this.policy = new PolicyEvents({
      log,
      metrics: metrics.policy,
      showName: (name) => this.#showName(name),
      noteFindings: (attempt, trail) => this.#noteFindings(attempt, trail),
    });
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

  #noteFindings(attempt: Attempt, trail: readonly TrailEntry[]): void {
    for (const { rules } of trail) {
      if (rules === undefined) continue;
      for (const { rule, effect } of rules) this.#metrics.countRuleFinding(rule, effect);
      if (this.#notices !== undefined) this.#tellFindings(this.#notices, attempt, rules);
    }
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
    this.#noteFindings(attempt, decision.trail);
    const isLogged = this.#log.isLevelEnabled(levelOf(verdict));
    if (!isLogged && !this.kept.isOn) return;
    const line = renderDecisionLine({
      attempt,
      decision,
      reason,
      showName: this.#showName,
      trace: this.traces.of(attempt.session),
    });
    this.#write(line, isLogged);
  }

  /** What is kept comes out of one batch: that of the log where it has every decision. */
  #write(line: string, isLogged: boolean): void {
    const written = isLogged ? this.#writeLine(line) : undefined;
    if (!this.kept.isOn) return;
    const isInLog = written !== undefined && this.#log.isLevelEnabled('info');
    this.kept.keep(isInLog ? written : this.#unlogged.write(line));
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

  /** An operator wants something of a mail host, or no longer. `problem` says what could not be told. */
  mailHostsOrdered({ problem, ...ordered }: OrderedHosts): void {
    const record = { ...ordered, reason: ordered.reason === '' ? undefined : ordered.reason, error: problem };
    if (problem === undefined) this.#log.info(record, HOST_ORDERS[ordered.mode]);
    else this.#log.warn(record, `${HOST_ORDERS[ordered.mode]}, in this process only`);
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
    this.#metrics.callers.countRejection(rejected.reason);
    this.#log.warn(
      {
        session: rejected.session,
        ...this.traces.fieldsOf(rejected.session),
        reason: rejected.reason,
        caller: rejected.name?.slice(0, 64),
        caller_ip: rejected.address,
        detail: rejected.detail,
      },
      'caller rejected',
    );
  }

  /** A caller proved itself; told again only when that was forgotten since. */
  callerProven({ caller, proof, address }: { caller: string; proof: string; address: string }): void {
    this.#metrics.callers.countProof(proof);
    this.#log.info({ caller, proof, caller_ip: address }, 'caller proven');
  }

  /** The keys of tokens were asked for; `error` says why they could not be had. */
  callerKeysLoaded(place: string, error?: string): void {
    this.#metrics.callers.countKeys(error === undefined ? 'loaded' : 'failed');
    if (error === undefined) this.#log.debug({ keys: place }, 'keys of tokens loaded');
    else this.#log.error({ keys: place, error }, 'keys of tokens cannot be had');
  }

  /** A request got no decision: malformed, unknown path, too large … */
  requestRejected(rejected: RejectedRequest): void {
    this.#log.info(
      {
        session: rejected.session,
        ...this.traces.fieldsOf(rejected.session),
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
    this.#log.error(
      { session, ...this.traces.fieldsOf(session), err: cause instanceof Error ? cause.stack : String(cause) },
      'request failed',
    );
  }

  /** A connection ended before anything was asked on it: it did not come through a proxy as it should. */
  connectionRefused({ listener, address, problem }: { listener: string; address: string; problem: string }): void {
    this.#metrics.countRefusedConnection();
    this.#log.warn({ listener, caller_ip: address, error: problem }, 'connection refused');
  }

  answered(door: string, status: number): void {
    this.#metrics.countAnswer(door, status);
  }

  /** A door for lines has answered, in one of its few ways. */
  lineAnswered(door: string, answer: string): void {
    this.#metrics.lines.countAnswer(door, answer);
  }

  /** A request of a door for lines got no decision: it is malformed, or names what there is not. */
  lineRejected({ listener, door, error }: RejectedLine): void {
    this.#log.info({ caller: listener, door, error }, 'request rejected');
  }

  connectionsRefused({ listener, reason, count, address }: RefusedConnections): void {
    this.#metrics.lines.countRefused(listener, reason, count);
    this.#log.warn({ listener, reason, count, caller_ip: address }, 'connection refused');
  }

  /** A listener for lines takes connections. */
  lineListening(listener: { listener: string; protocol: string; place: string }): void {
    this.#log.info(listener, 'listening');
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
