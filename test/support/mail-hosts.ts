import type { Events } from '../../src/telemetry/events.ts';
import { HostAddresses } from '../../src/wire/mail-hosts/host-addresses.ts';
import { MailHosts } from '../../src/wire/mail-hosts/mail-hosts.ts';
import type { MailPoolConfig } from '../../src/wire/mail-hosts/mail-hosts-config.ts';
import { KnownOrders, OrderBook } from '../../src/wire/mail-hosts/order-book.ts';
import type { ProbeSettings } from '../../src/wire/mail-hosts/probes/probe-settings.ts';

/** What a pool has to say of itself; all else is as usual. */
export type PoolChanges = Pick<MailPoolConfig, 'name' | 'protocols' | 'hosts'> & Partial<MailPoolConfig>;

export function aMailPool(changes: PoolChanges): MailPoolConfig {
  const probe = { settings: probeSettings(), intervalMs: 60_000 };
  return { choice: 'affinity', connectionHalfLifeMs: 60_000, probe, ...changes };
}

/** A probe that only connects, changed where it is to be otherwise. */
export function probeSettings(changes: Partial<ProbeSettings> = {}): ProbeSettings {
  return {
    protocol: 'tcp',
    tls: 'none',
    trust: undefined,
    serverName: undefined,
    sendsProxyHeader: false,
    login: undefined,
    http: { path: '/', status: 200 },
    deadlineMs: 2000,
    ...changes,
  };
}

/** Orders that no other process knows of. */
export function lonelyOrders(known = new KnownOrders()): OrderBook {
  return new OrderBook({ known, shared: undefined, deadline: () => AbortSignal.timeout(1000) });
}

/** Mail hosts that nobody probes; the attribute `mailHost` names an account's own. Names have no addresses. */
export function someMailHosts(pools: readonly PoolChanges[], events: Events): MailHosts {
  const now = () => performance.now();
  const lookUp = () => Promise.reject(new Error('no such name'));
  const addresses = new HostAddresses({ lookUp, deadlineMs: 100, lifetimeMs: 1000, now });
  const config = {
    pools: pools.map(aMailPool),
    accountAttribute: 'mailHost',
    probe: { failures: 1, successes: 1 },
    lookUpDeadlineMs: 100,
  };
  const orders = lonelyOrders();
  return new MailHosts(config, {
    addresses,
    probe: async () => ({ kind: 'alive' }),
    events,
    orders,
    past: new Map(),
    now,
  });
}
