import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import pino from 'pino';
import { aMailPool } from '../../../test/support/mail-hosts.ts';
import { Events } from '../../telemetry/events.ts';
import { Metrics } from '../../telemetry/metrics.ts';
import { FadingCount } from './fading-count.ts';
import { HostAddresses } from './host-addresses.ts';
import { HostHealth } from './host-health.ts';
import type { HostPast } from './mail-host.ts';
import type { MailPoolConfig } from './mail-hosts-config.ts';
import { MailPool } from './mail-pool.ts';

const HALF_LIFE_MS = 1000;

function poolWith(
  choice: MailPoolConfig['choice'],
  weights: Readonly<Record<string, number>>,
  pasts = new Map<string, HostPast>(),
) {
  const clock = { nowMs: 0 };
  const now = () => clock.nowMs;
  const out = new Set<string>();
  const hosts = Object.entries(weights).map(([host, weight]) => ({ host, port: 143, weight }));
  const config = aMailPool({ name: 'p', protocols: ['imap'], hosts, choice, connectionHalfLifeMs: HALF_LIFE_MS });
  const write = () => undefined;
  const pool = new MailPool(
    config,
    { failures: 1, successes: 1 },
    {
      addresses: new HostAddresses({ lookUp: async () => '', deadlineMs: 1, lifetimeMs: 1, now }),
      probe: async () => ({ kind: 'alive' }),
      events: new Events({ log: pino({}, { write }), writeLine: write }, new Metrics('test'), 'plain'),
      pastOf: (key) => {
        const past = pasts.get(key) ?? { health: new HostHealth(), placed: new FadingCount(), downSinceMs: undefined };
        pasts.set(key, past);
        return past;
      },
      orderOf: (key) =>
        out.has(key.split(' ')[0] ?? '') ? { key, mode: 'drain', sinceMs: 0, reason: '', by: 'op' } : undefined,
      now,
    },
  );
  let number = 0;
  /** Sends so many accounts, and counts where they went. */
  const send = (count: number): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (let i = 0; i < count; i += 1) {
      number += 1;
      const host = pool.choose(`user${number}`);
      if (host === undefined) continue;
      pool.countPlaced(host);
      counts[host.host] = (counts[host.host] ?? 0) + 1;
    }
    return counts;
  };
  return { pool, clock, out, send };
}

describe('the choice by weight', () => {
  it('takes one after the other, as often as the weights say, and spreads them evenly', () => {
    const { pool } = poolWith('weight', { a: 5, b: 1, c: 1 });
    const order = Array.from({ length: 7 }, () => pool.choose('the-same')?.host).join('');

    assert.equal(order, 'aabacaa');
  });

  it('goes on with the others where one is out', () => {
    const { send, out } = poolWith('weight', { a: 1, b: 1, c: 2 });
    out.add('a');

    assert.deepEqual(send(30), { b: 10, c: 20 });
  });
});

describe('the choice by connections', () => {
  it('takes the host with the fewest for its weight', () => {
    assert.deepEqual(poolWith('least_connections', { a: 1, b: 3 }).send(400), { a: 100, b: 300 });
  });

  it('forgets what is long ago', () => {
    const { pool, clock, send } = poolWith('least_connections', { a: 1, b: 1 });
    send(200);
    const [host] = pool.hosts;
    assert.ok(host !== undefined);
    const before = pool.loadOf(host);
    clock.nowMs = HALF_LIFE_MS;

    assert.equal(Math.round(before), 100);
    assert.equal(Math.round(pool.loadOf(host)), 50);
  });

  it('does not send all logins to a host that has come back', () => {
    const { out, clock, send } = poolWith('least_connections', { a: 1, b: 1, c: 1 });
    out.add('c');
    send(300);
    clock.nowMs = 100 * HALF_LIFE_MS;
    send(300);
    out.delete('c');
    const counts = send(90);

    assert.deepEqual(counts, { a: 30, b: 30, c: 30 });
  });

  it('does not send all logins to a host that a reload has brought', () => {
    const pasts = new Map<string, HostPast>();
    poolWith('least_connections', { a: 1, b: 1 }, pasts).send(200);

    assert.deepEqual(poolWith('least_connections', { a: 1, b: 1, c: 1 }, pasts).send(90), { a: 30, b: 30, c: 30 });
  });

  it('is none where no host is there', () => {
    const { out, pool } = poolWith('least_connections', { a: 1 });
    out.add('a');

    assert.equal(pool.choose('u'), undefined);
  });
});
