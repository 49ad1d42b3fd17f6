import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Backend, VerifyResult } from '../backends/backend.ts';
import { Secret } from '../login/secret.ts';
import type { Decision } from '../login/verdict.ts';
import { MemoryVerifiedLogins } from '../state/memory/memory-verified-logins.ts';
import { PasswordTags } from '../state/password-tags.ts';
import { accountName, anAccount } from '../../test/support/accounts.ts';
import { anAttempt } from '../../test/support/attempts.ts';
import { createDecide } from './authenticate.ts';
import { VerifiedLoginMemory } from './verified-login-memory.ts';

const LIFETIME_MS = 60_000;
const OUTAGE_MS = 3_600_000;

/** A backend that answers later, with what it is told to, and counts how often it was asked. */
class SlowBackend {
  asked = 0;
  answer: VerifyResult = { kind: 'verified', account: anAccount({ backend: 'slow' }) };
  #waiting: (() => void)[] = [];
  isHeld = false;

  async verifyPassword(): Promise<VerifyResult> {
    this.asked += 1;
    if (this.isHeld) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.answer;
  }

  release(): void {
    for (const go of this.#waiting.splice(0)) go();
  }
}

function setUp(changes: { lifetimeMs?: number; outageLifetimeMs?: number; keeps?: () => boolean } = {}) {
  const backend = new SlowBackend();
  const clock = { now: 1_000_000 };
  const store = new MemoryVerifiedLogins({ maxEntries: 1000, maxBytes: 1_000_000 }, () => clock.now);
  const verifiedLogins = new VerifiedLoginMemory({
    store,
    tags: new PasswordTags(Secret.fromText('of the installation')),
    lifetimeMs: LIFETIME_MS,
    outageLifetimeMs: OUTAGE_MS,
    keeps: () => true,
    scopeOf: (attempt) => attempt.protocol,
    mayHoldMore: false,
    now: () => clock.now,
    ...changes,
  });
  const decide = createDecide({
    backends: [Object.assign(backend, { name: 'slow' }) as unknown as Backend],
    verifiedLogins,
    answersDisabledLookups: new Set(),
    deadline: () => new AbortController().signal,
    now: () => performance.now(),
  });
  const logIn = (password = 'right') => Promise.resolve(decide(anAttempt({ password: Secret.fromText(password) })));
  return { backend, clock, store, decide, logIn };
}

const sourceOf = ({ verdict }: Decision) => (verdict.kind === 'accept' ? (verdict.source ?? 'backend') : verdict.kind);

describe('a remembered login', () => {
  it('serves for its lifetime without a question, at once', async () => {
    const { backend, clock, logIn, decide } = setUp();
    assert.equal(sourceOf(await logIn()), 'backend');

    clock.now += LIFETIME_MS - 1;
    const again = decide(anAttempt({ password: Secret.fromText('right') }));

    assert.ok(!(again instanceof Promise));
    assert.equal(sourceOf(again), 'memory');
    assert.equal(backend.asked, 1);
  });

  it('ends with its lifetime', async () => {
    const { backend, clock, logIn } = setUp();
    await logIn();

    clock.now += LIFETIME_MS;

    assert.equal(sourceOf(await logIn()), 'backend');
    assert.equal(backend.asked, 2);
  });

  it('does not serve another password: that one goes to the backend', async () => {
    const { backend, logIn } = setUp();
    await logIn('right');
    backend.answer = { kind: 'wrong-password', account: anAccount({ backend: 'slow' }) };

    assert.equal(sourceOf(await logIn('wrong')), 'refuse');
    assert.equal(backend.asked, 2);
  });

  it('ends when the backend refuses any password of the account', async () => {
    const { backend, logIn } = setUp();
    await logIn('old');
    backend.answer = { kind: 'wrong-password', account: anAccount({ backend: 'slow' }) };
    await logIn('other');

    assert.equal(sourceOf(await logIn('old')), 'refuse');
  });

  it('ends when the backend says that the account is disabled', async () => {
    const { backend, logIn } = setUp();
    await logIn('old');
    backend.answer = { kind: 'verified', account: anAccount({ backend: 'slow', isDisabled: true }) };
    assert.equal(sourceOf(await logIn('new')), 'refuse');
    backend.answer = { kind: 'unavailable', overloaded: false, detail: 'away' };

    assert.equal(sourceOf(await logIn('old')), 'defer');
    assert.equal(sourceOf(await logIn('new')), 'defer');
  });

  it('serves beyond its lifetime while the backend cannot answer, and says so', async () => {
    const { backend, clock, logIn } = setUp();
    await logIn();
    backend.answer = { kind: 'unavailable', overloaded: false, detail: 'away' };

    clock.now += OUTAGE_MS - 1;
    assert.equal(sourceOf(await logIn()), 'outage');
    assert.equal(sourceOf(await logIn('another')), 'defer');

    clock.now += 1;
    assert.equal(sourceOf(await logIn()), 'defer');
  });

  it('does not outlive its account: once removed, an outage brings nothing back', async () => {
    const { backend, clock, logIn } = setUp();
    await logIn();
    clock.now += LIFETIME_MS;
    backend.answer = { kind: 'unknown-user' };
    assert.equal(sourceOf(await logIn()), 'refuse');
    backend.answer = { kind: 'unavailable', overloaded: false, detail: 'away' };

    assert.equal(sourceOf(await logIn()), 'defer');
  });

  it('is none of a backend whose logins may not be remembered', async () => {
    const { backend, logIn } = setUp({ keeps: () => false });
    await logIn();
    await logIn();

    assert.equal(backend.asked, 2);
  });

  it('is none where nothing is to be remembered', async () => {
    const { backend, logIn } = setUp({ lifetimeMs: 0 });
    await logIn();
    await logIn();

    assert.equal(backend.asked, 2);
  });

  it('does not come back where it was forgotten while the backend was being asked', async () => {
    const { backend, store, logIn, clock } = setUp();
    await logIn('first, so that logins are compared');
    backend.isHeld = true;
    const slow = logIn('old');
    await new Promise((resolve) => setImmediate(resolve));
    clock.now += 1;
    store.forgetAccount(accountName('alice@example.test'));
    backend.release();
    await slow;
    backend.isHeld = false;

    assert.equal(sourceOf(await logIn('old')), 'backend');
    assert.equal(backend.asked, 3);
  });
});

describe('logins that are the same and under way together', () => {
  it('share one question, and one answer', async () => {
    const { backend, logIn } = setUp({ lifetimeMs: 0 });
    await logIn('first, so that logins are compared');
    backend.isHeld = true;
    const together = Array.from({ length: 50 }, () => logIn());
    const other = logIn('another');
    await new Promise((resolve) => setImmediate(resolve));
    backend.release();

    assert.deepEqual(new Set((await Promise.all(together)).map(sourceOf)), new Set(['backend']));
    assert.equal(sourceOf(await other), 'backend');
    assert.equal(backend.asked, 3);
  });
});
