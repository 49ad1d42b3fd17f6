import { failed, type LdapFailure } from '../ldap-failure.ts';
import type { OperationLimits } from '../limits.ts';
import type { SearchOutcome, SearchRequest } from '../outcome.ts';
import type { Connector } from './connector.ts';
import { LookupMember } from './lookup-member.ts';
import { type PoolGauges, PoolHealth } from './pool-health.ts';
import { WaitQueue } from './wait-queue.ts';

const UPKEEP_EVERY_MS = 250;
const RETRY_GROWTH_AFTER_MS = 1000;
const AGE_SPREAD = 0.2;

export interface LookupPoolOptions {
  readonly connect: Connector;
  readonly maxConnections: number;
  /** Searches under way on one connection. */
  readonly maxInFlight: number;
  /** Searches under way on each connection before another one is opened; default a quarter of `maxInFlight`. */
  readonly growAt?: number;
  readonly maxWaiting: number;
  readonly maxWaitMs: number;
  /** Idle connections beyond the first are closed after this time. */
  readonly idleCloseMs: number;
  /** Connections are replaced at this age, or up to a fifth earlier so that not all go at once. */
  readonly maxAgeMs: number;
  /** Idle connections are asked for a sign of life this often. */
  readonly probeEveryMs: number;
  /** Time for a sign of life; without one the connection is given up. */
  readonly probeTimeoutMs: number;
  /** A server that owes answers and says nothing for this long is asked for a sign of life. */
  readonly silenceMs: number;
  readonly now?: () => number;
}

/**
 * Searches of one server over few connections, each with many under way. It opens a connection where all are busy, one at a
 * time; it does not try again by itself where that fails, and it knows no other server.
 */
export class LookupPool implements Disposable {
  readonly #options: LookupPoolOptions;
  readonly #growAt: number;
  readonly #now: () => number;
  readonly #health = new PoolHealth();
  readonly #queue: WaitQueue<LookupMember>;
  readonly #upkeep: NodeJS.Timeout;
  #members: readonly LookupMember[] = [];
  #isOpening = false;
  #growAgainAt = 0;
  #closed: LdapFailure | undefined;

  constructor(options: LookupPoolOptions) {
    this.#options = options;
    this.#growAt = options.growAt ?? Math.ceil(options.maxInFlight / 4);
    this.#now = options.now ?? (() => performance.now());
    this.#queue = new WaitQueue(options.maxWaiting, options.maxWaitMs);
    this.#upkeep = setInterval(() => this.#look(), UPKEEP_EVERY_MS).unref();
  }

  /** Whether nothing speaks against asking this server now. */
  get isUsable(): boolean {
    return this.#closed === undefined && (this.#health.lastFailure === undefined || this.#hasUsable());
  }

  /** What went wrong last, until something goes well. */
  get lastFailure(): LdapFailure | undefined {
    return this.#health.lastFailure;
  }

  get gauges(): PoolGauges {
    const inFlight = this.#members.reduce((sum, { connection }) => sum + connection.inFlight, 0);
    return { open: this.#members.length, inFlight, waiting: this.#queue.length };
  }

  /** Searches on the least busy connection, or waits for one; `limits` hold for both together. */
  search(request: SearchRequest, limits: OperationLimits): Promise<SearchOutcome> {
    if (this.#closed !== undefined) return Promise.resolve(this.#closed);
    const member = this.#queue.length === 0 ? this.#leastBusy() : undefined;
    if (member === undefined || member.connection.inFlight >= this.#growAt) this.#grow();
    return new Promise((resolve) => {
      if (member !== undefined) return this.#run(member, request, limits, resolve);
      this.#queue.join(limits, {
        start: (free, left) => this.#run(free, request, left, resolve),
        fail: resolve,
      });
    });
  }

  /** Opens a connection where there is none, so that the first search need not. Gives why that failed. */
  async warm(): Promise<LdapFailure | undefined> {
    if (this.#hasUsable()) return undefined;
    await this.#open();
    return this.#hasUsable() ? undefined : this.lastFailure;
  }

  /** Asks for a sign of life on every connection, as after a bind elsewhere that the same server left unanswered. */
  checkNow(): void {
    for (const member of this.#members) void this.#probe(member);
  }

  /** Closes all connections, for a server that is given up: whoever waits for it ends as `connection-lost`. */
  dropAll(): void {
    for (const { connection } of this.#members) connection.close();
  }

  close(): void {
    if (this.#closed !== undefined) return;
    this.#closed = failed('connection-lost', 'the pool is closed');
    clearInterval(this.#upkeep);
    this.#queue.failAll(this.#closed);
    for (const { connection } of this.#members) connection.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #run(
    member: LookupMember,
    request: SearchRequest,
    limits: OperationLimits,
    settle: (outcome: SearchOutcome) => void,
  ): void {
    member.use(this.#now());
    member.connection.beginSearch(request, limits, (outcome) => {
      if (outcome.kind === 'done') this.#health.sawAnswer();
      else if (outcome.kind === 'timeout') void this.#probe(member);
      settle(outcome);
      if (this.#queue.length > 0) this.#serve();
    });
  }

  /** Or one that is about to send: searches of one turn of the event loop go out in one write. */
  #leastBusy(): LookupMember | undefined {
    const now = this.#now();
    let best: LookupMember | undefined;
    let least = this.#options.maxInFlight;
    for (const member of this.#members) {
      const { inFlight } = member.connection;
      if (member.connection.isSending && inFlight < this.#options.maxInFlight && member.isUsable(now)) return member;
      if (inFlight >= least || !member.isUsable(now)) continue;
      best = member;
      least = inFlight;
    }
    return best;
  }

  #hasUsable(): boolean {
    const now = this.#now();
    return this.#members.some((member) => member.isUsable(now));
  }

  #serve(): void {
    for (let member = this.#leastBusy(); member !== undefined; member = this.#leastBusy()) {
      if (!this.#queue.offer(member)) return;
    }
    this.#grow();
  }

  #grow(): void {
    const now = this.#now();
    // A connection on its way out makes room for its successor before it is gone.
    const staying = this.#members.filter((member) => now < member.retireAt).length;
    if (staying >= this.#options.maxConnections) return;
    if (staying > 0 && now < this.#growAgainAt) return;
    void this.#open();
  }

  async #open(): Promise<void> {
    if (this.#isOpening || this.#closed !== undefined) return;
    this.#isOpening = true;
    const failure = await this.#openAndProbe();
    this.#isOpening = false;
    if (failure === undefined) {
      this.#health.sawAnswer();
      this.#serve();
      return;
    }
    this.#growAgainAt = this.#now() + RETRY_GROWTH_AFTER_MS;
    this.#health.sawFailure(failure);
    if (!this.#hasUsable()) this.#queue.failAll(failure);
  }

  /** A stopped server's kernel still opens connections: only an answer shows that somebody is there. */
  async #openAndProbe(): Promise<LdapFailure | undefined> {
    const outcome = await this.#options.connect();
    if (outcome.kind !== 'open') return outcome;
    const { connection } = outcome;
    if (this.#closed !== undefined) {
      connection.close();
      return this.#closed;
    }
    const now = this.#now();
    const member = new LookupMember(connection, now, now + this.#options.maxAgeMs * (1 - AGE_SPREAD * Math.random()));
    this.#members = [...this.#members, member];
    void connection.closed.then(() => this.#remove(member));
    if (await member.probe(this.#options.probeTimeoutMs)) return undefined;
    connection.close();
    return failed('connect-failed', 'the server takes connections and does not answer');
  }

  #remove(member: LookupMember): void {
    this.#members = this.#members.filter((other) => other !== member);
    if (this.#queue.length > 0) this.#grow();
  }

  async #probe(member: LookupMember): Promise<void> {
    if (await member.probe(this.#options.probeTimeoutMs)) {
      if (this.#queue.length > 0) this.#serve();
      return;
    }
    // Known before whatever waits on the connection ends: who is told so asks elsewhere.
    if (this.#closed === undefined) this.#health.sawFailure(failed('timeout', 'the server does not answer'));
    member.connection.close();
    if (this.#closed === undefined) this.checkNow();
  }

  #look(): void {
    const now = this.#now();
    const { idleCloseMs, probeEveryMs, silenceMs } = this.#options;
    let staying = this.#members.length;
    for (const member of this.#members) {
      const { connection, retireAt, lastUsedAt } = member;
      const isIdle = connection.inFlight === 0;
      const isSpare = staying > 1 && now - lastUsedAt >= idleCloseMs;
      if (isIdle && (now >= retireAt || isSpare)) {
        staying--;
        connection.close();
      } else if (
        isIdle ? now - Math.max(lastUsedAt, member.lastProbedAt) >= probeEveryMs : member.silentForMs >= silenceMs
      ) {
        member.lastProbedAt = now;
        void this.#probe(member);
      }
    }
  }
}
