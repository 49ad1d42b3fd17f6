import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseProtocol, type Protocol } from '../login/protocol.ts';
import { MemoryLookUps } from '../state/memory/memory-look-ups.ts';
import { accountName } from '../../test/support/accounts.ts';
import { aLookUp } from '../../test/support/attempts.ts';
import { MemoryBackend } from '../../test/support/memory-backend.ts';
import { createDecide } from './authenticate.ts';
import { LookUpMemory, type LookUpLifetimes } from './look-up-memory.ts';

const ALICE = { name: 'alice@example.test', password: 'pw', aliases: ['al@example.test'] };
const [IMAP, LMTP] = ['imap', 'lmtp'].map((text) => parseProtocol(text)) as [Protocol, Protocol];
const FOUND = 'found';
const UNKNOWN = 'unknown-user';

function setUp(lifetimes: Partial<LookUpLifetimes> = {}, maxUnknown = 100) {
  const clock = { now: 1_000_000 };
  const found = { maxEntries: 100, maxBytes: 1 << 20 };
  const store = new MemoryLookUps({ found, maxUnknown }, () => clock.now);
  const first = new MemoryBackend([ALICE], 'first');
  const second = new MemoryBackend([], 'second');
  const memory = new LookUpMemory({
    store,
    lifetimes: new Map([['first', { foundMs: 5000, unknownMs: 2000, ...lifetimes }]]),
    now: () => clock.now,
  });
  const decide = createDecide({
    backends: [first, second],
    lookUps: memory,
    answersDisabledLookups: new Set(),
    deadline: () => new AbortController().signal,
    now: () => clock.now,
  });
  const lookUp = async (name = ALICE.name, changes: Parameters<typeof aLookUp>[1] = {}) => {
    const { verdict } = await decide(aLookUp(name, changes));
    if (verdict.kind === 'accept') return verdict.source === undefined ? FOUND : `${FOUND} in ${verdict.source}`;
    return verdict.kind === 'refuse' ? verdict.reason : verdict.cause;
  };
  return { clock, store, first, second, lookUp };
}

describe('look-ups that are remembered', () => {
  it('ask a backend once for an account, until its time is over', async () => {
    const { clock, first, lookUp } = setUp();

    assert.deepEqual([await lookUp(), await lookUp()], [FOUND, `${FOUND} in memory`]);
    clock.now += 4999;
    assert.equal(await lookUp(), `${FOUND} in memory`);
    assert.equal(first.asked.length, 1);
    clock.now += 1;
    assert.equal(await lookUp(), FOUND);
    assert.equal(first.asked.length, 2);
  });

  it('ask a backend once for a name that it does not know, for a shorter time, and those after it each time', async () => {
    const { clock, first, second, lookUp } = setUp();
    second.add({ name: 'bob@example.test', password: 'pw' });

    assert.deepEqual([await lookUp('bob@example.test'), await lookUp('bob@example.test')], [FOUND, FOUND]);
    assert.deepEqual([first.asked.length, second.asked.length], [1, 2]);
    clock.now += 2000;
    await lookUp('bob@example.test');
    assert.equal(first.asked.length, 2);
  });

  it('find an account at once that was made in a backend of which nothing is remembered', async () => {
    const { second, lookUp } = setUp();
    assert.equal(await lookUp('new@example.test'), UNKNOWN);

    second.add({ name: 'new@example.test', password: 'pw' });

    assert.equal(await lookUp('new@example.test'), FOUND);
  });

  it('find an account at once that was made in a backend which was said to have changed', async () => {
    const { clock, store, first, lookUp } = setUp();
    assert.equal(await lookUp('new@example.test'), UNKNOWN);
    first.add({ name: 'new@example.test', password: 'pw' });
    assert.equal(await lookUp('new@example.test'), UNKNOWN);

    clock.now += 1;
    store.forgetAccount(accountName('new@example.test'));
    clock.now += 1;

    assert.equal(await lookUp('new@example.test'), FOUND);
  });

  it('end under all names of an account when it is forgotten, and all of them together', async () => {
    const { clock, store, first, lookUp } = setUp();
    const both = () => Promise.all([lookUp(), lookUp('al@example.test')]);
    await both();
    for (const forget of [() => store.forgetAccount(accountName(ALICE.name)), () => store.forgetAll()]) {
      clock.now += 1;
      forget();
      clock.now += 1;
      first.asked.length = 0;
      await both();
      assert.equal(first.asked.length, 2);
    }
  });

  it('do not come back when the question was put before the account was forgotten', async () => {
    const { clock, store, first, lookUp } = setUp();
    const { promise, resolve } = Promise.withResolvers<void>();
    first.delay = promise;
    const asked = lookUp();
    clock.now += 1;
    store.forgetAccount(accountName(ALICE.name));
    clock.now += 1;
    resolve();

    assert.equal(await asked, FOUND);
    assert.equal(await lookUp(), FOUND);
  });

  it('are never answered from memory for another protocol, unless the backend says that it is the same', async () => {
    const { first, lookUp } = setUp();
    await lookUp(ALICE.name, { protocol: IMAP });
    assert.equal(await lookUp(ALICE.name, { protocol: LMTP }), FOUND);
    Object.assign(first, { scopeOf: () => '' });
    await lookUp(ALICE.name, { protocol: IMAP });
    assert.equal(await lookUp(ALICE.name, { protocol: LMTP }), `${FOUND} in memory`);
  });

  it('remember no outage', async () => {
    const { first, lookUp } = setUp();
    first.outage = { kind: 'unavailable', overloaded: false, detail: 'away' };
    assert.equal(await lookUp(), 'backend-unavailable');
    first.outage = undefined;
    assert.equal(await lookUp(), FOUND);
  });

  it('keep no more unknown names than they may, and lose no account for them', async () => {
    const { store, lookUp } = setUp({}, 10);
    await lookUp();
    for (let i = 0; i < 1000; i += 1) await lookUp(`nobody${i}@example.test`);

    assert.equal(store.size, 11);
    assert.equal(await lookUp(), `${FOUND} in memory`);
  });

  it('are asked each time where the time is 0', async () => {
    const { first, lookUp } = setUp({ foundMs: 0, unknownMs: 0 });
    await lookUp();
    assert.equal(await lookUp(), FOUND);
    assert.equal(first.asked.length, 2);
    const onlyFound = setUp({ unknownMs: 0 });
    assert.deepEqual(
      [await onlyFound.lookUp('x@example.test'), await onlyFound.lookUp('x@example.test')],
      [UNKNOWN, UNKNOWN],
    );
    assert.equal(onlyFound.first.asked.length, 2);
  });
});
