import type { LdapConnection } from '../connection.ts';
import { failed, type LdapFailure } from '../ldap-failure.ts';
import type { OperationLimits } from '../limits.ts';
import type { BindCredentials, BindOutcome } from '../outcome.ts';
import type { Connector } from './connector.ts';
import { type PoolGauges, PoolHealth } from './pool-health.ts';
import { WaitQueue } from './wait-queue.ts';

const UPKEEP_EVERY_MS = 1000;
const AGE_SPREAD = 0.2;

export interface BindPoolOptions {
  /** Opens a connection without a bind. */
  readonly connect: Connector;
  readonly maxConnections: number;
  readonly maxWaiting: number;
  readonly maxWaitMs: number;
  /** Connections are closed after this time without a bind: nothing but binds may go over them, so nothing probes them. */
  readonly idleCloseMs: number;
  /** Connections are replaced at this age, or up to a fifth earlier so that not all go at once. */
  readonly maxAgeMs: number;
  readonly now?: () => number;
}

interface Member {
  readonly connection: LdapConnection;
  readonly retireAt: number;
  idleSince: number;
}

/**
 * Proves passwords by binds, one at a time on each connection and nothing else on it: a server gives up whatever is under
 * way on a connection when a bind comes (RFC 4511 4.2.1). A connection goes from user to user; who was bound before has no
 * part in the next bind.
 */
export class BindPool implements Disposable {
  readonly #options: BindPoolOptions;
  readonly #now: () => number;
  readonly #health = new PoolHealth();
  readonly #queue: WaitQueue<Member>;
  readonly #members = new Set<Member>();
  readonly #upkeep: NodeJS.Timeout;
  /** Last used last: the ones at the front grow old and are closed. */
  #idle: Member[] = [];
  #opening = 0;
  #closed: LdapFailure | undefined;

  constructor(options: BindPoolOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#queue = new WaitQueue(options.maxWaiting, options.maxWaitMs);
    this.#upkeep = setInterval(() => this.#closeOld(), UPKEEP_EVERY_MS).unref();
  }

  /**
   * Whether nothing speaks against asking this server now. A connection that opens is no sign of life, since a stopped
   * server's kernel opens it too: only the next answer to a bind makes a pool usable again that was not.
   */
  get isUsable(): boolean {
    return this.#closed === undefined && this.#health.lastFailure === undefined;
  }

  /** What went wrong last, until something goes well. */
  get lastFailure(): LdapFailure | undefined {
    return this.#health.lastFailure;
  }

  get gauges(): PoolGauges {
    const open = this.#members.size;
    return { open, inFlight: open - this.#idle.length, waiting: this.#queue.length };
  }

  /** Binds on a connection of its own; `limits` hold for the wait and the bind together. */
  bind(credentials: BindCredentials, limits: OperationLimits): Promise<BindOutcome> {
    if (this.#closed !== undefined) return Promise.resolve(this.#closed);
    const member = this.#queue.length === 0 ? this.#takeIdle() : undefined;
    return new Promise((resolve) => {
      if (member !== undefined) return this.#run(member, credentials, limits, resolve);
      this.#queue.join(limits, {
        start: (free, left) => this.#run(free, credentials, left, resolve),
        fail: resolve,
      });
      this.#grow();
    });
  }

  /** Closes the connections that are not in use, for a server that is given up. */
  dropIdle(): void {
    for (const { connection } of this.#idle) connection.close();
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
    member: Member,
    credentials: BindCredentials,
    limits: OperationLimits,
    settle: (outcome: BindOutcome) => void,
  ): void {
    member.connection.beginBind(credentials, limits, (outcome) => {
      if (outcome.kind === 'done') this.#health.sawAnswer();
      else if (outcome.kind === 'timeout' || outcome.kind === 'connection-lost') this.#sawFailure(outcome, limits);
      settle(outcome);
      this.#putBack(member);
    });
  }

  #sawFailure(failure: LdapFailure, { signal }: OperationLimits): void {
    // A client that gave up says nothing about the server.
    if (signal?.aborted !== true) this.#health.sawFailure(failure);
  }

  #takeIdle(): Member | undefined {
    for (let member = this.#idle.pop(); member !== undefined; member = this.#idle.pop()) {
      if (member.connection.failure === undefined) return member;
    }
    return undefined;
  }

  #putBack(member: Member): void {
    const now = this.#now();
    if (now >= member.retireAt) member.connection.close();
    if (member.connection.failure !== undefined) {
      this.#members.delete(member);
      this.#grow();
      return;
    }
    member.idleSince = now;
    if (!this.#queue.offer(member)) this.#idle.push(member);
  }

  #grow(): void {
    const { maxConnections } = this.#options;
    while (this.#opening < this.#queue.length && this.#members.size + this.#opening < maxConnections) void this.#open();
  }

  async #open(): Promise<void> {
    this.#opening++;
    const outcome = await this.#options.connect();
    this.#opening--;
    if (outcome.kind !== 'open') {
      this.#health.sawFailure(outcome);
      if (this.#members.size === 0) this.#queue.failAll(outcome);
      else this.#queue.failFirst(outcome);
      return;
    }
    const { connection } = outcome;
    if (this.#closed !== undefined) return connection.close();
    const now = this.#now();
    const retireAt = now + this.#options.maxAgeMs * (1 - AGE_SPREAD * Math.random());
    const member = { connection, retireAt, idleSince: now };
    this.#members.add(member);
    void connection.closed.then(() => this.#forget(member));
    this.#putBack(member);
  }

  #forget(member: Member): void {
    this.#members.delete(member);
    this.#idle = this.#idle.filter((other) => other !== member);
    this.#grow();
  }

  #closeOld(): void {
    const now = this.#now();
    for (const { connection, retireAt, idleSince } of this.#idle) {
      if (now >= retireAt || now - idleSince >= this.#options.idleCloseMs) connection.close();
    }
  }
}
