import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type AccountName, parseAccountName } from '../../login/account-name.ts';
import { RememberedAnswers } from './remembered-answers.ts';

const ROOMY = { maxEntries: 1000, maxBytes: 1 << 20 };

interface Question {
  readonly who: string;
  /** The login name. */
  readonly as: string;
  readonly askedAt: number;
}

function assertNoneForgotten(answers: RememberedAnswers<Question>, forgottenAt: ReadonlyMap<string, number>): void {
  for (const each of [0, 1, 2, 3, 4, 5]) {
    const found = answers.find(`key${each}`);
    for (const name of found === undefined ? [] : [found.who, found.as])
      assert.ok(found !== undefined && found.askedAt > (forgottenAt.get(name) ?? -1));
  }
}

function owner(text: string): AccountName {
  const name = parseAccountName(text);
  assert.ok(name !== undefined);
  return name;
}

describe('answers in memory', () => {
  it('are never found once their owner or their login name was forgotten after the question, in whatever order things happen', () => {
    const action = fc.record({
      kind: fc.constantFrom('ask', 'keep', 'keep', 'forget', 'forget-all', 'wait'),
      who: fc.nat(3),
      as: fc.nat(3),
      key: fc.nat(5),
      question: fc.nat(10),
    });
    fc.assert(
      fc.property(fc.array(action, { maxLength: 80 }), (actions) => {
        let now = 1000;
        const answers = new RememberedAnswers<Question>(ROOMY, () => now);
        const questions: Question[] = [];
        const forgottenAt = new Map<string, number>();
        for (const { kind, who: number, as, key, question } of actions) {
          const who = `owner${number}`;
          if (kind === 'wait') now += 1;
          if (kind === 'ask') questions.push({ who, as: `owner${as}`, askedAt: now });
          if (kind === 'forget') {
            answers.forget(owner(who));
            forgottenAt.set(who, now);
          }
          if (kind === 'forget-all') {
            answers.forgetAll();
            for (const each of [0, 1, 2, 3]) forgottenAt.set(`owner${each}`, now);
          }
          const answer = questions[question];
          if (kind === 'keep' && answer !== undefined) {
            answers.keep(`key${key}`, {
              answer,
              loginName: owner(answer.as),
              owner: owner(answer.who),
              askedAtMs: answer.askedAt,
              lifetimeMs: 1000,
              bytes: 10,
            });
          }
          assertNoneForgotten(answers, forgottenAt);
        }
      }),
    );
  });

  it('take no more entries and bytes than they may, and lose the one not used for longest', () => {
    const answers = new RememberedAnswers<number>({ maxEntries: 100, maxBytes: 5000 }, () => 0);
    const keep = (number: number, bytes: number) =>
      answers.keep(`key${number}`, {
        answer: number,
        loginName: owner(`name${number}`),
        owner: owner(`owner${number % 7}`),
        askedAtMs: 1,
        lifetimeMs: 10,
        bytes,
      });
    for (let number = 0; number < 1000; number += 1) {
      keep(number, 10);
      answers.find('key0');
    }
    assert.equal(answers.size, 100);
    assert.equal(answers.find('key0'), 0);
    assert.equal(answers.find('key1'), undefined);

    for (let number = 0; number < 100; number += 1) keep(number, 500);
    assert.ok(answers.bytes <= 5000);
    keep(5, 6000);
    assert.equal(answers.find('key5'), undefined);
    for (let number = 0; number < 7; number += 1) answers.forget(owner(`owner${number}`));
    assert.equal(answers.size, 0);
  });

  it('stay true when more owners are forgotten than can be kept in mind', () => {
    let now = 1000;
    const answers = new RememberedAnswers<string>(ROOMY, () => now);
    answers.forget(owner('alice'));
    for (let number = 0; number < 50_000; number += 1) answers.forget(owner(`other${number}`));

    const kept = { answer: 'old', loginName: owner('al'), owner: owner('alice'), lifetimeMs: 1000, bytes: 10 };
    answers.keep('key', { ...kept, askedAtMs: 999 });
    assert.equal(answers.find('key'), undefined);
    now += 1;
    answers.keep('key', { ...kept, askedAtMs: now });
    assert.equal(answers.find('key'), 'old');
  });

  it('are forgotten at once, however many there are', () => {
    const took = [1, 2, 3].map(() => {
      const answers = new RememberedAnswers<number>({ maxEntries: 60_000, maxBytes: 1 << 30 }, () => 0);
      for (let number = 0; number < 60_000; number += 1) {
        const name = owner(`o${number}`);
        const kept = { answer: number, loginName: name, owner: name, askedAtMs: 0, lifetimeMs: 10, bytes: 100 };
        answers.keep(`key${number}`, kept);
      }

      const begun = performance.now();
      answers.forgetAll();
      const milliseconds = performance.now() - begun;

      for (let number = 0; number < 60_000; number += 1) assert.equal(answers.find(`key${number}`), undefined);
      assert.equal(answers.size, 0);
      return milliseconds;
    });

    // A busy machine may hold up one of them.
    assert.ok(Math.min(...took) < 2, `${took.join(', ')} ms`);
  });
});
