import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Block } from './blocks.ts';
import type { Counter } from './counters.ts';
import { MemoryBlocks } from './memory/memory-blocks.ts';
import { MemoryCounters } from './memory/memory-counters.ts';
import type { Unavailable } from './outcome.ts';
import { StandbyBlocks } from './standby-blocks.ts';
import { StandbyCounters } from './standby-counters.ts';

const AWAY: Unavailable = { kind: 'unavailable', overloaded: false, detail: 'away' };
const COUNTER: Counter = { owner: 'account:alice', name: 'guesses', windowMs: 60_000, limit: 4 };
const noHurry = new AbortController().signal;

/** A store whose every method answers that it is away while `isAway` says so. */
function awayAtTimes<Port extends object>(port: Port, isAway: () => boolean): Port {
  return new Proxy(port, {
    get: (target, name) => {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      return (...given: unknown[]) => (isAway() ? Promise.resolve(AWAY) : Reflect.apply(method, target, given));
    },
  });
}

describe('state that stands in', () => {
  it('counts in this process while the shared counters are away, up to a stricter limit, which reads as the whole one', async () => {
    let isAway = false;
    const counters = new StandbyCounters(
      awayAtTimes(new MemoryCounters(1 << 20), () => isAway),
      new MemoryCounters(1 << 20),
      (counter) => ({ ...counter, limit: counter.limit / 2 }),
    );
    await counters.hit(COUNTER, noHurry);
    isAway = true;

    const answers = [];
    for (let i = 0; i < 3; i += 1) answers.push(await counters.hit(COUNTER, noHurry));

    assert.deepEqual(
      answers.map((answer) => answer.kind === 'counted' && [answer.count, answer.isOver]),
      [
        [1, false],
        [4, false],
        [4, true],
      ],
    );
    isAway = false;
    const shared = await counters.hit(COUNTER, noHurry);
    assert.deepEqual(shared.kind === 'counted' && [shared.count, shared.isOver], [2, false]);
  });

  it('takes members back from where they were counted', async () => {
    const shared = awayAtTimes(new MemoryCounters(1 << 20), () => true);
    const counters = new StandbyCounters(shared, new MemoryCounters(1 << 20), (counter) => ({ ...counter, limit: 1 }));
    const first = { ...COUNTER, limit: 1000, member: 'first' };
    await counters.hit(first, noHurry);
    assert.equal((await counters.hit({ ...first, member: 'second' }, noHurry)).kind === 'counted', true);

    await counters.takeBack(first, noHurry);

    const again = await counters.hit({ ...first, member: 'second' }, noHurry);
    assert.equal(again.kind === 'counted' && again.isOver, false);
  });

  it('keeps blocks of this process in force while the shared ones are away', async () => {
    let isAway = false;
    const blocks = new StandbyBlocks(
      awayAtTimes(new MemoryBlocks(100), () => isAway),
      new MemoryBlocks(100),
    );
    const block: Block = {
      key: 'a',
      rule: 'address',
      scope: 'all',
      untilMs: Date.now() + 60_000,
      reason: 'x',
      by: 'nauthilus',
    };
    await blocks.put(block, noHurry);
    isAway = true;

    assert.deepEqual(await blocks.find(['a', 'b'], noHurry), { kind: 'found', blocks: [block] });
    assert.deepEqual(await blocks.remove('a', noHurry), AWAY);
    assert.deepEqual(await blocks.find(['a'], noHurry), { kind: 'found', blocks: [] });
  });
});
