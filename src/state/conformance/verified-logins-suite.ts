import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { VerifiedLogin, VerifiedLoginKey, VerifiedLogins } from '../verified-logins.ts';
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
const BY_ALIAS = keyOf('al@example.test');
const BY_NAME = keyOf(ALICE.name);

interface Subject {
  readonly store: () => VerifiedLogins;
  readonly other: () => VerifiedLogins;
  /** Waits until what is asked from now on is younger than what was forgotten. */
  readonly settle: () => Promise<void>;
}

/** Declares the tests that every store of verified logins must pass. */
export function describeVerifiedLogins(name: string, harness: StateHarness<VerifiedLogins>): void {
  describe(`verified logins in ${name}`, { concurrency: false }, () => {
    let state: OpenState<VerifiedLogins>;
    before(async () => {
      state = await harness.open();
    });
    after(async () => {
      await state[Symbol.asyncDispose]();
    });
    const subject: Subject = {
      store: () => state.port,
      other: () => state.other,
      settle: () => sleep((harness.skewMs ?? 0) + 15),
    };

    describeRecall(subject);
    describeForgetting(subject);
  });
}

function describeRecall({ store, other }: Subject): void {
  it('gives back the account and when it was proven, to every process', async () => {
    const login = provenNow();

    assert.equal(await store().remember(BY_NAME, login, LIFETIME_MS, noHurry), undefined);

    for (const process of [store(), other()]) {
      const recalled = await process.recall(BY_NAME, noHurry);
      assert.equal(recalled.kind, 'remembered');
      assert.deepEqual(recalled.login, login);
    }
  });

  it('knows nothing of another password, login name or scope', async () => {
    await store().remember(keyOf('carol@example.test'), provenNow(), LIFETIME_MS, noHurry);

    const others = [
      { ...keyOf('carol@example.test'), passwordTag: 'another' },
      { ...keyOf('carol@example.test'), passwordTag: 'TAG' },
      { ...keyOf('carol@example.test'), scope: 'pop3' },
      { ...keyOf('carol@example.test'), scope: '' },
      keyOf('Carol@example.test'),
      keyOf('carol@example.tes'),
      keyOf('*'),
    ];
    for (const key of others) assert.equal((await store().recall(key, noHurry)).kind, 'not-remembered');
    assert.equal((await store().recall(keyOf('carol@example.test'), noHurry)).kind, 'remembered');
  });

  it('remembers two passwords of one account next to each other', async () => {
    const first = { ...keyOf('dave@example.test'), passwordTag: 'first' };
    const second = { ...keyOf('dave@example.test'), passwordTag: 'second' };
    for (const key of [first, second]) await store().remember(key, provenNow(), LIFETIME_MS, noHurry);

    for (const key of [first, second]) assert.equal((await store().recall(key, noHurry)).kind, 'remembered');
  });

  it('ends after its lifetime', async () => {
    const key = keyOf('erin@example.test');
    await store().remember(key, provenNow(), 300, noHurry);
    assert.equal((await store().recall(key, noHurry)).kind, 'remembered');

    await sleep(350);

    assert.equal((await store().recall(key, noHurry)).kind, 'not-remembered');
  });

  it('does not remember what has no lifetime', async () => {
    const key = keyOf('frank@example.test');
    for (const lifetimeMs of [0, -1]) await store().remember(key, provenNow(), lifetimeMs, noHurry);

    assert.equal((await store().recall(key, noHurry)).kind, 'not-remembered');
  });

  it('tells a proof from a renewed one', async () => {
    const key = keyOf('gina@example.test');
    const later = { account: ALICE, provenAtMs: Date.now() };
    await store().remember(key, { account: ALICE, provenAtMs: later.provenAtMs - 5000 }, LIFETIME_MS, noHurry);
    await store().remember(key, later, LIFETIME_MS, noHurry);

    const recalled = await store().recall(key, noHurry);
    assert.equal(recalled.kind, 'remembered');
    assert.equal(recalled.login.provenAtMs, later.provenAtMs);
  });
}

function describeForgetting({ store, other, settle }: Subject): void {
  it('forgets an account under all its login names and passwords, and no other', async () => {
    const bob = keyOf('bob@example.test');
    const second = { ...BY_NAME, passwordTag: 'second' };
    for (const key of [BY_NAME, BY_ALIAS, second]) await store().remember(key, provenNow(), LIFETIME_MS, noHurry);
    await store().remember(bob, provenNow('bob@example.test'), LIFETIME_MS, noHurry);
    for (const key of [BY_NAME, BY_ALIAS, second]) {
      assert.equal((await other().recall(key, noHurry)).kind, 'remembered');
    }
    await sleep(5);

    assert.equal(await other().forgetAccount(ALICE.name, noHurry), undefined);

    for (const process of [store(), other()]) {
      for (const key of [BY_NAME, BY_ALIAS, second]) {
        assert.equal((await process.recall(key, noHurry)).kind, 'not-remembered');
      }
      assert.equal((await process.recall(bob, noHurry)).kind, 'remembered');
    }
  });

  it('forgets what is remembered under a login name, whoever it leads to', async () => {
    await settle();
    await comesTrue(async () => {
      for (const key of [BY_NAME, BY_ALIAS]) await store().remember(key, provenNow(), LIFETIME_MS, noHurry);
      return (await other().recall(BY_ALIAS, noHurry)).kind === 'remembered';
    });
    await sleep(5);

    assert.equal(await other().forgetAccount(BY_ALIAS.loginName, noHurry), undefined);

    for (const process of [store(), other()]) {
      assert.equal((await process.recall(BY_ALIAS, noHurry)).kind, 'not-remembered');
      assert.equal((await process.recall(BY_NAME, noHurry)).kind, 'remembered');
    }
  });

  it('does not take back a login that was proven before it was forgotten', async () => {
    for (const key of [BY_NAME, BY_ALIAS]) {
      await settle();
      await store().recall(key, noHurry);
      const login = provenNow();
      await sleep(5);
      await other().forgetAccount(ALICE.name, noHurry);

      await store().remember(key, login, LIFETIME_MS, noHurry);

      for (const process of [store(), other()]) {
        assert.equal((await process.recall(key, noHurry)).kind, 'not-remembered');
      }
    }
  });

  it('remembers again what was proven after it was forgotten', async () => {
    await store().forgetAccount(ALICE.name, noHurry);
    await settle();

    for (const key of [BY_NAME, BY_ALIAS]) {
      await comesTrue(async () => {
        await store().remember(key, provenNow(), LIFETIME_MS, noHurry);
        return (await other().recall(key, noHurry)).kind === 'remembered';
      });
    }
  });

  it('never gives what was forgotten, however many log in at the same time', async () => {
    for (let round = 0; round < 20; round += 1) {
      const keys = Array.from({ length: 8 }, (_, number) => keyOf(`round${round}-${number}@example.test`));
      const account = `owner${round}@example.test`;
      const early = provenNow(account);
      await sleep(2);

      await Promise.all([
        ...keys.map((key) => store().remember(key, early, LIFETIME_MS, noHurry)),
        other().forgetAccount(named(account), noHurry),
        ...keys.map((key) => other().remember(key, early, LIFETIME_MS, noHurry)),
      ]);

      for (const key of keys) assert.equal((await store().recall(key, noHurry)).kind, 'not-remembered');
    }
  });

  it('forgets everything within a second in all processes', async () => {
    const keys = Array.from({ length: 20 }, (_, number) => keyOf(`all${number}@example.test`));
    for (const key of keys) await store().remember(key, provenNow(key.loginName), LIFETIME_MS, noHurry);
    for (const key of keys) assert.equal((await other().recall(key, noHurry)).kind, 'remembered');
    const early = provenNow();
    await sleep(5);

    assert.equal(await store().forgetAll(noHurry), undefined);

    for (const key of keys) assert.equal((await store().recall(key, noHurry)).kind, 'not-remembered');
    await store().remember(BY_NAME, early, LIFETIME_MS, noHurry);
    assert.equal((await store().recall(BY_NAME, noHurry)).kind, 'not-remembered');
    await sleep(1000);
    for (const key of keys) assert.equal((await other().recall(key, noHurry)).kind, 'not-remembered');
    await settle();
    await comesTrue(async () => {
      await store().remember(BY_NAME, provenNow(), LIFETIME_MS, noHurry);
      return (await other().recall(BY_NAME, noHurry)).kind === 'remembered';
    });
  });
}

function keyOf(loginName: string): VerifiedLoginKey {
  return { loginName: named(loginName), scope: 'imap', passwordTag: 'tag' };
}

function provenNow(account?: string): VerifiedLogin {
  return { account: account === undefined ? ALICE : accountOf(account), provenAtMs: Date.now() };
}
