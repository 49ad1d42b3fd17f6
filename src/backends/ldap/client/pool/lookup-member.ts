import type { LdapConnection } from '../connection.ts';
import { parseFilter } from '../filter/filter.ts';
import { prepareSearch } from '../message/request.ts';
import type { SearchRequest } from '../outcome.ts';

// The root DSE is what every server shows to everybody and finds without a look at its data (RFC 4512 5.1).
const PROBE: SearchRequest = {
  search: prepareSearch({ baseDn: '', scope: 'base', attributes: ['1.1'] }),
  filter: parseFilter('(objectClass=*)'),
};

/** A connection within a pool of lookups, and whether it is still to be trusted. */
export class LookupMember {
  readonly connection: LdapConnection;
  readonly retireAt: number;
  lastUsedAt: number;
  /** When it was last asked for a sign of life while idle. */
  lastProbedAt = 0;
  #busySince = 0;
  #isSuspect = false;

  constructor(connection: LdapConnection, now: number, retireAt: number) {
    this.connection = connection;
    this.lastUsedAt = now;
    this.retireAt = retireAt;
  }

  get isSuspect(): boolean {
    return this.#isSuspect;
  }

  isUsable(now: number): boolean {
    return !this.#isSuspect && this.connection.failure === undefined && now < this.retireAt;
  }

  /** Is to be told of each use, right before it. */
  use(now: number): void {
    if (this.connection.inFlight === 0) this.#busySince = performance.now();
    this.lastUsedAt = now;
  }

  /** How long the server has let this connection wait without a word. */
  get silentForMs(): number {
    if (this.connection.inFlight === 0) return 0;
    return performance.now() - Math.max(this.#busySince, this.connection.lastReceivedAt);
  }

  /**
   * Asks the server whether it is there, and takes no new work meanwhile. Gives whether it answered; where it did not, the
   * connection is to be closed.
   */
  async probe(timeoutMs: number): Promise<boolean> {
    if (this.#isSuspect) return true;
    this.#isSuspect = true;
    const answer = await this.connection.search(PROBE, { timeoutMs });
    if (answer.kind === 'done') this.#isSuspect = false;
    return answer.kind === 'done';
  }
}
