import { RedisAccountNames } from './redis-account-names.ts';
import { RedisAnnouncements } from './redis-announcements.ts';
import { RedisBlocks } from './redis-blocks.ts';
import { type RedisChange, RedisConnection, type RedisConnectionParts } from './redis-connection.ts';
import { RedisCounters } from './redis-counters.ts';
import { RedisHostOrders } from './redis-host-orders.ts';
import { RedisJobs } from './redis-jobs.ts';
import { RedisReads } from './redis-reads.ts';
import type { RedisConfig } from './redis-settings.ts';
import { RedisVerifiedLogins } from './redis-verified-logins.ts';
import type { SharedParts } from './shared-answers.ts';
import { ValueCipher } from './value-cipher.ts';

export interface RedisStateParts extends Partial<RedisConnectionParts> {
  /** Nothing is remembered for longer than this. */
  readonly longestLifetimeMs: number;
}

/** The version of what is kept: another one begins anew. */
const VERSION = 'v1';
/** Clocks of servers that stand in for each other are taken to differ by less than this. */
export const CLOCK_SKEW_MS = 1000;

/** All of the state that is kept in Redis or Valkey, over one connection for commands and one to listen. */
export class RedisState implements AsyncDisposable {
  readonly verifiedLogins: RedisVerifiedLogins;
  readonly accountNames: RedisAccountNames;
  readonly counters: RedisCounters;
  readonly blocks: RedisBlocks;
  readonly hostOrders: RedisHostOrders;
  readonly jobs: RedisJobs;
  readonly announcements: RedisAnnouncements;
  readonly #connection: RedisConnection;

  /**
   * Begins to connect; nothing waits for it, and what cannot be answered is `unavailable` until then.
   *
   * @throws where a file of the TLS settings cannot be read
   */
  constructor(config: RedisConfig, { longestLifetimeMs, onChange = () => {} }: RedisStateParts) {
    const connection = new RedisConnection(config, { onChange });
    const prefix = `${config.prefix}:${VERSION}:`;
    const { kind } = config.servers;
    const skewMs = kind === 'cluster' || kind === 'sentinel' ? CLOCK_SKEW_MS : 0;
    const cipher = new ValueCipher(config.secrets);
    const reads = new RedisReads(connection);
    const parts: SharedParts = { connection, reads, cipher, prefix, longestLifetimeMs, skewMs };
    this.#connection = connection;
    this.verifiedLogins = new RedisVerifiedLogins(parts);
    this.accountNames = new RedisAccountNames(parts);
    this.counters = new RedisCounters(connection, prefix);
    this.blocks = new RedisBlocks(connection, reads, prefix);
    this.hostOrders = new RedisHostOrders(connection, prefix);
    this.jobs = new RedisJobs(connection, prefix);
    this.announcements = new RedisAnnouncements(config, connection, prefix);
  }

  /** Whether Redis does what it is asked, and for operators what is served or what is wrong. */
  health(): RedisChange {
    return { isReady: this.#connection.isWell, detail: this.#connection.detail };
  }

  /** Waits until Redis answers, or for so long; true for the former. */
  whenReady(timeoutMs: number): Promise<boolean> {
    return this.#connection.whenReady(timeoutMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.announcements[Symbol.asyncDispose]();
    await this.#connection[Symbol.asyncDispose]();
  }
}
