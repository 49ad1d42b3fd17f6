import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Counter, Counters } from '../counters.ts';
import type { Sweep, Sweepable } from '../sweep.ts';
import { noHurry } from './harness.ts';

const OF_NOBODY: Sweep = { ofOwner: () => 'none', ofCounter: () => false, ofMember: () => false };

/** Declares the tests of counters that are looked through. */
export function describeSweeps(both: () => readonly [Counters & Sweepable, Counters & Sweepable]): void {
  const owner = (name: string) => `sweep:{${name}}%7B`;
  const counter = (of: string, name: string, member?: string): Counter => ({
    owner: owner(of),
    name,
    windowMs: 60_000,
    limit: 50,
    member,
  });
  const count = async (one: Counter) => {
    const counted = await both()[0].peek(one, noHurry);
    return counted.kind === 'counted' ? counted.count : undefined;
  };

  it('are looked through: owners, counters and members go that are meant, and no others', async () => {
    const [here, there] = both();
    const counted = [
      counter('gone', 'hits'),
      counter('gone', 'members', 'a'),
      counter('looked at', 'hits'),
      counter('looked at', 'drop: this'),
      counter('looked at', 'drop: these', 'x'),
      counter('looked at', 'members', 'go 1'),
      counter('looked at', 'members', 'go 2'),
      counter('looked at', 'members', 'stay'),
      counter('looked at', 'emptied', 'go'),
      counter('passed over', 'members', 'go'),
      counter('passed over', 'drop: this'),
    ];
    for (const one of counted) await here.hit(one, noHurry);

    const swept = await there.sweep(
      {
        ofOwner: (one) => (one === owner('gone') ? 'all' : one === owner('looked at') ? 'within' : 'none'),
        ofCounter: (name) => name.startsWith('drop: '),
        ofMember: (member) => member.startsWith('go'),
      },
      noHurry,
    );

    assert.deepEqual(swept, { kind: 'swept', forgotten: 6 });
    assert.deepEqual(await Promise.all(counted.map(count)), [0, 0, 1, 0, 0, 1, 1, 1, 0, 1, 1]);
    assert.deepEqual(await there.sweep(OF_NOBODY, noHurry), { kind: 'swept', forgotten: 0 });
  });

  it('are looked through where there are thousands of owners', async () => {
    const [here, there] = both();
    for (let i = 0; i < 3000; i += 100)
      await Promise.all(
        Array.from({ length: 100 }, async (_, n) =>
          here.hit(counter(`many ${i + n}`, 'members', `m${n % 2}`), noHurry),
        ),
      );
    const ofMany = (one: string) => (one.startsWith('sweep:{many ') ? 'within' : 'none');

    const swept = await there.sweep({ ...OF_NOBODY, ofOwner: ofMany, ofMember: (one) => one === 'm1' }, noHurry);

    assert.deepEqual(swept, { kind: 'swept', forgotten: 1500 });
    assert.equal(await count(counter('many 2998', 'members', 'm0')), 1);
    assert.equal(await count(counter('many 2999', 'members', 'm1')), 0);
  });
}
