import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Counted, Counter, Counters } from '../counters.ts';
import type { Unavailable } from '../outcome.ts';
import { type Condition, NOT_ITS_TURN, type Place, Turn } from '../turn.ts';
import { noHurry } from './harness.ts';

/** Keeps something beside the counters, in the same store, for so long; nothing for 0. Gives the key of its place. */
export type KeepBeside = (name: string, lifetimeMs: number) => Promise<string> | string;

/**
 * Declares the tests of turns that depend on conditions. A store that cannot tell, such as several servers, says so and counts
 * nothing of them.
 */
export function describeConditions(both: () => readonly [Counters, Counters], keep: KeepBeside): void {
  const counterOf = (owner: string, member?: string): Counter => ({
    owner: `conditions:${owner}`,
    name: 'conditions',
    windowMs: 60_000,
    limit: 2,
    member,
  });
  const countOf = async (counter: Counter) => counted(await both()[1].peek(counter, noHurry)).count;
  const placeOf = async (name: string, lifetimeMs = 0, restMs = 0): Promise<Place> => {
    return { key: await keep(name, lifetimeMs), restMs };
  };
  /** Counts something in a turn with these conditions. True where it was counted, and counted once. */
  const isCounted = async (owner: string, places: readonly Place[], looks: readonly Look[] = []): Promise<boolean> => {
    const [here] = both();
    const turn = new Turn('conditional');
    const canTell = here.requireVacant?.(places, [turn], noHurry) ?? false;
    for (const { counter, voidWhen } of looks) void here.peek(counter, noHurry, [{ turn, voidWhen }]);
    const first = here.hit(counterOf(owner), noHurry, { turn, isLater: false, endsWhen: 'over' });
    const later = here.hit(counterOf(`${owner}:later`, 'm'), noHurry, { turn, isLater: true });
    const answers = await Promise.all([first, later]);

    const counts = await Promise.all([countOf(counterOf(owner)), countOf(counterOf(`${owner}:later`, 'm'))]);
    const isDone = counts[0] === 1;
    assert.deepEqual(counts, isDone ? [1, 1] : [0, 0]);
    if (!isDone) assert.deepEqual(answers, [NOT_ITS_TURN, NOT_ITS_TURN]);
    assert.ok(canTell || !isDone);
    return isDone;
  };
  const canTell = () => both()[0].requireVacant?.([], [], noHurry) ?? false;

  it('count nothing of a turn whose conditions nobody has asked of', async () => {
    const turn = new Turn('conditional');
    const hit = await both()[0].hit(counterOf('unasked'), noHurry, { turn, isLater: false });

    assert.deepEqual(hit, NOT_ITS_TURN);
    assert.equal(await countOf(counterOf('unasked')), 0);
  });

  it('count a turn where its places are vacant, and nothing of it where one is not', async () => {
    const vacant = await placeOf('vacant');
    const taken = await placeOf('taken', 60_000);

    assert.equal(await isCounted('none', []), canTell());
    assert.equal(await isCounted('vacant', [vacant]), canTell());
    assert.equal(await isCounted('taken', [taken]), false);
    assert.equal(await isCounted('one of them taken', [vacant, taken, vacant]), false);
  });

  it('take a place for vacant where what is there ends soon enough', async () => {
    const [soon, late] = [await placeOf('ends', 60_000, 120_000), await placeOf('ends', 60_000, 1000)];

    assert.equal(await isCounted('ends soon', [soon]), canTell());
    assert.equal(await isCounted('ends late', [late]), false);
    assert.equal(await isCounted('both', [soon, await placeOf('taken', 60_000)]), false);
    assert.equal(await isCounted('nothing there', [await placeOf('vacant', 0, 1000)]), canTell());
  });

  for (const [voidWhen, inEmpty, inFull] of [
    ['known', true, false],
    ['unknown', false, true],
    ['reached', true, false],
    ['below', false, true],
  ] as const)
    it(`count nothing of a turn that is void when something is ${voidWhen}`, async () => {
      const [full, empty] = [counterOf(`full ${voidWhen}`, 'a'), counterOf(`empty ${voidWhen}`, 'a')];
      for (const member of ['a', 'b']) await both()[1].hit({ ...full, member }, noHurry);

      assert.equal(await isCounted(`in empty ${voidWhen}`, [], [{ counter: empty, voidWhen }]), inEmpty && canTell());
      assert.equal(await isCounted(`in full ${voidWhen}`, [], [{ counter: full, voidWhen }]), inFull && canTell());
    });

  it('count one of two turns that depend on the contrary', async () => {
    const [here, there] = both();
    const known = counterOf('contrary', 'a');
    const count = async (name: string) => {
      const [ofKnown, ofUnknown] = [new Turn('conditional'), new Turn('conditional')];
      here.requireVacant?.([], [ofKnown, ofUnknown], noHurry);
      void here.peek(known, noHurry, [
        { turn: ofKnown, voidWhen: 'unknown' },
        { turn: ofUnknown, voidWhen: 'known' },
      ]);
      const hits = [ofKnown, ofUnknown].map((turn, i) =>
        Promise.resolve(here.hit(counterOf(`contrary ${name} ${i}`), noHurry, { turn, isLater: false })),
      );
      return (await Promise.all(hits)).map((answer) => !counted(answer).isOver);
    };

    assert.deepEqual(await count('unknown'), [false, canTell()]);
    await there.hit(known, noHurry);
    assert.deepEqual(await count('known'), [canTell(), false]);
  });

  it('keep turns apart that are asked at the same time, however many', async () => {
    const taken = await placeOf('taken', 60_000);
    const many = Array.from({ length: 90 }, (_, i) => isCounted(`many ${i}`, i % 3 === 0 ? [taken] : []));

    const isDone = await Promise.all(many);
    for (let i = 0; i < many.length; i += 3) assert.equal(isDone[i], false);
    // Where there is no room for all of a turn in one step nothing of it is counted.
    assert.ok(!canTell() || isDone.filter(Boolean).length > 50);
  });
}

interface Look {
  readonly counter: Counter;
  readonly voidWhen: Condition['voidWhen'];
}

function counted(answer: Counted | Unavailable): Counted {
  assert.ok(answer.kind === 'counted');
  return answer;
}
