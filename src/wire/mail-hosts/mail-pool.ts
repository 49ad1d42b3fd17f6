import type { Events } from '../../telemetry/events.ts';
import { type Choice, choiceBy } from './choice.ts';
import type { HostAddresses } from './host-addresses.ts';
import { type HostPast, MailHost, type MailHostParts } from './mail-host.ts';
import type { MailPoolConfig, ProbeConfig } from './mail-hosts-config.ts';
import { canonicalHost, placeKeyOf } from './place-key.ts';
import type { Probe, ProbeResult } from './probes/probe.ts';

/** How much times between probes differ, as a share of them. */
const UNEVENNESS = 0.2;

export interface MailPoolParts {
  readonly addresses: HostAddresses;
  readonly probe: Probe;
  readonly events: Events;
  readonly pastOf: (key: string) => HostPast;
  readonly orderOf: MailHostParts['orderOf'];
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

/** Hosts that serve the same protocols for the same accounts. Disposing of it ends its probes. */
export class MailPool implements Disposable {
  readonly name: string;
  readonly protocols: readonly string[];
  readonly hosts: readonly MailHost[];
  readonly #config: MailPoolConfig;
  readonly #thresholds: ProbeConfig;
  readonly #parts: MailPoolParts;
  readonly #choice: Choice;
  /** Hosts that were chosen from last; at first those that others before have sent accounts to. */
  #chosenFrom: ReadonlySet<MailHost>;
  #timer: NodeJS.Timeout | undefined;
  #isDisposed = false;

  constructor(config: MailPoolConfig, thresholds: ProbeConfig, parts: MailPoolParts) {
    this.name = config.name;
    this.protocols = config.protocols;
    this.#config = config;
    this.#thresholds = thresholds;
    this.#parts = parts;
    const keyOf = choiceKeys(config);
    this.hosts = config.hosts.map((host) => {
      const past = parts.pastOf(`${config.name} ${placeKeyOf(host.host, host.port)}`);
      return new MailHost(host, { key: keyOf(host), past, orderOf: parts.orderOf });
    });
    this.#choice = choiceBy(config.choice, (host) => this.loadOf(host));
    this.#chosenFrom = new Set(this.hosts.filter((host) => this.loadOf(host) > 0));
  }

  /** What the past of a host is kept under. */
  pastKeyOf({ placeKey }: MailHost): string {
    return `${this.name} ${placeKey}`;
  }

  /** The host for an account that has no place of its own; `undefined` where none is there. */
  choose(account: string): MailHost | undefined {
    const open = this.hosts.filter(({ state }) => state === 'up');
    if (this.#config.choice === 'least_connections') this.#welcome(open);
    return this.#choice(account, open);
  }

  countPlaced({ past }: MailHost): void {
    past.placed.add(1, this.#parts.now(), this.#config.connectionHalfLifeMs);
  }

  /** About how many connections of accounts that were sent there a host has. */
  loadOf({ past }: MailHost): number {
    return past.placed.at(this.#parts.now(), this.#config.connectionHalfLifeMs);
  }

  /** Probes all hosts now, and again and again; fulfilled after the first time. */
  async watch(): Promise<void> {
    await Promise.all(this.hosts.map((host) => this.#probe(host)));
    if (this.#isDisposed) return;
    // Uneven, so that many processes do not come at the same moment again and again.
    const unevenMs = this.#config.probe.intervalMs * (1 + (Math.random() - 0.5) * UNEVENNESS);
    this.#timer = setTimeout(() => void this.watch(), unevenMs);
    this.#timer.unref();
  }

  /** Tells operators where a host is down, or there again, and they do not know. One in maintenance may be either. */
  tellChange(host: MailHost): void {
    const { past, state } = host;
    const { now, events } = this.#parts;
    if (state === 'maintain' || past.health.isAlive === (past.downSinceMs === undefined)) return;
    const told = { backend: `mail hosts ${this.name}`, server: `${host.host} port ${host.port}` };
    const result = past.health.latest?.result;
    if (past.downSinceMs !== undefined) {
      events.serverUp({ ...told, downMs: now() - past.downSinceMs });
      past.downSinceMs = undefined;
    } else if (result?.kind === 'failed') {
      past.downSinceMs = now();
      events.serverDown({ ...told, detail: result.detail });
    }
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    clearTimeout(this.#timer);
  }

  /** One that comes back has nothing to do: without this it would get every login until it is as busy as the others. */
  #welcome(open: readonly MailHost[]): void {
    const before = this.#chosenFrom;
    const newcomers = open.filter((host) => !before.has(host));
    if (newcomers.length === 0 && open.length === before.size) return;
    this.#chosenFrom = new Set(open);
    const settled = open.filter((host) => before.has(host));
    if (settled.length === 0) return;
    const least = Math.min(...settled.map((host) => this.loadOf(host) / host.weight));
    for (const host of newcomers) {
      const missing = least * host.weight - this.loadOf(host);
      if (missing > 0) host.past.placed.add(missing, this.#parts.now(), this.#config.connectionHalfLifeMs);
    }
  }

  async #probe(host: MailHost): Promise<void> {
    const { addresses, probe, now } = this.#parts;
    const beganMs = now();
    const address = await addresses.addressOf(host.host);
    const result: ProbeResult =
      address === undefined
        ? { kind: 'failed', detail: 'its name has no address' }
        : await probe({ address, port: host.port, host: host.host }, this.#config.probe.settings);
    if (this.#isDisposed) return;
    host.past.health.take({ result, atMs: Date.now(), tookMs: now() - beganMs }, this.#thresholds);
    this.tellChange(host);
  }
}

/** Pools that have the same hosts choose alike: the name alone counts, unless it is there twice. */
function choiceKeys({ hosts }: MailPoolConfig): (host: MailPoolConfig['hosts'][number]) => string {
  const counts = new Map<string, number>();
  for (const { host } of hosts) counts.set(canonicalHost(host), (counts.get(canonicalHost(host)) ?? 0) + 1);
  return ({ host, port }) => {
    const name = canonicalHost(host);
    return counts.get(name) === 1 ? name : placeKeyOf(host, port);
  };
}
