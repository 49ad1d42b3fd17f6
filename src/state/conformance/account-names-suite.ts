import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AccountNames, LoginNameKey, NameOwner } from '../account-names.ts';
import { named, noHurry, type OpenState, type StateHarness } from './harness.ts';

const LIFETIME_MS = 60_000;

/** Declares the tests that all stores of account names must pass. */
export function describeAccountNames(name: string, harness: StateHarness<AccountNames>): void {
  describe(`account names in ${name}`, { concurrency: false }, () => {
    let state: OpenState<AccountNames>;
    before(async () => {
      state = await harness.open();
    });
    after(async () => {
      await state[Symbol.asyncDispose]();
    });

    it('lead from login names to accounts, in every process and for their scope only', async () => {
      const owner = ownedNow('ünï@exämple.test');
      await state.port.remember(keyOf('al@example.test'), owner, LIFETIME_MS, noHurry);

      const recalled = await state.other.recall(keyOf('al@example.test'), noHurry);
      assert.equal(recalled.kind, 'remembered');
      assert.deepEqual(recalled.owner, owner);
      for (const key of [keyOf('alice@example.test'), { ...keyOf('al@example.test'), scope: 'pop3' }]) {
        assert.equal((await state.port.recall(key, noHurry)).kind, 'not-remembered');
      }
    });

    it('end after their lifetime', async () => {
      await state.port.remember(keyOf('short@example.test'), ownedNow('alice@example.test'), 300, noHurry);
      assert.equal((await state.port.recall(keyOf('short@example.test'), noHurry)).kind, 'remembered');

      await sleep(350);

      assert.equal((await state.port.recall(keyOf('short@example.test'), noHurry)).kind, 'not-remembered');
    });

    it('are forgotten with their account, also when they are remembered only then', async () => {
      const key = keyOf('postmaster@example.test');
      const early = ownedNow('bob@example.test');
      await state.port.remember(key, early, LIFETIME_MS, noHurry);
      await sleep(5);

      await state.other.forgetAccount(named('bob@example.test'), noHurry);

      assert.equal((await state.port.recall(key, noHurry)).kind, 'not-remembered');
      await state.port.remember(key, early, LIFETIME_MS, noHurry);
      assert.equal((await state.port.recall(key, noHurry)).kind, 'not-remembered');
    });

    it('are all forgotten within a second', async () => {
      const key = keyOf('all@example.test');
      await state.port.remember(key, ownedNow('carol@example.test'), LIFETIME_MS, noHurry);
      await sleep(5);

      assert.equal(await state.port.forgetAll(noHurry), undefined);

      await sleep(1000);
      assert.equal((await state.other.recall(key, noHurry)).kind, 'not-remembered');
    });
  });
}

function keyOf(loginName: string): LoginNameKey {
  return { loginName: named(loginName), scope: 'imap' };
}

function ownedNow(account: string): NameOwner {
  return { account: named(account), askedAtMs: Date.now() };
}
