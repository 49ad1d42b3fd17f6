import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { accountName, anAccount } from '../../../test/support/accounts.ts';
import { anAttempt } from '../../../test/support/attempts.ts';
import { MemoryBackend } from '../../../test/support/memory-backend.ts';
import { aProtection, StandingClock } from '../../../test/support/protection.ts';
import { markers, sharingProcess, tags } from '../../../test/support/sharing-process.ts';
import { SteppedStore } from '../../../test/support/stepped-store.ts';
import type { PasswordQuery, VerifyResult } from '../../backends/backend.ts';
import type { Attempt } from '../../login/attempt.ts';
import type { ClientAddress } from '../../login/client-address.ts';
import { Secret } from '../../login/secret.ts';
import type { Decision } from '../../login/verdict.ts';
import { guessAt, strangerCounter } from '../../protection/account-budget.ts';
import type { VerifiedLoginKey } from '../../state/verified-logins.ts';

const ALICE = 'alice@example.test';
const HOME = '203.0.113.7';
const BLOCK = { rule: 'manual', scope: 'all', reason: 'abuse', by: 'operator' };

function logsIn(loginName = ALICE, changes: Partial<Attempt> = {}): Attempt {
  const clientAddress = HOME as ClientAddress;
  return anAttempt({ loginName, password: Secret.fromText('right'), clientAddress, ...changes });
}

function said({ verdict }: Decision): string {
  return verdict.kind === 'refuse' ? verdict.reason : verdict.kind;
}

/** A process over a store of which a test says what happens before a command comes there, or its answer comes back. What is read comes first. */
function open(config = aProtection()) {
  const clock = new StandingClock();
  const happened: string[] = [];
  const before = new Map<string, () => void>();
  const wait = async (what: string): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    before.get(what)?.();
    before.delete(what);
    happened.push(what);
  };
  const store = new SteppedStore(wait, clock.now);
  const budget = strangerCounter(
    guessAt(ALICE, markers.markerOf(Secret.fromText('right')), undefined),
    config.guesses.accounts,
  );
  const isCharged = () => store.counters.peek(budget).isKnown;
  class WatchedBackend extends MemoryBackend {
    readonly seen: { readonly happened: readonly string[]; readonly isCharged: boolean }[] = [];

    override async verifyPassword(query: PasswordQuery, signal: AbortSignal): Promise<VerifyResult> {
      this.seen.push({ happened: happened.splice(0), isCharged: isCharged() });
      await new Promise((resolve) => setImmediate(resolve));
      return super.verifyPassword(query, signal);
    }
  }
  const names = [ALICE, ...Array.from({ length: 60 }, (_, i) => `user${i}@example.test`)];
  const backend = new WatchedBackend(names.map((name) => ({ name, password: 'right' })));
  const { verifiedLogins } = store;
  const keyOf = (name: string): VerifiedLoginKey => {
    const loginName = accountName(name);
    return { loginName, scope: '', passwordTag: tags.tagOf(loginName, Secret.fromText('right')) };
  };
  return {
    store,
    backend,
    before,
    clock,
    isCharged,
    names,
    remember: (name = ALICE) =>
      verifiedLogins.remember(keyOf(name), { account: anAccount({ name }), provenAtMs: clock.ms }, 60_000),
    forget: () => {
      clock.ms += 1;
      verifiedLogins.forgetAccount(accountName(ALICE));
    },
    process: (deadline?: () => AbortSignal) =>
      sharingProcess(store.view(), { backend, config, now: clock.now, ...(deadline && { deadline }) }),
  };
}

/** Until all is written that nobody waits for. */
async function settled(): Promise<void> {
  for (let i = 0; i < 50; i += 1) await new Promise((resolve) => setImmediate(resolve));
}

const ONE_TRIP = ['count there', 'read there', 'count back', 'read back'];

describe('a guess that is counted in the trip that asks who guesses', () => {
  it('is there before the backend is asked, and given back when it was right', async () => {
    const { process, backend, isCharged } = open();

    assert.equal(said(await process()(logsIn())), 'accept');
    const [seen] = backend.seen;
    assert.equal(seen?.isCharged, true);
    assert.deepEqual(seen.happened.toSorted(), ONE_TRIP.toSorted());
    await settled();
    assert.equal(isCharged(), false);
  });

  it('is counted in the network where the account is known there', async () => {
    const { process, backend, isCharged, forget } = open();
    await process()(logsIn());
    await settled();
    forget();

    assert.equal(said(await process()(logsIn())), 'accept');
    assert.deepEqual(backend.seen[1]?.happened.slice(-4).toSorted(), ONE_TRIP.toSorted());
    assert.equal(backend.seen[1]?.isCharged, false, 'not as a stranger');
    await settled();
    assert.equal(isCharged(), false);
  });

  it('is none where the login is remembered elsewhere: a crowd of them passes no limit', async () => {
    const { process, names, remember, backend, store } = open();
    for (const name of names) remember(name);
    const decide = process();

    const decisions = await Promise.all(names.map((name) => Promise.resolve(decide(logsIn(name)))));
    assert.deepEqual(new Set(decisions.map(said)), new Set(['accept']));
    assert.equal(backend.seen.length, 0);
    assert.equal(store.counters.size, 0);
  });

  it('is given back where the login is found remembered, but was forgotten before it was counted', async () => {
    const { process, before, remember, forget, isCharged, backend } = open();
    remember();
    before.set('count there', forget);
    before.set('count back', () => assert.equal(isCharged(), true));

    assert.equal(said(await process()(logsIn())), 'accept');
    assert.equal(backend.seen.length, 0);
    await settled();
    assert.equal(isCharged(), false);
  });

  it('is counted in another trip where the login is remembered only after it was looked for', async () => {
    const { process, before, remember, isCharged, backend } = open();
    before.set('count there', () => remember());

    assert.equal(said(await process()(logsIn())), 'accept');
    assert.equal(backend.seen[0]?.isCharged, true);
    await settled();
    assert.equal(isCharged(), false);
  });

  it('is none where a block by hand holds', async () => {
    const { process, store, clock, backend } = open();
    store.blocks.put({ ...BLOCK, key: `account:${ALICE}`, untilMs: clock.ms + 60_000 });

    assert.equal(said(await process()(logsIn())), 'blocked');
    assert.equal(backend.seen.length, 0);
    assert.equal(store.counters.size, 0);
  });

  it('is given back where a block was found that has ended before it is counted', async () => {
    const { process, store, clock, before, isCharged } = open();
    const key = `account:${ALICE}`;
    store.blocks.put({ ...BLOCK, key, untilMs: clock.ms + 60_000 });
    before.set('count there', () => store.blocks.remove(key));
    before.set('count back', () => assert.equal(isCharged(), true));

    assert.equal(said(await process()(logsIn())), 'blocked');
    await settled();
    assert.equal(isCharged(), false);
  });

  it('is given back where the deadline comes while its answer is on the way, and no backend is asked', async () => {
    const deadline = new AbortController();
    const { process, before, isCharged, backend } = open();
    before.set('count back', () => {
      assert.equal(isCharged(), true);
      deadline.abort(new DOMException('too late', 'TimeoutError'));
    });

    assert.equal(said(await process(() => deadline.signal)(logsIn())), 'defer');
    assert.equal(backend.seen.length, 0);
    await settled();
    assert.equal(isCharged(), false);
  });

  it('is none of somebody who is exempt', async () => {
    const { process, backend } = open(aProtection({ exempt_networks: [`${HOME}/32`] }));

    assert.equal(said(await process()(logsIn())), 'accept');
    assert.equal(backend.seen[0]?.isCharged, false);
  });

  it('is counted as that of a shared address where it was one the last time', async () => {
    const config = aProtection({ shared_addresses: { accounts: 3 } });
    const { process, names, backend } = open(config);
    const decide = process();
    for (const name of names.slice(0, 10)) {
      assert.equal(said(await decide(logsIn(name))), 'accept');
      await settled();
    }

    backend.seen.length = 0;
    assert.equal(said(await decide(logsIn(names[20]))), 'accept');
    assert.deepEqual(backend.seen[0]?.happened.slice(-4).toSorted(), ONE_TRIP.toSorted());
  });

  it('that was left behind is taken back when its password is proven', async () => {
    const { process, store, isCharged } = open();
    const config = aProtection();
    const guess = guessAt(ALICE, markers.markerOf(Secret.fromText('right')), undefined);
    store.counters.hit(strangerCounter(guess, config.guesses.accounts));
    assert.equal(isCharged(), true);

    assert.equal(said(await process()(logsIn())), 'accept');
    await settled();
    assert.equal(isCharged(), false);
  });
});
