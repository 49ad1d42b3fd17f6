import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Counted, type Counter, type Counters, EXACT_MEMBERS } from '../counters.ts';
import type { Unavailable } from '../outcome.ts';
import type { Sweepable } from '../sweep.ts';
import { noHurry, type OpenState, type StateHarness } from './harness.ts';
import { describeSweeps } from './sweep-suite.ts';

/** Declares the tests that all counters must pass. */
export function describeCounters(name: string, harness: StateHarness<Counters & Sweepable>): void {
  describe(`counters in ${name}`, { concurrency: false }, () => {
    let state: OpenState<Counters & Sweepable>;
    before(async () => {
      state = await harness.open();
    });
    after(async () => {
      await state[Symbol.asyncDispose]();
    });
    const both = () => [state.port, state.other] as const;

    describeHits(both);
    describeWindows(both);
    describeMembers(both);
    describeSweeps(both);
  });
}

type Both = () => readonly [Counters, Counters];

function describeHits(both: Both): void {
  it('let as many hits through as the limit says, together in all processes', async () => {
    const counter: Counter = { owner: 'account:alice', name: 'failures', windowMs: 60_000, limit: 5 };
    const [here, there] = both();

    const answers = [];
    for (const counters of [here, there, here, there, here, there, here]) {
      const counted = await hit(counters, counter);
      answers.push([counted.count, counted.isOver]);
    }

    assert.deepEqual(answers, [
      [1, false],
      [2, false],
      [3, false],
      [4, false],
      [5, false],
      [5, true],
      [5, true],
    ]);
  });

  it('say what is counted without counting', async () => {
    const counter: Counter = { owner: 'account:bob', name: 'failures', windowMs: 60_000, limit: 2 };
    const [here, there] = both();

    assert.deepEqual(await peek(here, counter), {
      kind: 'counted',
      count: 0,
      isOver: false,
      isKnown: false,
      resetsInMs: 0,
    });
    await hit(there, counter);
    for (let round = 0; round < 3; round += 1) assert.equal((await peek(here, counter)).count, 1);
    assert.equal((await peek(here, counter)).isOver, false);
    await hit(there, counter);
    assert.equal((await peek(here, counter)).isOver, true);
  });

  it('count owners and names apart, whatever characters they hold', async () => {
    const owners = [
      'account:carol',
      'account:carol2',
      'account:{carol}',
      'account:%7Bcarol%7D',
      'Account:carol',
      '{',
      '}',
      '',
    ];
    const counters = owners.flatMap((owner) =>
      ['a', 'b', 'a:60000'].map((name): Counter => ({ owner, name, windowMs: 60_000, limit: 3 })),
    );
    for (const counter of counters) await hit(both()[0], counter);

    for (const counter of counters) assert.equal((await peek(both()[1], counter)).count, 1, JSON.stringify(counter));
  });

  it('forget all hits of an owner, and of no other', async () => {
    const base = { windowMs: 60_000, limit: 3 };
    const gone: readonly Counter[] = [
      { ...base, owner: 'account:dave', name: 'a' },
      { ...base, owner: 'account:dave', name: 'b' },
      { ...base, owner: 'account:dave', name: 'c', member: 'x' },
    ];
    const stays: Counter = { ...base, owner: 'account:erin', name: 'a' };
    for (const counter of [...gone, stays]) await hit(both()[0], counter);

    assert.equal(await both()[1].clear('account:dave', noHurry), undefined);

    for (const counter of gone) assert.equal((await peek(both()[0], counter)).count, 0, counter.name);
    assert.equal((await peek(both()[0], stays)).count, 1);
  });

  it('never let more through than the limit, however many ask at once', async () => {
    for (const limit of [1, 7, 50]) {
      const counter: Counter = { owner: `rush:${limit}`, name: 'failures', windowMs: 60_000, limit };

      const rush = Array.from({ length: 200 }, (_, number) => hit(both()[number % 2 === 0 ? 0 : 1], counter));
      const through = (await Promise.all(rush)).filter((counted) => !counted.isOver);

      assert.deepEqual(
        through.map((counted) => counted.count).toSorted((a, b) => a - b),
        Array.from({ length: limit }, (_, index) => index + 1),
      );
    }
  });
}

function describeWindows(both: Both): void {
  it('let hits through again when the window has passed, and not before', async () => {
    const counter: Counter = { owner: 'account:frank', name: 'burst', windowMs: 400, limit: 2 };
    const [here] = both();
    const before = performance.now();
    await hit(here, counter);
    const last = await hit(here, counter);
    const bothTook = performance.now() - before;

    let again = await hit(here, counter);
    for (; again.isOver; again = await hit(here, counter)) await sleep(5);

    const took = performance.now() - before;
    assert.ok(took >= 400, `let through after ${took} ms`);
    assert.ok(took < 400 * 1.125 + 500, `let through only after ${took} ms`);
    assert.ok(last.resetsInMs >= 399 - bothTook && last.resetsInMs <= 451, `resets in ${last.resetsInMs} ms`);
  });

  it('never let more than the limit through within any window, as time goes on', async () => {
    const counter: Counter = { owner: 'account:gina', name: 'stream', windowMs: 240, limit: 4 };
    const through: { readonly asked: number; readonly answered: number }[] = [];
    const asking = async (counters: Counters) => {
      for (const end = performance.now() + 1500; performance.now() < end; await sleep(3)) {
        const asked = performance.now();
        if (!(await hit(counters, counter)).isOver) through.push({ asked, answered: performance.now() });
      }
    };

    await Promise.all([...both(), ...both()].map(asking));

    assert.ok(through.length > 8, 'hits are let through again and again');
    // The moment of counting lies between asking and the answer.
    for (const [index, first] of through.entries()) {
      const fifth = through[index + 4];
      if (fifth !== undefined) assert.ok(fifth.answered - first.asked >= 240, 'five hits within one window');
    }
  });
}

function describeMembers(both: Both): void {
  it('count different members once, and know them', async () => {
    const counter: Counter = { owner: 'network:192.0.2.1', name: 'accounts', windowMs: 60_000, limit: 2 };
    const [here, there] = both();

    const answers = [];
    for (const member of ['a', 'b', 'a', 'c', 'b', 'c', 'ü'.repeat(400)]) {
      const counted = await hit(answers.length % 2 === 0 ? here : there, { ...counter, member });
      answers.push([member[0], counted.count, counted.isOver, counted.isKnown]);
    }

    assert.deepEqual(answers, [
      ['a', 1, false, false],
      ['b', 2, false, false],
      ['a', 2, false, true],
      ['c', 2, true, false],
      ['b', 2, false, true],
      ['c', 2, true, false],
      ['ü', 2, true, false],
    ]);
    assert.equal((await peek(here, { ...counter, member: 'a' })).isKnown, true);
    assert.equal((await peek(here, { ...counter, member: 'c' })).isKnown, false);
    assert.equal((await peek(here, { ...counter, member: 'a' })).isOver, false);
    assert.equal((await peek(here, { ...counter, member: 'c' })).isOver, true);
  });

  it('take a member back, and no other', async () => {
    const counter: Counter = { owner: 'network:192.0.2.5', name: 'accounts', windowMs: 60_000, limit: 2 };
    const [here, there] = both();
    for (const member of ['a', 'b']) await hit(here, { ...counter, member });

    assert.equal(await there.takeBack({ ...counter, member: 'a' }, noHurry), undefined);
    assert.equal(await there.takeBack({ ...counter, member: 'never counted' }, noHurry), undefined);

    assert.equal((await peek(here, { ...counter, member: 'b' })).isKnown, true);
    assert.deepEqual([(await hit(here, { ...counter, member: 'c' })).count], [2]);
    for (const member of ['b', 'c']) await there.takeBack({ ...counter, member }, noHurry);
    assert.equal((await peek(here, { ...counter, member: 'b' })).count, 0);
  });

  it('never know more members than the limit, however many come at once', async () => {
    const counter: Counter = { owner: 'network:192.0.2.2', name: 'accounts', windowMs: 60_000, limit: 20 };

    const rush = Array.from({ length: 200 }, (_, number) =>
      hit(both()[number % 2 === 0 ? 0 : 1], { ...counter, member: `user${number % 50}` }),
    );
    const counted = await Promise.all(rush);

    const through = new Set(counted.flatMap(({ isOver }, number) => (isOver ? [] : [number % 50])));
    assert.equal(through.size, 20);
  });

  it('forget members that were not met for a window', async () => {
    const counter: Counter = { owner: 'network:192.0.2.3', name: 'accounts', windowMs: 800, limit: 5 };
    const begun = performance.now();
    await hit(both()[0], { ...counter, member: 'old' });
    await sleep(400);
    const met = performance.now();
    await hit(both()[0], { ...counter, member: 'new' });
    const look = () => peek(both()[1], { ...counter, member: 'new' });

    let counted = await look();
    for (const known = counted.count; counted.count === known; counted = await look()) await sleep(10);

    const sinceMet = performance.now() - met;
    const sinceBegun = performance.now() - begun;
    assert.ok(sinceBegun >= 800, `the old one was forgotten after ${sinceBegun} ms`);
    // Where this process was held up for long, the new one has left too.
    if (sinceMet < 800) assert.equal(counted.count, 1);
  });

  it('estimate many members within a few per cent, and exactly up to the bound', async () => {
    const counter: Counter = { owner: 'network:192.0.2.4', name: 'accounts', windowMs: 60_000, limit: 1_000_000 };
    let counted: Counted | undefined;
    for (let number = 0; number < 5000; number += 1) {
      counted = await hit(both()[0], { ...counter, member: `user${number}` });
      if (number < EXACT_MEMBERS) assert.equal(counted.count, number + 1);
    }

    assert.ok(counted !== undefined && counted.count > 4300 && counted.count < 5700, `${counted?.count}`);
    assert.equal(counted.isOver, false);
    assert.ok(counted.resetsInMs > 0 && counted.resetsInMs <= 67_500);
    await both()[1].clear(counter.owner, noHurry);
    assert.equal((await peek(both()[0], { ...counter, member: 'user1' })).count, 0);
  });
}

async function hit(counters: Counters, counter: Counter): Promise<Counted> {
  return counted(await counters.hit(counter, noHurry));
}

async function peek(counters: Counters, counter: Counter): Promise<Counted> {
  return counted(await counters.peek(counter, noHurry));
}

function counted(answer: Counted | Unavailable): Counted {
  assert.equal(answer.kind, 'counted', answer.kind === 'unavailable' ? answer.detail : '');
  return answer as Counted;
}
