import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Counted, type Counter, type Counters, EXACT_MEMBERS } from '../counters.ts';
import type { Unavailable } from '../outcome.ts';
import type { Sweepable } from '../sweep.ts';
import { type InTurn, NOT_ITS_TURN, Turn } from '../turn.ts';
import { noHurry, type OpenState, type StateHarness } from './harness.ts';
import { describeConditions, type KeepBeside } from './conditions-suite.ts';
import { describeSweeps } from './sweep-suite.ts';

/**
 * Declares the tests that all counters must pass.
 * @param keep keeps something else in the store
 */
export function describeCounters(
  name: string,
  harness: StateHarness<Counters & Sweepable>,
  keep: KeepBeside = (key) => key,
): void {
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
    describeTurns(both);
    describeConditions(both, keep);
    describeSweeps(both);
  });
}

function describeTurns(both: Both): void {
  const counterOf = (owner: string, member?: string): Counter => ({
    owner,
    name: 'turns',
    windowMs: 60_000,
    limit: 2,
    ...(member === undefined ? {} : { member }),
  });
  const countOf = async (counters: Counters, counter: Counter) => (await peek(counters, counter)).count;

  it('count what comes later in a turn where all before it is let through', async () => {
    for (const counters of both()) {
      const turn = new Turn();
      const first: InTurn = { turn, isLater: false, endsWhen: 'over' };
      const later: InTurn = { turn, isLater: true, endsWhen: 'used-up' };
      const owners = ['turn:network', 'turn:account', 'turn:account-too'];
      const answers = await Promise.all(
        owners.map((owner, i) =>
          Promise.resolve(counters.hit(counterOf(owner, 'guess'), noHurry, i === 0 ? first : later)),
        ),
      );

      assert.ok(answers.every((answer) => answer.kind === 'counted' && !answer.isOver && answer.count === 1));
    }
  });

  for (const [what, endsWhen, ends] of [
    ['is not let through', 'over', true],
    ['is not let through, where that ends nothing', undefined, false],
  ] as const)
    it(`look at nothing that comes after a hit which ${what}`, async () => {
      const [here, there] = both();
      const name = `turn ${what}`;
      for (let i = 0; i < 2; i += 1) await hit(there, counterOf(`${name}:network`));
      const turn = new Turn();
      const full = here.hit(counterOf(`${name}:network`), noHurry, { turn, isLater: false, endsWhen });
      const beside = here.hit(counterOf(`${name}:beside`), noHurry, { turn, isLater: false });
      const later = here.hit(counterOf(`${name}:account`, 'guess'), noHurry, { turn, isLater: true });

      assert.equal(isOver(await full), true);
      assert.equal(isOver(await beside), false);
      const answer = await later;
      if (ends) assert.deepEqual(answer, NOT_ITS_TURN);
      assert.equal(isOver(answer), ends);
      assert.equal(await countOf(there, counterOf(`${name}:account`, 'guess')), ends ? 0 : 1);
      assert.equal(await countOf(there, counterOf(`${name}:beside`)), 1);
    });

  for (const [endsWhen, ends] of [
    ['used-up', true],
    ['over', false],
  ] as const)
    it(`tell a member that was counted before from one that is not let through (${endsWhen})`, async () => {
      const [here, there] = both();
      const owner = `turn:known:${endsWhen}`;
      for (const member of ['first', 'second']) await hit(there, counterOf(owner, member));
      const turn = new Turn();
      const known = here.hit(counterOf(owner, 'first'), noHurry, { turn, isLater: true, endsWhen });
      const later = here.hit(counterOf(`${owner}:later`, 'first'), noHurry, { turn, isLater: true });

      assert.equal(isOver(await known), false);
      assert.equal(isOver(await later), ends);
    });

  it('keep turns apart that are asked at the same time', async () => {
    const [here] = both();
    for (let i = 0; i < 2; i += 1) await hit(here, counterOf('turn:full'));
    const turns = Array.from({ length: 40 }, (_, i) => {
      const turn = new Turn();
      const network = here.hit(counterOf(i % 2 === 0 ? 'turn:full' : `turn:free:${i}`), noHurry, {
        turn,
        isLater: false,
        endsWhen: 'over',
      });
      return [network, here.hit(counterOf(`turn:each:${i}`), noHurry, { turn, isLater: true })] as const;
    });

    for (const [i, [, later]] of turns.entries()) assert.equal(isOver(await later), i % 2 === 0, `turn ${i}`);
  });
}

function isOver(answer: Counted | Unavailable): boolean {
  assert.ok(answer.kind === 'counted');
  return answer.isOver;
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
    await hit(here, counter);

    let again = await hit(here, counter);
    for (; again.isOver; again = await hit(here, counter)) await sleep(5);

    const took = performance.now() - before;
    assert.ok(took >= 400, `let through after ${took} ms`);
    assert.ok(took < 400 * 1.125 + 500, `let through only after ${took} ms`);
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
