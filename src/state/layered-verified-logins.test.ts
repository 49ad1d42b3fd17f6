import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { accountName, anAccount } from '../../test/support/accounts.ts';
import { LayeredVerifiedLogins } from './layered-verified-logins.ts';
import { MemoryAnnouncements } from './memory/memory-announcements.ts';
import { MemoryVerifiedLogins } from './memory/memory-verified-logins.ts';
import type { Unavailable } from './outcome.ts';
import type { RecalledLogin, VerifiedLogins } from './verified-logins.ts';

const BOUNDS = { maxEntries: 100, maxBytes: 1_000_000 };
const KEY = { loginName: accountName('alice@example.test'), scope: 'imap', passwordTag: 'tag' };
const AWAY: Unavailable = { kind: 'unavailable', overloaded: false, detail: 'away' };
const SIGNAL = new AbortController().signal;

/** A shared store that counts questions and can be away. */
class SharedStore implements VerifiedLogins {
  readonly #store = new MemoryVerifiedLogins(BOUNDS);
  isAway = false;
  asked = 0;

  async recall(...[key]: Parameters<VerifiedLogins['recall']>): Promise<RecalledLogin> {
    this.asked += 1;
    return this.isAway ? AWAY : this.#store.recall(key);
  }

  async remember(...[key, login, lifetimeMs]: Parameters<VerifiedLogins['remember']>) {
    return this.isAway ? AWAY : this.#store.remember(key, login, lifetimeMs);
  }

  async forgetAccount(...[name]: Parameters<VerifiedLogins['forgetAccount']>) {
    return this.isAway ? AWAY : this.#store.forgetAccount(name);
  }

  async forgetAll() {
    return this.isAway ? AWAY : this.#store.forgetAll();
  }
}

function setUp(localLifetimeMs = 10_000) {
  const shared = new SharedStore();
  const announcements = new MemoryAnnouncements();
  const open = () =>
    new LayeredVerifiedLogins({
      local: new MemoryVerifiedLogins(BOUNDS),
      shared,
      announcements,
      localLifetimeMs,
      longestLifetimeMs: 60_000,
      maxConfirmed: 100,
      now: Date.now,
    });
  return { shared, announcements, here: open(), there: open() };
}

const login = () => ({ account: anAccount(), provenAtMs: Date.now() - 5 });

describe('verified logins in two levels', () => {
  it('asks each time where memory is not to answer, and still goes on alone', async () => {
    const { here, shared } = setUp(0);
    await here.remember(KEY, login(), 60_000, SIGNAL);

    for (let i = 1; i <= 2; i += 1) {
      assert.equal((await here.recall(KEY, SIGNAL)).kind, 'remembered');
      assert.equal(shared.asked, i);
    }
    shared.isAway = true;
    assert.equal((await here.recall(KEY, SIGNAL)).kind, 'remembered');
  });

  it('answers at once where it has remembered itself', async () => {
    const { here, shared } = setUp();
    await here.remember(KEY, login(), 60_000, SIGNAL);

    const recalled = here.recall(KEY, SIGNAL);

    assert.ok(!(recalled instanceof Promise));
    assert.equal(recalled.kind, 'remembered');
    assert.equal(shared.asked, 0);
  });

  it('asks the shared store once for what another process has remembered', async () => {
    const { here, there, shared } = setUp();
    await here.remember(KEY, login(), 60_000, SIGNAL);

    const first = await there.recall(KEY, SIGNAL);
    const second = there.recall(KEY, SIGNAL);

    assert.equal(first.kind === 'remembered' && first.source, 'shared');
    assert.ok(!(second instanceof Promise));
    assert.equal(second.kind, 'remembered');
    assert.equal(shared.asked, 1);
  });

  it('forgets everywhere at once', async () => {
    const { here, there } = setUp();
    await here.remember(KEY, login(), 60_000, SIGNAL);
    await there.recall(KEY, SIGNAL);

    await there.forgetAccount(KEY.loginName, SIGNAL);

    assert.equal((await here.recall(KEY, SIGNAL)).kind, 'not-remembered');
    assert.equal((await there.recall(KEY, SIGNAL)).kind, 'not-remembered');
  });

  it('goes on alone while the shared store is away, and asks again afterwards', async () => {
    const { here, there, shared } = setUp();
    shared.isAway = true;
    assert.equal((await here.remember(KEY, login(), 60_000, SIGNAL))?.kind, 'unavailable');

    assert.equal((await here.recall(KEY, SIGNAL)).kind, 'remembered');
    assert.equal((await there.recall(KEY, SIGNAL)).kind, 'unavailable');

    shared.isAway = false;
    assert.equal((await there.recall(KEY, SIGNAL)).kind, 'not-remembered');
  });

  it('asks the shared store about everything where announcements may have been missed', async () => {
    const { shared } = setUp();
    let onGap = () => {};
    const announcements = {
      publish: () => undefined,
      subscribe: (listener: { onGap(): void }) => {
        onGap = () => listener.onGap();
        return { [Symbol.dispose]: () => {} };
      },
    };
    const here = new LayeredVerifiedLogins({
      local: new MemoryVerifiedLogins(BOUNDS),
      shared,
      announcements,
      localLifetimeMs: 10_000,
      longestLifetimeMs: 60_000,
      maxConfirmed: 100,
      now: Date.now,
    });
    await here.remember(KEY, login(), 60_000, SIGNAL);
    await shared.forgetAccount(KEY.loginName, SIGNAL);

    onGap();

    assert.equal((await here.recall(KEY, SIGNAL)).kind, 'not-remembered');
  });
});
