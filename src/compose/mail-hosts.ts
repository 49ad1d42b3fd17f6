import type { Config } from '../config/config.ts';
import type { RedisState } from '../state/redis/redis-state.ts';
import type { Events } from '../telemetry/events.ts';
import type { CallerGate } from '../wire/http/caller-gate.ts';
import type { Door } from '../wire/http/exchange.ts';
import { mailHostsDoor } from '../wire/http/admin/mail-hosts-door.ts';
import { HostAddresses, systemLookUp } from '../wire/mail-hosts/host-addresses.ts';
import { HOST_STATES, type HostPast } from '../wire/mail-hosts/mail-host.ts';
import { MailHosts, type PooledHost } from '../wire/mail-hosts/mail-hosts.ts';
import { KnownOrders, OrderBook } from '../wire/mail-hosts/order-book.ts';
import { probeHost } from '../wire/mail-hosts/probes/probe.ts';
import type { Frame } from './frame.ts';

/** For so long a host's address is used without a look at its name. */
const ADDRESS_LIFETIME_MS = 30_000;
const ORDERS_DEADLINE_MS = 5000;
/** At the start so long is waited for what operators have ordered before. */
const PATIENCE_MS = 1000;
/** Announcements may be lost: what is shared is looked at again after this. */
const LOOK_EVERY_MS = 5000;

/** What this process knows of mail hosts. It outlives a change of the configuration. */
export interface HostsHere {
  readonly orders: KnownOrders;
  readonly past: Map<string, HostPast>;
}

export function openHostsHere(): HostsHere {
  return { orders: new KnownOrders(), past: new Map() };
}

export interface OpenMailHostsParts {
  readonly frame: Frame;
  /** Absent where nothing is shared. */
  readonly redis: RedisState | undefined;
  readonly building: AsyncDisposableStack;
}

/** Opens the mail hosts; they are probed from now on, and no login waits for that. */
export async function openMailHosts(config: Config, parts: OpenMailHostsParts): Promise<MailHosts> {
  const { frame, building } = parts;
  const { events, metrics, hostsHere } = frame;
  const now = () => performance.now();
  const deadlineMs = config.mailHosts.lookUpDeadlineMs;
  const addresses = new HostAddresses({ lookUp: systemLookUp, deadlineMs, lifetimeMs: ADDRESS_LIFETIME_MS, now });
  const orders = await openOrders(config, parts);
  const mailHosts = building.use(
    new MailHosts(config.mailHosts, { addresses, probe: probeHost, events, orders, past: hostsHere.past, now }),
  );
  for (const one of mailHosts.hosts) addGauges(one, metrics, building);
  void mailHosts.watch();
  return mailHosts;
}

/** The doors of operators by their paths; anybody may enter without a gate. */
export function mailHostsDoors(
  mailHosts: MailHosts,
  events: Events,
  gate: CallerGate | undefined,
): readonly (readonly [path: string, door: Door])[] {
  return [['/api/v1/mail-hosts', mailHostsDoor(mailHosts, events, gate)]];
}

async function openOrders(config: Config, { frame, redis, building }: OpenMailHostsParts): Promise<OrderBook> {
  const orders = building.use(
    new OrderBook({
      known: frame.hostsHere.orders,
      shared: redis && { orders: redis.hostOrders, announcements: redis.announcements },
      deadline: () => AbortSignal.timeout(ORDERS_DEADLINE_MS),
    }),
  );
  if (redis === undefined || config.mailHosts.pools.length === 0) return orders;
  if (await redis.whenReady(PATIENCE_MS)) await orders.refresh();
  const timer = setInterval(() => void orders.refresh(), LOOK_EVERY_MS).unref();
  building.defer(() => clearInterval(timer));
  return orders;
}

function addGauges({ pool, host }: PooledHost, metrics: Frame['metrics'], building: AsyncDisposableStack): void {
  const labels = { pool: pool.name, host: `${host.host}:${host.port}` };
  const isAlive = () => Number(host.past.health.isAlive);
  building.use(metrics.addGauge('mail_host_ready', '1 where probes find a mail host alive.', isAlive, labels));
  const load = () => pool.loadOf(host);
  building.use(metrics.addGauge('mail_host_load', 'Accounts sent to a mail host lately.', load, labels));
  for (const state of HOST_STATES) {
    const isSo = () => Number(host.state === state);
    const help = '1 for the state that a mail host is in.';
    building.use(metrics.addGauge('mail_host_state', help, isSo, { ...labels, state }));
  }
}
