import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import pino from 'pino';
import { anAccount } from '../../../test/support/accounts.ts';
import { aMailPool, lonelyOrders } from '../../../test/support/mail-hosts.ts';
import { Events } from '../../telemetry/events.ts';
import { Metrics } from '../../telemetry/metrics.ts';
import { HostAddresses } from './host-addresses.ts';
import type { HostPast } from './mail-host.ts';
import { type GivenOrder, MailHosts } from './mail-hosts.ts';
import { KnownOrders } from './order-book.ts';
import { ownPlaceOf } from './own-place.ts';
import type { ProbeTarget } from './probes/probe-settings.ts';

const HOSTS = ['10.0.0.1', '10.0.0.2', '10.0.0.3'].map((host) => ({ host, port: 143, weight: 1 }));
const POP3 = HOSTS.map((one) => ({ ...one, port: 110 }));
const SIGNAL = AbortSignal.timeout(60_000);

function world({ past = new Map<string, HostPast>(), known = new KnownOrders() } = {}) {
  const down = new Set<string>();
  const told: unknown[] = [];
  const write = (line: string) => void told.push((JSON.parse(line) as { msg: string }).msg);
  const events = new Events({ log: pino({ base: null }, { write }), writeLine: write }, new Metrics('test'), 'plain');
  const now = () => 0;
  const addresses = new HostAddresses({ lookUp: async () => '', deadlineMs: 100, lifetimeMs: 1000, now });
  const config = {
    pools: [
      aMailPool({ name: 'imap', protocols: ['imap'], hosts: HOSTS }),
      aMailPool({ name: 'pop3', protocols: ['pop3'], hosts: POP3 }),
    ],
    accountAttribute: 'mailHost',
    probe: { failures: 1, successes: 1 },
    lookUpDeadlineMs: 100,
  };
  const probe = async ({ address }: ProbeTarget) =>
    down.has(address) ? ({ kind: 'failed', detail: 'refused' } as const) : ({ kind: 'alive' } as const);
  const hosts = new MailHosts(config, { addresses, probe, events, orders: lonelyOrders(known), past, now });
  const give = (host: string, mode: GivenOrder['mode']) =>
    hosts.give({ place: ownPlaceOf(host) ?? { host, port: undefined }, mode, reason: '', by: 'op', atMs: 1 }, SIGNAL);
  return { hosts, down, told, give };
}

function spread(hosts: MailHosts, protocol = 'imap'): Map<string, string> {
  const places = new Map<string, string>();
  for (let i = 0; i < 60; i += 1) {
    const place = hosts.placeOf(anAccount({ name: `u${i}` }), protocol);
    assert.ok(!(place instanceof Promise));
    places.set(`u${i}`, place.kind === 'placed' ? place.address : place.kind);
  }
  return places;
}

describe('a mail host', () => {
  for (const mode of ['drain', 'maintain'] as const)
    it(`that an operator wants to ${mode} gets no accounts by choice; only its own move, and they come back`, async () => {
      const { hosts, give } = world();
      const before = spread(hosts);

      await give('10.0.0.2', mode);
      const during = spread(hosts);
      await give('10.0.0.2', 'resume');

      assert.ok([...before.values()].includes('10.0.0.2'));
      for (const [account, host] of during) {
        assert.notEqual(host, '10.0.0.2');
        if (before.get(account) !== '10.0.0.2') assert.equal(host, before.get(account));
      }
      assert.deepEqual(spread(hosts), before);
    });

  it('is ordered with all its ports, or with one', async () => {
    const { hosts, give } = world();
    const states = () => hosts.hosts.filter(({ host }) => host.host === '10.0.0.1').map(({ host }) => host.state);

    assert.equal((await give('10.0.0.1:110', 'drain'))?.hosts.length, 1);
    assert.deepEqual(states(), ['up', 'drain']);
    await give('10.0.0.1', 'maintain');
    assert.deepEqual(states(), ['maintain', 'maintain']);
    await give('10.0.0.1', 'resume');
    assert.deepEqual(states(), ['up', 'up']);
    assert.equal(await give('10.0.0.9', 'drain'), undefined);
    assert.equal(await give('10.0.0.1:999', 'drain'), undefined);
  });

  it("that is drained keeps the accounts whose own host it is; in maintenance they can't be served", async () => {
    const { hosts, give } = world();
    const own = anAccount({ attributes: { mailHost: ['10.0.0.3'] } });
    const kindOf = async () => (await hosts.placeOf(own, 'imap')).kind;

    await give('10.0.0.3', 'drain');
    assert.equal(await kindOf(), 'placed');
    await give('10.0.0.3', 'maintain');
    const place = await hosts.placeOf(own, 'imap');

    assert.deepEqual(place, { kind: 'unavailable', detail: "the account's own mail host 10.0.0.3 is in maintenance" });
  });

  it('that is the last one, and drained, is no place: a temporary failure', async () => {
    const { hosts, give, down } = world();
    down.add('10.0.0.1').add('10.0.0.2');
    await hosts.watch();
    await give('10.0.0.3', 'drain');

    assert.deepEqual([...new Set(spread(hosts).values())], ['unavailable']);
    hosts[Symbol.dispose]();
  });

  it('in maintenance is not told to be down, but where it is resumed without being there', async () => {
    const { hosts, give, down, told } = world();
    await give('10.0.0.1', 'maintain');
    down.add('10.0.0.1');
    await hosts.watch();
    assert.deepEqual(told, []);

    await give('10.0.0.1:143', 'resume');
    assert.deepEqual(told, ['server down']);
    hosts[Symbol.dispose]();
  });

  it('has its order, and what probes have found, after a change of the configuration', async () => {
    const past = new Map<string, HostPast>();
    const known = new KnownOrders();
    const before = world({ past, known });
    before.down.add('10.0.0.2');
    await before.hosts.watch();
    await before.give('10.0.0.1', 'drain');
    before.hosts[Symbol.dispose]();

    const { hosts } = world({ past, known });

    assert.deepEqual([...new Set(spread(hosts).values())], ['10.0.0.3']);
    assert.equal(past.size, 6);
  });

  it('is the same for IMAP and POP3 where both pools have the same hosts', () => {
    const { hosts } = world();

    assert.deepEqual(spread(hosts, 'pop3'), spread(hosts, 'imap'));
  });
});
