import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { type Counter, WINDOW_SLICES } from '../counters.ts';
import { MemoryCounters } from './memory-counters.ts';

const ROOM = 64 << 20;

/** Bytes that are in use, without what only waits to be collected. */
function usedHeap(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}

describe('counters in memory', () => {
  it('never let more through than the limit within any window, whenever hits come', () => {
    const steps = fc.array(fc.nat({ max: 60 }), { minLength: 1, maxLength: 300 });
    const settings = fc.record({ windowMs: fc.integer({ min: 8, max: 500 }), limit: fc.integer({ min: 1, max: 12 }) });
    fc.assert(
      fc.property(steps, settings, fc.nat(1000), (waits, { windowMs, limit }, start) => {
        let now = start;
        const counters = new MemoryCounters(ROOM, () => now);
        const through: number[] = [];
        for (const wait of waits) {
          now += wait;
          if (!counters.hit({ owner: 'a', name: 'r', windowMs, limit }).isOver) through.push(now);
        }
        for (const [index, first] of through.entries()) {
          const next = through[index + limit];
          assert.ok(next === undefined || next - first >= windowMs, `${limit + 1} hits from ${first} to ${next}`);
        }
      }),
    );
  });

  it('let a hit through at the latest when nothing was hit for a window and an eighth', () => {
    const times = fc.record({ windowMs: fc.integer({ min: 8, max: 100_000 }), start: fc.nat(1_000_000) });
    fc.assert(
      fc.property(times, ({ windowMs, start }) => {
        let now = start;
        const counters = new MemoryCounters(ROOM, () => now);
        const counter: Counter = { owner: 'a', name: 'r', windowMs, limit: 1 };
        counters.hit(counter);

        now = start + windowMs - 1;
        assert.equal(counters.peek(counter).isOver, true);
        now = start + Math.ceil(windowMs * (1 + 1 / WINDOW_SLICES)) + WINDOW_SLICES + 1;
        assert.equal(counters.hit(counter).isOver, false);
      }),
    );
  });

  it('never know more different members than the limit within a window', () => {
    const hits = fc.array(fc.tuple(fc.nat({ max: 40 }), fc.nat({ max: 15 })), { maxLength: 300 });
    fc.assert(
      fc.property(hits, fc.integer({ min: 1, max: 8 }), (steps, limit) => {
        let now = 0;
        const windowMs = 200;
        const counters = new MemoryCounters(ROOM, () => now);
        const through: { readonly at: number; readonly member: string }[] = [];
        for (const [wait, number] of steps) {
          now += wait;
          const member = `member${number}`;
          const { isOver } = counters.hit({ owner: 'a', name: 'r', windowMs, limit, member });
          if (!isOver) through.push({ at: now, member });
        }
        for (const { at } of through) {
          const within = through.filter((hit) => hit.at >= at && hit.at < at + windowMs);
          assert.ok(new Set(within.map(({ member }) => member)).size <= limit);
        }
      }),
    );
  });

  it('take no more room than they may, whoever comes, and keep those that come again', () => {
    const room = 16 << 20;
    const counters = new MemoryCounters(room);
    const steady: Counter = { owner: 'network:192.0.2.1/32', name: 'failures', windowMs: 3_600_000, limit: 1_000_000 };
    const before = usedHeap();

    for (let number = 0; number < 1_000_000; number += 1) {
      counters.hit({
        owner: `network:2001:db8:${number.toString(16)}::/64`,
        name: 'failures',
        windowMs: 3_600_000,
        limit: 10,
      });
      if (number % 1000 === 0) counters.hit(steady);
    }

    assert.ok(counters.bytes <= room, `${counters.bytes} bytes`);
    assert.ok(counters.size > 10_000, `${counters.size} owners have room`);
    assert.equal(counters.peek(steady).count, 1000);
    const grown = usedHeap() - before;
    assert.ok(grown < 1.5 * room, `the heap grew by ${grown} bytes`);
  });

  it('take no more room for an owner, however often and by whatever it is hit', () => {
    const counters = new MemoryCounters(ROOM);
    const counter: Counter = { owner: 'a', name: 'r', windowMs: 1000, limit: 10_000_000 };
    for (let number = 0; number < 100_000; number += 1) {
      counters.hit(counter);
      if (number < 20_000) counters.hit({ ...counter, member: `member${number}` });
    }

    assert.ok(counters.bytes < 150_000, `${counters.bytes} bytes`);
  });

  it('say the same of few members and of many as a plain list of all hits does', () => {
    const step = fc.record({
      kind: fc.constantFrom('hit', 'hit', 'hit', 'peek', 'take-back'),
      wait: fc.nat({ max: 60 }),
      member: fc.nat({ max: 30 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 20 }), (steps, limit) => {
        let now = 0;
        const windowMs = 800;
        const sliceMs = windowMs / WINDOW_SLICES;
        const counters = new MemoryCounters(ROOM, () => now);
        const met = new Map<string, number>();
        for (const { kind, wait, member: number } of steps) {
          now += wait;
          const member = `member${number}`;
          const counter: Counter = { owner: 'a', name: 'r', windowMs, limit, member };
          const slice = Math.floor(now / sliceMs);
          for (const [one, metIn] of met) if (metIn < slice - WINDOW_SLICES) met.delete(one);
          const isKnown = met.has(member);
          const isOver = !isKnown && met.size >= limit;
          if (kind === 'take-back') {
            counters.takeBack(counter);
            met.delete(member);
            continue;
          }
          const counted = kind === 'hit' ? counters.hit(counter) : counters.peek(counter);
          if (kind === 'hit' && !isOver) met.set(member, slice);
          assert.deepEqual(counted, { kind: 'counted', count: met.size, isOver, isKnown });
        }
      }),
    );
  });

  it('account for all that they hold, and for nothing more, whatever comes and goes', () => {
    const counters = new MemoryCounters(ROOM);
    for (let number = 0; number < 2000; number += 1) {
      const owner = `a${number % 50}`;
      counters.hit({ owner, name: `r${number % 3}`, windowMs: 60_000, limit: 100, member: `m${number % 17}` });
      counters.hit({ owner, name: 'hits', windowMs: 60_000, limit: 100 });
      if (number % 3 === 0)
        counters.takeBack({ owner, name: 'r0', windowMs: 60_000, limit: 100, member: `m${number % 17}` });
    }
    for (let number = 0; number < 50; number += 1) counters.clear(`a${number}`);

    assert.deepEqual([counters.size, counters.bytes], [0, 0]);
  });
});
