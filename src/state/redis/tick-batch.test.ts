import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { TickBatch } from './tick-batch.ts';

const NO_HURRY = new AbortController().signal;

function open(groupOf?: (question: number) => string) {
  const asked: (readonly number[])[] = [];
  const held: (() => void)[] = [];
  const batch = new TickBatch<number, string>({
    ask: (questions) => {
      asked.push(questions);
      return new Promise((resolve) => held.push(() => resolve(questions.map((question) => `answer ${question}`))));
    },
    withdrawn: 'withdrawn',
    failed: (cause) => `failed: ${cause instanceof Error ? cause.message : 'otherwise'}`,
    most: 3,
    groupOf,
  });
  return { asked, held, batch };
}

describe('questions of one turn', () => {
  it('are asked together, and each has its own answer', async () => {
    const { asked, held, batch } = open();
    const first = [batch.ask(1, NO_HURRY), batch.ask(2, NO_HURRY)];
    await nextTurn();
    const second = batch.ask(3, NO_HURRY);
    await nextTurn();

    assert.deepEqual(asked, [[1, 2], [3]]);
    for (const answer of held.toReversed()) answer();
    assert.deepEqual(await Promise.all(first), ['answer 1', 'answer 2']);
    assert.equal(await second, 'answer 3');
  });

  it('are never more than the most', async () => {
    const { asked, batch } = open();
    for (let question = 0; question < 7; question += 1) void batch.ask(question, NO_HURRY);
    await nextTurn();

    assert.deepEqual(asked, [[0, 1, 2], [3, 4, 5], [6]]);
  });

  it('are asked apart where they are of several groups, and do not wait for each other', async () => {
    const { asked, held, batch } = open((question) => (question % 2 === 0 ? 'even' : 'odd'));
    const answers = [1, 2, 3].map((question) => batch.ask(question, NO_HURRY));
    await nextTurn();

    assert.deepEqual(asked, [[1, 3], [2]]);
    held[1]?.();
    assert.equal(await answers[1], 'answer 2');
  });

  it('are withdrawn each by its own signal', async () => {
    const { asked, held, batch } = open();
    const hasty = new AbortController();
    const [kept, withdrawn] = [batch.ask(1, NO_HURRY), batch.ask(2, hasty.signal)];
    await nextTurn();
    hasty.abort();

    assert.equal(await withdrawn, 'withdrawn');
    assert.equal(await batch.ask(3, hasty.signal), 'withdrawn');
    held[0]?.();
    assert.equal(await kept, 'answer 1');
    await nextTurn();
    assert.deepEqual(asked, [[1, 2]], 'what was withdrawn before is not asked');
  });

  it('are not asked where they are withdrawn in the same turn', async () => {
    const { asked, batch } = open();
    const hasty = new AbortController();
    const withdrawn = batch.ask(1, hasty.signal);
    hasty.abort();

    assert.equal(await withdrawn, 'withdrawn');
    await nextTurn();
    assert.deepEqual(asked, []);
  });

  it('are answered each where they cannot be asked', async () => {
    const batch = new TickBatch<number, string>({
      ask: () => Promise.reject(new Error('no way')),
      withdrawn: 'withdrawn',
      failed: (cause) => `failed: ${cause instanceof Error ? cause.message : 'otherwise'}`,
      most: 3,
    });

    assert.deepEqual(await Promise.all([batch.ask(1, NO_HURRY), batch.ask(2, NO_HURRY)]), [
      'failed: no way',
      'failed: no way',
    ]);
  });
});
