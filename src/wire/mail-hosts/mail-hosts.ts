/**
 * The hosts that have the mail of accounts: which of them an account is to be sent to, which are alive, and what operators want
 * of them.
 *
 * @module
 */
import type { Account } from '../../login/account.ts';
import type { HostOrder } from '../../state/host-orders.ts';
import type { Events } from '../../telemetry/events.ts';
import { FadingCount } from './fading-count.ts';
import type { HostAddresses } from './host-addresses.ts';
import { HostHealth } from './host-health.ts';
import { MailPool } from './mail-pool.ts';
import type { HostPast, MailHost } from './mail-host.ts';
import type { MailHostsConfig } from './mail-hosts-config.ts';
import type { OrderBook } from './order-book.ts';
import { type OwnPlace, ownPlaceOf } from './own-place.ts';
import { canonicalHost } from './place-key.ts';
import type { Probe } from './probes/probe.ts';

export interface MailHostsParts {
  readonly addresses: HostAddresses;
  readonly probe: Probe;
  readonly events: Events;
  readonly orders: OrderBook;
  /** What hosts have been through before, by pool and host; taken over, and kept up to date. */
  readonly past: Map<string, HostPast>;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

/** Where an account's connection is to be sent. */
export type Placement =
  | { readonly kind: 'placed'; readonly address: string; readonly port: number }
  /** No pool serves the protocol. */
  | { readonly kind: 'no-pool' }
  /** It cannot be sent anywhere now. */
  | { readonly kind: 'unavailable'; readonly detail: string };

export interface PooledHost {
  readonly pool: MailPool;
  readonly host: MailHost;
}

/** An order as an operator gives it; `resume` ends the one that is in force. */
export interface GivenOrder {
  /** A host with all its ports, or with one of them. */
  readonly place: OwnPlace;
  readonly mode: HostOrder['mode'] | 'resume';
  readonly reason: string;
  readonly by: string;
  /** Wall clock in milliseconds. */
  readonly atMs: number;
}

/** Disposing of it ends the probes. */
export class MailHosts implements Disposable {
  readonly #config: MailHostsConfig;
  readonly #parts: MailHostsParts;
  readonly #pools: readonly MailPool[];
  readonly #byProtocol = new Map<string, MailPool>();

  constructor(config: MailHostsConfig, parts: MailHostsParts) {
    const { past, orders } = parts;
    this.#config = config;
    this.#parts = parts;
    const pastOf = (key: string): HostPast => {
      const known = past.get(key) ?? { health: new HostHealth(), placed: new FadingCount(), downSinceMs: undefined };
      past.set(key, known);
      return known;
    };
    const orderOf = (key: string) => orders.find(key);
    this.#pools = config.pools.map((pool) => new MailPool(pool, config.probe, { ...parts, pastOf, orderOf }));
    for (const pool of this.#pools) for (const protocol of pool.protocols) this.#byProtocol.set(protocol, pool);
    const wanted = new Set(this.#pools.flatMap((pool) => pool.hosts.map((host) => pool.pastKeyOf(host))));
    for (const key of past.keys()) if (!wanted.has(key)) past.delete(key);
  }

  /** In the order of the configuration. */
  get hosts(): readonly PooledHost[] {
    return this.#pools.flatMap((pool) => pool.hosts.map((host) => ({ pool, host })));
  }

  /** Probes all hosts now, and again and again; fulfilled after the first time. */
  async watch(): Promise<void> {
    await Promise.all(this.#pools.map((pool) => pool.watch()));
  }

  /** Finds the host of an account for the protocol its client speaks, at once where its address is known. */
  placeOf(account: Account, protocol: string): Placement | Promise<Placement> {
    const pool = this.#byProtocol.get(protocol);
    if (pool === undefined) return { kind: 'no-pool' };
    const { accountAttribute } = this.#config;
    const own = accountAttribute === undefined ? undefined : account.attributes[accountAttribute]?.[0];
    if (own !== undefined && own !== '') return this.#placeOfOwn(own, pool);
    const chosen = pool.choose(account.name.toLowerCase());
    if (chosen === undefined) return { kind: 'unavailable', detail: `no mail host of the pool ${pool.name} is alive` };
    pool.countPlaced(chosen);
    return this.#addressed(chosen.host, chosen.port);
  }

  /** Hosts that an operator names. */
  hostsAt({ host, port }: OwnPlace): readonly PooledHost[] {
    return this.hosts.filter(
      ({ host: own }) => canonicalHost(own.host) === host && (port === undefined || own.port === port),
    );
  }

  /**
   * Gives an order to all hosts that are meant; `undefined` where there is none. `problem` says what could not be reached: then it
   * holds in this process, and for others once they can be told.
   */
  async give(
    { place, mode, reason, by, atMs }: GivenOrder,
    signal: AbortSignal,
  ): Promise<{ readonly hosts: readonly PooledHost[]; readonly problem: string | undefined } | undefined> {
    const { orders } = this.#parts;
    const hosts = this.hostsAt(place);
    if (hosts.length === 0) return undefined;
    const keys = [...new Set(hosts.map(({ host }) => host.placeKey))];
    const problem =
      mode === 'resume'
        ? await orders.remove(keys, signal)
        : await orders.put(
            keys.map((key) => ({ key, mode, sinceMs: atMs, reason, by })),
            signal,
          );
    for (const { pool, host } of hosts) pool.tellChange(host);
    return { hosts, problem };
  }

  [Symbol.dispose](): void {
    for (const pool of this.#pools) pool[Symbol.dispose]();
  }

  #placeOfOwn(text: string, pool: MailPool): Placement | Promise<Placement> {
    const own = ownPlaceOf(text);
    if (own === undefined)
      return { kind: 'unavailable', detail: "the account's own mail host is none that can be read" };
    const same = pool.hosts.filter(
      ({ host, port }) => canonicalHost(host) === own.host && (own.port === undefined || own.port === port),
    );
    const serving = same.find(({ serves }) => serves);
    if (same.length > 0 && serving === undefined)
      return { kind: 'unavailable', detail: `the account's own mail host ${own.host} is ${stateOf(same)}` };
    if (serving !== undefined) pool.countPlaced(serving);
    const port = own.port ?? serving?.port ?? pool.hosts[0]?.port ?? 0;
    return this.#addressed(own.host, port);
  }

  #addressed(host: string, port: number): Placement | Promise<Placement> {
    const placed = (address: string | undefined): Placement =>
      address === undefined
        ? { kind: 'unavailable', detail: `the mail host ${host} has no address now` }
        : { kind: 'placed', address, port };
    const address = this.#parts.addresses.addressOf(host);
    return address instanceof Promise ? address.then(placed) : placed(address);
  }
}

function stateOf(hosts: readonly MailHost[]): string {
  return hosts.some(({ state }) => state === 'maintain') ? 'in maintenance' : 'down';
}
