import { failed, type LdapFailure } from '../client/ldap-failure.ts';
import type { OperationLimits } from '../client/limits.ts';
import { RESULT, resultCodeName } from '../client/message/result-codes.ts';
import type { BindCredentials, BindOutcome, SearchDone, SearchOutcome, SearchRequest } from '../client/outcome.ts';
import type { BindPool } from '../client/pool/bind-pool.ts';
import type { ListReader } from '../client/pool/list-reader.ts';
import type { LookupPool } from '../client/pool/lookup-pool.ts';
import type { PoolGauges } from '../client/pool/pool-health.ts';
import type { Breaker } from './breaker.ts';
import type { LdapOperation, ServerEvents } from './server-events.ts';
import { SlowOperations } from './slow-operations.ts';

export interface DirectoryServerParts {
  readonly url: string;
  readonly lookups: LookupPool;
  /** Absent where passwords are not proved by binds. */
  readonly binds: BindPool | undefined;
  readonly lists: ListReader;
  readonly breaker: Breaker;
  readonly events: ServerEvents;
  readonly timeouts: { readonly searchMs: number; readonly bindMs: number; readonly probeMs: number };
  /** Has to succeed before a server is asked anything: shows that it answers, and holds what we look for. */
  readonly probe: SearchRequest;
  /** A bind as nobody: that it is answered, with whatever result, shows that binds are. */
  readonly decoy: BindCredentials;
}

/**
 * - `new`: not yet heard of
 * - `up`: asked
 * - `suspect`: something failed; asked only where no other server is up, until a probe has told
 * - `down`: left alone until a probe is answered
 */
export type ServerState = 'new' | 'up' | 'suspect' | 'down';

/** Result codes that speak of the server's state, not of what was asked. */
const UNWELL: ReadonlySet<number> = new Set([RESULT.busy, RESULT.unavailable, RESULT.other, RESULT.operationsError]);

/** One of several servers with the same accounts: its pools, and whether it can be asked. */
export class DirectoryServer implements Disposable {
  readonly url: string;
  readonly #parts: DirectoryServerParts;
  readonly #slow: SlowOperations;
  readonly #searchLimits: OperationLimits;
  readonly #bindLimits: OperationLimits;
  #state: ServerState = 'new';
  #detail = 'not yet connected';
  #underWay = 0;
  #losses = 0;
  #downSince = 0;
  #retry: NodeJS.Timeout | undefined;
  #probing: Promise<void> | undefined;
  #isClosed = false;

  constructor(parts: DirectoryServerParts) {
    this.#parts = parts;
    this.url = parts.url;
    this.#slow = new SlowOperations(parts.url, parts.events);
    this.#searchLimits = { timeoutMs: parts.timeouts.searchMs };
    this.#bindLimits = { timeoutMs: parts.timeouts.bindMs };
  }

  get state(): ServerState {
    return this.#state;
  }

  get isAskable(): boolean {
    return this.#state === 'up' || this.#state === 'suspect';
  }

  /** For operators: what went wrong last. */
  get detail(): string {
    return this.#detail;
  }

  /** Operations under way. */
  get underWay(): number {
    return this.#underWay;
  }

  /** Goes on whenever the server may have become another one: what was found before says nothing about it any more. */
  get losses(): number {
    return this.#losses;
  }

  get lookupGauges(): PoolGauges {
    return this.#parts.lookups.gauges;
  }

  get bindGauges(): PoolGauges | undefined {
    return this.#parts.binds?.gauges;
  }

  get listsUnderWay(): number {
    return this.#parts.lists.reading;
  }

  /** Searches once; every failure counts against the server. */
  async search(request: SearchRequest): Promise<SearchOutcome> {
    const start = performance.now();
    this.#underWay += 1;
    const outcome = await this.#parts.lookups.search(request, this.#searchLimits);
    this.#underWay -= 1;
    this.#took('search', outcome, start);
    return outcome;
  }

  async bind(credentials: BindCredentials): Promise<BindOutcome> {
    const { binds } = this.#parts;
    if (binds === undefined) return failed('protocol-error', 'this backend proves no passwords by binds');
    const start = performance.now();
    this.#underWay += 1;
    const outcome = await binds.bind(credentials, this.#bindLimits);
    this.#underWay -= 1;
    this.#took('bind', outcome, start);
    return outcome;
  }

  /** A bind as nobody, so that an unknown user costs what a wrong password costs. */
  bindDecoy(): Promise<BindOutcome> {
    return this.bind(this.#parts.decoy);
  }

  /** Reads a list page by page; see `ListReader`. */
  async *list(
    request: Pick<SearchRequest, 'search' | 'filter'>,
    pageSize: number,
    signal: AbortSignal,
  ): AsyncGenerator<SearchDone | LdapFailure, void, void> {
    let start = performance.now();
    const limits = { timeoutMs: this.#parts.timeouts.searchMs, signal };
    for await (const page of this.#parts.lists.read(request, { pageSize, limits })) {
      if (!signal.aborted) this.#took('list-page', page, start);
      yield page;
      start = performance.now();
    }
  }

  /** The server answers, but not as one that holds the accounts does. */
  distrust(detail: string): void {
    this.#sawFailure(detail);
  }

  /** Finds out whether the server can be asked; one that cannot is left alone for a while and then tried again. */
  tryOut(): Promise<void> {
    this.#probing ??= this.#tryOut().finally(() => {
      this.#probing = undefined;
    });
    return this.#probing;
  }

  /** To be called now and then: finds a server gone that nobody asks. */
  look(): void {
    if (this.#state !== 'up') return;
    const { lookups, binds } = this.#parts;
    if (lookups.gauges.open > 0 && lookups.isUsable && binds?.isUsable !== false) return;
    this.#suspect(lookups.lastFailure?.detail ?? binds?.lastFailure?.detail ?? 'the connections are lost');
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    this.#parts.lookups.close();
    this.#parts.binds?.close();
  }

  #took(operation: LdapOperation, outcome: SearchOutcome | BindOutcome, start: number): void {
    const now = performance.now();
    const ms = now - start;
    const { breaker, events, timeouts } = this.#parts;
    if (ms > (operation === 'bind' ? timeouts.bindMs : timeouts.searchMs) / 2) this.#slow.saw(operation, ms, now);
    if (outcome.kind === 'done') {
      const { resultCode, diagnostic } = outcome;
      events.operation({ server: this.url, operation, result: resultCodeName(resultCode), ms });
      if (UNWELL.has(resultCode)) this.#sawFailure(`${resultCodeName(resultCode)} ${diagnostic}`.trimEnd());
      else if (this.#state === 'up') breaker.sawSuccess();
      return;
    }
    events.operation({ server: this.url, operation, result: outcome.kind, ms });
    if (outcome.kind !== 'overloaded') this.#sawFailure(`${outcome.kind}: ${outcome.detail}`);
  }

  #sawFailure(detail: string): void {
    this.#losses += 1;
    if (this.#state === 'down' || this.#isClosed) return;
    if (this.#parts.breaker.sawFailure()) this.#goDown(detail);
    else this.#suspect(detail);
  }

  #suspect(detail: string): void {
    if (this.#state !== 'up') return;
    this.#state = 'suspect';
    this.#losses += 1;
    this.#detail = detail;
    void this.tryOut();
  }

  #goDown(detail: string): void {
    if (this.#isClosed) return;
    if (this.#state !== 'down') {
      this.#downSince = performance.now();
      this.#parts.events.down(this.url, detail);
    }
    this.#state = 'down';
    this.#losses += 1;
    this.#detail = detail;
    this.#parts.lookups.dropAll();
    this.#parts.binds?.dropIdle();
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.tryOut(), this.#parts.breaker.open()).unref();
  }

  #comeUp(): void {
    const before = this.#state;
    if (before === 'up' || this.#isClosed) return;
    this.#state = 'up';
    if (before !== 'down') return;
    this.#parts.breaker.halfClose();
    this.#parts.events.up(this.url, performance.now() - this.#downSince);
  }

  async #tryOut(): Promise<void> {
    const wasDown = this.#state === 'down';
    const problem = await (this.#state === 'suspect' ? this.#probeQuickly() : this.#probe());
    if (problem !== undefined) this.#goDown(problem);
    // One that went down meanwhile has to show itself well from then on.
    else if (this.#state === 'down' && !wasDown) this.#goDown(this.#detail);
    else this.#comeUp();
  }

  /** A server that has just been well need not be given the time of a first connection. */
  async #probeQuickly(): Promise<string | undefined> {
    const { probeMs } = this.#parts.timeouts;
    const late = Promise.withResolvers<string>();
    const timer = setTimeout(() => late.resolve(`no sign of life within ${probeMs} ms`), probeMs);
    try {
      return await Promise.race([this.#probe(), late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Gives what is wrong, where something is. */
  async #probe(): Promise<string | undefined> {
    const { lookups, binds, probe, decoy, timeouts } = this.#parts;
    const cannotConnect = await lookups.warm();
    if (cannotConnect !== undefined) return cannotConnect.detail;
    const [found, bound] = await Promise.all([
      lookups.search(probe, { timeoutMs: timeouts.probeMs }),
      binds?.bind(decoy, { timeoutMs: timeouts.bindMs }),
    ]);
    if (found.kind !== 'done') return found.detail;
    if (found.resultCode === RESULT.noSuchObject) return 'the base DN does not exist there, or may not be seen';
    if (found.resultCode !== RESULT.success)
      return `the search for the base DN: ${resultCodeName(found.resultCode)} ${found.diagnostic}`.trimEnd();
    return bound === undefined || bound.kind === 'done' ? undefined : `binds: ${bound.detail}`;
  }
}
