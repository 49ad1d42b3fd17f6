import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { accountName } from '../../test/support/accounts.ts';
import type { AccountName } from '../login/account-name.ts';
import type { Unavailable } from '../state/outcome.ts';
import { forgetChanged, type OpenState } from './state.ts';

const AWAY: Unavailable = { kind: 'unavailable', overloaded: false, detail: 'away' };

/** State that notes what is forgotten. */
function openNoted({ isShared = false, answer }: { isShared?: boolean; answer?: Unavailable } = {}) {
  const forgotten: string[] = [];
  const here: string[] = [];
  const state = {
    verifiedLogins: {
      forgetAccount: async (name: AccountName) => {
        forgotten.push(name);
        return answer;
      },
      forgetAll: async () => void forgotten.push('*'),
    },
    lookUps: { forgetAccount: () => {}, forgetAll: () => {} },
    lists: { forget: () => {} },
    redis: isShared ? {} : undefined,
    forgetHere: (name: AccountName) => void here.push(name),
    isWhole: () => true,
  } as unknown as OpenState;
  return { state, forgotten, here };
}

const namesUpTo = (count: number) => new Set(Array.from({ length: count }, (_, i) => accountName(`user${i}`)));

describe('accounts that have changed', () => {
  it('are forgotten one by one, in this process before anybody else is told', async () => {
    const { state, forgotten, here } = openNoted();
    const forgetting = forgetChanged(state, namesUpTo(5000));
    assert.equal(here.length, 5000);
    await forgetting;
    assert.deepEqual(new Set(forgotten), namesUpTo(5000));
  });

  it('are forgotten with all others where they are many, and where fewer are too many for what is shared', async () => {
    for (const [isShared, changed] of [
      [false, 'many'],
      [true, 'many'],
      [true, namesUpTo(1001)],
    ] as const) {
      const { state, forgotten } = openNoted({ isShared });
      await forgetChanged(state, changed);
      assert.deepEqual(forgotten, ['*']);
    }
  });

  it('are forgotten with all others where one of them could not be told in time', async () => {
    const { state, forgotten } = openNoted({ isShared: true, answer: AWAY });
    await forgetChanged(state, namesUpTo(2));
    assert.deepEqual(forgotten, ['user0', 'user1', '*']);
  });
});
