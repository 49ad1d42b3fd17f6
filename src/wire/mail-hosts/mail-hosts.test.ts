import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import pino from 'pino';
import { anAccount } from '../../../test/support/accounts.ts';
import { aMailPool, lonelyOrders } from '../../../test/support/mail-hosts.ts';
import { Events } from '../../telemetry/events.ts';
import { Metrics } from '../../telemetry/metrics.ts';
import { HostAddresses } from './host-addresses.ts';
import type { HostPast } from './mail-host.ts';
import { MailHosts } from './mail-hosts.ts';
import type { MailPoolConfig } from './mail-hosts-config.ts';
import { ownPlaceOf } from './own-place.ts';
import { KnownOrders } from './order-book.ts';
import type { ProbeResult } from './probes/probe.ts';
import type { ProbeTarget } from './probes/probe-settings.ts';

const POOL = aMailPool({
  name: 'mail',
  protocols: ['imap', 'imaps'],
  hosts: [
    { host: '10.0.0.1', port: 143, weight: 1 },
    { host: 'mail2.test', port: 1143, weight: 1 },
  ],
});

/** What outlives a change of the configuration. */
const nothingYet = () => ({ past: new Map<string, HostPast>(), known: new KnownOrders() });

function world(
  pools: readonly MailPoolConfig[] = [POOL],
  names: Readonly<Record<string, string>> = { 'mail2.test': '10.0.0.2' },
  { past, known } = nothingYet(),
) {
  const down = new Set<string>();
  const lines: Record<string, unknown>[] = [];
  const write = (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>);
  const events = new Events({ log: pino({ base: null }, { write }), writeLine: write }, new Metrics('test'), 'plain');
  const addresses = new HostAddresses({
    lookUp: async (name) => names[name] ?? Promise.reject(new Error('no such name')),
    deadlineMs: 100,
    lifetimeMs: 1000,
    now: () => 0,
  });
  const probe = ({ address }: ProbeTarget): Promise<ProbeResult> =>
    Promise.resolve(down.has(address) ? { kind: 'failed', detail: 'refused' } : { kind: 'alive' });
  const config = {
    pools,
    accountAttribute: 'mailHost',
    probe: { failures: 2, successes: 2 },
    lookUpDeadlineMs: 100,
  };
  const hosts = new MailHosts(config, { addresses, probe, events, orders: lonelyOrders(known), past, now: () => 0 });
  return { hosts, down, lines };
}

const account = (name: string, mailHost?: string) =>
  anAccount({ name, attributes: mailHost === undefined ? {} : { mailHost: [mailHost] } });

async function addressesOf(hosts: MailHosts): Promise<Set<string>> {
  const found = new Set<string>();
  for (let i = 0; i < 50; i += 1) {
    const place = await hosts.placeOf(account(`u${i}`), 'imap');
    found.add(place.kind === 'placed' ? `${place.address} ${place.port}` : place.kind);
  }
  return found;
}

describe('mail hosts', () => {
  it('share the accounts, and are given by address', async () => {
    const { hosts } = world();

    assert.deepEqual([...(await addressesOf(hosts))].toSorted(), ['10.0.0.1 143', '10.0.0.2 1143']);
  });

  it('serve only the protocols of their pool', async () => {
    assert.equal((await world().hosts.placeOf(account('a'), 'pop3')).kind, 'no-pool');
  });

  it('that are down at the first probe are not used, and used again after enough probes', async () => {
    const { hosts, down, lines } = world();
    down.add('10.0.0.1');
    await hosts.watch();
    assert.deepEqual([...(await addressesOf(hosts))], ['10.0.0.2 1143']);

    down.clear();
    await hosts.watch();
    assert.deepEqual([...(await addressesOf(hosts))], ['10.0.0.2 1143']);
    await hosts.watch();
    assert.equal((await addressesOf(hosts)).size, 2);
    assert.deepEqual(
      lines.map(({ msg, server }) => [msg, server]),
      [
        ['server down', '10.0.0.1 port 143'],
        ['server up again', '10.0.0.1 port 143'],
      ],
    );
    hosts[Symbol.dispose]();
  });

  it('that fail one probe are still used', async () => {
    const { hosts, down } = world();
    await hosts.watch();
    down.add('10.0.0.1');
    await hosts.watch();
    assert.equal((await addressesOf(hosts)).size, 2);
    await hosts.watch();
    assert.deepEqual([...(await addressesOf(hosts))], ['10.0.0.2 1143']);
    hosts[Symbol.dispose]();
  });

  it('of which none is alive are a temporary failure', async () => {
    const { hosts, down } = world();
    down.add('10.0.0.1').add('10.0.0.2');
    await hosts.watch();

    assert.deepEqual([...(await addressesOf(hosts))], ['unavailable']);
    hosts[Symbol.dispose]();
  });

  for (const [named, place] of [
    ['10.0.0.1', '10.0.0.1 143'],
    ['MAIL2.test', '10.0.0.2 1143'],
    ['mail2.test:1143', '10.0.0.2 1143'],
    ['10.9.9.9', '10.9.9.9 143'],
    ['10.9.9.9:7143', '10.9.9.9 7143'],
    ['[2001:db8::1]:7143', '2001:db8::1 7143'],
  ] as const)
    it(`of an account that names ${named} is at ${place}`, async () => {
      const found = await world().hosts.placeOf(account('a', named), 'imap');

      assert.deepEqual(found.kind === 'placed' ? `${found.address} ${found.port}` : found, place);
    });

  for (const named of ['nowhere.test', 'two words', '10.0.0.1:99999'])
    it(`of an account that names ${named} is a temporary failure`, async () => {
      assert.equal((await world().hosts.placeOf(account('a', named), 'imap')).kind, 'unavailable');
    });

  it('of an account that names one which is down is a temporary failure, not another host', async () => {
    const { hosts, down } = world();
    down.add('10.0.0.1');
    await hosts.watch();

    assert.equal((await hosts.placeOf(account('a', '10.0.0.1'), 'imap')).kind, 'unavailable');
    hosts[Symbol.dispose]();
  });
});

describe("an account's own mail host", () => {
  for (const text of ['', ' ', 'a b', 'host:', 'host:0', 'host:65536', '[::1', '[zz]:1', 'host:1:2'])
    it(`cannot be ${JSON.stringify(text)}`, () => {
      assert.equal(ownPlaceOf(text), undefined);
    });
});

describe('addresses of hosts', () => {
  it('are kept for their lifetime, and beyond it while they cannot be looked up', async () => {
    let now = 0;
    let answer: () => Promise<string> = async () => '10.0.0.7';
    let asked = 0;
    const lookUp = () => {
      asked += 1;
      return answer();
    };
    const addresses = new HostAddresses({ lookUp, deadlineMs: 50, lifetimeMs: 100, now: () => now });
    assert.equal(await addresses.addressOf('mail.test'), '10.0.0.7');
    assert.equal(addresses.addressOf('MAIL.test'), '10.0.0.7');
    assert.equal(asked, 1);

    now = 200;
    answer = () => Promise.reject(new Error('no answer'));
    assert.equal(await addresses.addressOf('mail.test'), '10.0.0.7');
    answer = () => new Promise(() => {});
    assert.equal(await addresses.addressOf('mail.test'), '10.0.0.7');
    assert.equal(await addresses.addressOf('other.test'), undefined);
  });
});
