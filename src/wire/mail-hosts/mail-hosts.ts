/**
 * The hosts that have the mail of accounts: which of them an account is to be sent to, and which are alive.
 *
 * @module
 */
import type { Account } from '../../login/account.ts';
import { parseClientAddress } from '../../login/client-address.ts';
import type { Events } from '../../telemetry/events.ts';
import { chosenFor } from './affinity.ts';
import type { HostAddresses } from './host-addresses.ts';
import { MailHost, type ProbeResult } from './mail-host.ts';
import type { MailHostsConfig, MailPoolConfig } from './mail-hosts-config.ts';
import { ownPlaceOf } from './own-place.ts';

export interface MailHostsParts {
  readonly addresses: HostAddresses;
  readonly probe: (address: string, port: number, deadlineMs: number) => Promise<ProbeResult>;
  readonly events: Events;
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

interface Pool {
  readonly name: string;
  readonly hosts: readonly MailHost[];
}

export interface HostState {
  readonly pool: string;
  readonly host: MailHost;
}

/** Disposing of it ends the probes. */
export class MailHosts implements Disposable {
  readonly #config: MailHostsConfig;
  readonly #parts: MailHostsParts;
  readonly #pools = new Map<string, Pool>();
  readonly #all: HostState[] = [];
  readonly #downSince = new Map<MailHost, number>();
  #timer: NodeJS.Timeout | undefined;
  #isDisposed = false;

  constructor(config: MailHostsConfig, parts: MailHostsParts) {
    this.#config = config;
    this.#parts = parts;
    for (const pool of config.pools) this.#addPool(pool);
  }

  get hosts(): readonly HostState[] {
    return this.#all;
  }

  /** Probes all hosts now, and again and again; fulfilled after the first time. */
  async watch(): Promise<void> {
    if (this.#all.length === 0) return;
    await Promise.all(this.#all.map((one) => this.#probe(one)));
    if (this.#isDisposed) return;
    this.#timer = setTimeout(() => void this.watch(), this.#config.probe.intervalMs);
    this.#timer.unref();
  }

  /** Finds the host of an account for the protocol its client speaks, at once where its address is known. */
  placeOf(account: Account, protocol: string): Placement | Promise<Placement> {
    const pool = this.#pools.get(protocol);
    if (pool === undefined) return { kind: 'no-pool' };
    const { accountAttribute } = this.#config;
    const own = accountAttribute === undefined ? undefined : account.attributes[accountAttribute]?.[0];
    if (own !== undefined && own !== '') return this.#placeOfOwn(own, pool);
    const alive = pool.hosts.filter((host) => host.isAlive);
    const chosen = chosenFor(account.name.toLowerCase(), alive);
    if (chosen === undefined) return { kind: 'unavailable', detail: `no mail host of the pool ${pool.name} is alive` };
    return this.#addressed(chosen.host, chosen.port);
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    clearTimeout(this.#timer);
  }

  #addPool({ name, protocols, hosts }: MailPoolConfig): void {
    const pool = { name, hosts: hosts.map((host) => new MailHost(host, this.#config.probe)) };
    for (const protocol of protocols) this.#pools.set(protocol, pool);
    this.#all.push(...pool.hosts.map((host) => ({ pool: name, host })));
  }

  #placeOfOwn(text: string, pool: Pool): Placement | Promise<Placement> {
    const own = ownPlaceOf(text);
    if (own === undefined)
      return { kind: 'unavailable', detail: "the account's own mail host is none that can be read" };
    const same = pool.hosts.filter(
      ({ host, port }) =>
        (parseClientAddress(host) ?? host.toLowerCase()) === own.host && (own.port === undefined || own.port === port),
    );
    if (same.length > 0 && !same.some(({ isAlive }) => isAlive))
      return { kind: 'unavailable', detail: `the account's own mail host ${own.host} is down` };
    const port = own.port ?? same[0]?.port ?? pool.hosts[0]?.port ?? 0;
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

  async #probe({ pool, host }: HostState): Promise<void> {
    const { addresses, probe, now, events } = this.#parts;
    const address = await addresses.addressOf(host.host);
    const result: ProbeResult =
      address === undefined
        ? { kind: 'failed', detail: 'its name has no address' }
        : await probe(address, host.port, this.#config.probe.deadlineMs);
    if (this.#isDisposed) return;
    const change = host.take(result);
    const told = { backend: `mail hosts ${pool}`, server: `${host.host} port ${host.port}` };
    if (change?.kind === 'down') {
      this.#downSince.set(host, now());
      events.serverDown({ ...told, detail: change.detail });
    } else if (change?.kind === 'up') {
      events.serverUp({ ...told, downMs: now() - (this.#downSince.get(host) ?? now()) });
    }
  }
}
