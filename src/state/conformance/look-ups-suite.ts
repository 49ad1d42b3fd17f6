import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LookUp, LookUpKey, LookUps } from '../look-ups.ts';
import {
  accountOf,
  comesTrue,
  DIFFICULT_ATTRIBUTES,
  named,
  noHurry,
  type OpenState,
  type StateHarness,
} from './harness.ts';

const LIFETIME_MS = 60_000;
const ALICE = accountOf('alice@example.test', DIFFICULT_ATTRIBUTES);

/** Declares the tests that every store of look-ups must pass. */
export function describeLookUps(name: string, harness: StateHarness<LookUps>): void {
  describe(`look-ups in ${name}`, { concurrency: false }, () => {
    let state: OpenState<LookUps>;
    before(async () => {
      state = await harness.open();
    });
    after(async () => {
      await state[Symbol.asyncDispose]();
    });
    const settle = () => sleep((harness.skewMs ?? 0) + 15);

    it('gives back accounts and unknown users, to every process', async () => {
      const answers: readonly (readonly [LookUpKey, LookUp])[] = [
        [keyOf('alice@example.test'), foundNow()],
        [keyOf('al@example.test'), foundNow()],
        [keyOf('nobody@example.test'), { kind: 'unknown-user', askedAtMs: Date.now() }],
      ];
      for (const [key, lookUp] of answers) await state.port.remember(key, lookUp, LIFETIME_MS, noHurry);

      for (const [key, lookUp] of answers) {
        const recalled = await state.other.recall(key, noHurry);
        assert.equal(recalled.kind, 'remembered');
        assert.deepEqual(recalled.lookUp, lookUp);
      }
    });

    it('knows nothing of another name or scope', async () => {
      await state.port.remember(keyOf('bob@example.test'), foundNow(), LIFETIME_MS, noHurry);

      for (const key of [keyOf('bob@example.tes'), { ...keyOf('bob@example.test'), scope: 'pop3' }]) {
        assert.equal((await state.port.recall(key, noHurry)).kind, 'not-remembered');
      }
    });

    it('ends after its lifetime', async () => {
      const key = keyOf('carol@example.test');
      await state.port.remember(key, foundNow(), 300, noHurry);
      assert.equal((await state.port.recall(key, noHurry)).kind, 'remembered');

      await sleep(350);

      assert.equal((await state.port.recall(key, noHurry)).kind, 'not-remembered');
    });

    it('forgets an account under all its login names', async () => {
      const keys = [keyOf('alice@example.test'), keyOf('postmaster@example.test')];
      for (const key of keys) await state.port.remember(key, foundNow(), LIFETIME_MS, noHurry);
      await sleep(5);

      assert.equal(await state.other.forgetAccount(ALICE.name, noHurry), undefined);

      for (const key of keys) assert.equal((await state.port.recall(key, noHurry)).kind, 'not-remembered');
      await settle();
      await comesTrue(() => isRemembered(state, keys[1] as LookUpKey));
    });

    it('forgets that a user was unknown once there is an account of that name, also when it was asked for before', async () => {
      const key = keyOf('new@example.test');
      const unknown: LookUp = { kind: 'unknown-user', askedAtMs: Date.now() };
      await state.port.remember(key, unknown, LIFETIME_MS, noHurry);
      await sleep(5);

      await state.other.forgetAccount(key.loginName, noHurry);

      assert.equal((await state.port.recall(key, noHurry)).kind, 'not-remembered');
      await state.port.remember(key, unknown, LIFETIME_MS, noHurry);
      assert.equal((await state.other.recall(key, noHurry)).kind, 'not-remembered');
    });

    it('forgets everything within a second in all processes', async () => {
      await settle();
      const key = keyOf('dave@example.test');
      await comesTrue(() => isRemembered(state, key));
      await sleep(5);

      assert.equal(await state.port.forgetAll(noHurry), undefined);

      assert.equal((await state.port.recall(key, noHurry)).kind, 'not-remembered');
      await sleep(1000);
      assert.equal((await state.other.recall(key, noHurry)).kind, 'not-remembered');
    });
  });
}

async function isRemembered({ port, other }: OpenState<LookUps>, key: LookUpKey): Promise<boolean> {
  await port.remember(key, foundNow(), LIFETIME_MS, noHurry);
  return (await other.recall(key, noHurry)).kind === 'remembered';
}

function keyOf(loginName: string): LookUpKey {
  return { loginName: named(loginName), scope: 'imap' };
}

function foundNow(): LookUp {
  return { kind: 'found', account: ALICE, askedAtMs: Date.now() };
}
