import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Backend, PasswordQuery, VerifyResult } from '../backends/backend.ts';
import type { Decision } from '../login/verdict.ts';
import { Secret } from '../login/secret.ts';
import { aLookUp, anAttempt } from '../../test/support/attempts.ts';
import { type MemoryAccount, MemoryBackend } from '../../test/support/memory-backend.ts';
import { createDecide, type DecisionParts } from './authenticate.ts';

const ALICE: MemoryAccount = { name: 'alice@example.test', password: 'alice-pw' };
const BOB: MemoryAccount = { name: 'bob@example.test', password: 'bob-pw', isDisabled: true };
const MS_PER_LOOK = 10;

/** Decides with a clock that goes on by 10 ms whenever somebody looks at it. */
function deciderOver(backends: readonly Backend[], changes: Partial<DecisionParts> = {}) {
  let now = 0;
  return createDecide({
    backends,
    answersDisabledLookups: new Set(),
    deadline: () => new AbortController().signal,
    now: () => (now += MS_PER_LOOK),
    ...changes,
  });
}

/** A backend that does something else when it is asked for a password. */
class OddBackend extends MemoryBackend {
  readonly #verify: (query: PasswordQuery, signal: AbortSignal) => VerifyResult | Promise<VerifyResult>;

  constructor(verify: (query: PasswordQuery, signal: AbortSignal) => VerifyResult | Promise<VerifyResult>) {
    super([ALICE]);
    this.#verify = verify;
  }

  override verifyPassword(query: PasswordQuery, signal: AbortSignal) {
    return this.#verify(query, signal);
  }
}

function stepsOf({ trail }: Decision): string[] {
  return trail.map((entry) => entry.step);
}

describe('a login', () => {
  it('with the right password is accepted after all steps in order', async () => {
    const decision = await deciderOver([new MemoryBackend([ALICE])])(anAttempt());

    assert.equal(decision.verdict.kind, 'accept');
    assert.equal(decision.verdict.account.name, 'alice@example.test');
    assert.deepEqual(stepsOf(decision), [
      'reject-invalid-name',
      'reject-unusable-password',
      'verify-with-backends',
      'apply-account-state',
    ]);
  });

  it('is decided at once where every backend answers at once', () => {
    assert.equal(deciderOver([new MemoryBackend([ALICE])])(anAttempt()) instanceof Promise, false);
    assert.equal(
      deciderOver([new MemoryBackend([]), new MemoryBackend([ALICE])])(anAttempt()) instanceof Promise,
      false,
    );
  });

  it('tells how long each step took', async () => {
    const { trail, ms } = await deciderOver([new MemoryBackend([ALICE])])(anAttempt());

    assert.deepEqual(
      trail.map((entry) => entry.ms),
      [10, 10, 10, 10],
    );
    assert.equal(ms, 40);
  });

  it('is refused for each reason by the step that finds it', async () => {
    const refusals = [
      [anAttempt({ loginName: 'alice example' }), 'invalid-name', 'reject-invalid-name'],
      [anAttempt({ loginName: '*)(uid=*' }), 'invalid-name', 'reject-invalid-name'],
      [anAttempt({ password: Secret.fromText('') }), 'empty-password', 'reject-unusable-password'],
      [anAttempt({ password: undefined }), 'empty-password', 'reject-unusable-password'],
      [anAttempt({ password: Secret.fromText('alice-pw\0') }), 'unusable-password', 'reject-unusable-password'],
      [anAttempt({ password: Secret.fromText('x'.repeat(1025)) }), 'unusable-password', 'reject-unusable-password'],
      [anAttempt({ password: Secret.fromText('wrong') }), 'wrong-password', 'verify-with-backends'],
      [anAttempt({ loginName: 'nobody' }), 'unknown-user', 'verify-with-backends'],
      [
        anAttempt({ loginName: BOB.name, password: Secret.fromText('bob-pw') }),
        'account-disabled',
        'apply-account-state',
      ],
      [anAttempt({ loginName: BOB.name }), 'wrong-password', 'verify-with-backends'],
    ] as const;
    for (const [attempt, reason, step] of refusals) {
      const decision = await deciderOver([new MemoryBackend([ALICE, BOB])])(attempt);

      assert.equal(decision.verdict.kind, 'refuse');
      assert.equal(decision.verdict.reason, reason);
      assert.equal(stepsOf(decision).at(-1), step);
    }
  });

  it('that no backend may see reaches none', async () => {
    const backend = new MemoryBackend([ALICE]);
    const decide = deciderOver([backend]);

    await decide(anAttempt({ loginName: '' }));
    await decide(anAttempt({ password: Secret.fromText('') }));
    await decide(anAttempt({ password: Secret.fromText('\0') }));

    assert.deepEqual(backend.asked, []);
  });

  it('names the account of a wrong password, for the log', async () => {
    const alias: MemoryAccount = { ...ALICE, aliases: ['al'] };
    const { verdict } = await deciderOver([new MemoryBackend([alias])])(
      anAttempt({ loginName: 'al', password: Secret.fromText('wrong') }),
    );

    assert.deepEqual(verdict, {
      kind: 'refuse',
      reason: 'wrong-password',
      backend: 'memory',
      account: 'alice@example.test',
    });
  });
});

describe('a look-up', () => {
  it('asks for no password', async () => {
    const decision = await deciderOver([new MemoryBackend([ALICE])])(aLookUp(ALICE.name));

    assert.equal(decision.verdict.kind, 'accept');
    assert.deepEqual(stepsOf(decision), ['reject-invalid-name', 'look-up-in-backends', 'apply-account-state']);
  });

  it('of an unknown, misnamed or disabled account is refused', async () => {
    for (const [name, reason] of [
      ['nobody', 'unknown-user'],
      ['a b', 'invalid-name'],
      [BOB.name, 'account-disabled'],
    ] as const) {
      const { verdict } = await deciderOver([new MemoryBackend([BOB])])(aLookUp(name));

      assert.equal(verdict.kind, 'refuse');
      assert.equal(verdict.reason, reason);
    }
  });

  it('of a disabled account is answered where its backend is set so, a login still is not', async () => {
    const decide = deciderOver([new MemoryBackend([BOB])], { answersDisabledLookups: new Set(['memory']) });

    assert.equal((await decide(aLookUp(BOB.name))).verdict.kind, 'accept');
    const login = await decide(anAttempt({ loginName: BOB.name, password: Secret.fromText(BOB.password) }));
    assert.equal(login.verdict.kind, 'refuse');
  });
});

describe('what goes wrong inside', () => {
  const failures: Readonly<Record<string, () => VerifyResult | Promise<VerifyResult>>> = {
    'at once': () => {
      throw new TypeError('a bug');
    },
    later: () => Promise.reject(new TypeError('a bug')),
  };
  for (const [when, fail] of Object.entries(failures)) {
    it(`${when} defers the login and says where it happened`, async () => {
      const decision = await deciderOver([new OddBackend(fail)])(anAttempt());

      assert.equal(decision.verdict.kind, 'defer');
      assert.equal(decision.verdict.cause, 'internal-error');
      assert.match(decision.verdict.detail, /TypeError: a bug\n.*at /);
      assert.equal(stepsOf(decision).at(-1), 'verify-with-backends');
      assert.equal(decision.ms, 30);
    });
  }

  it('defers where a backend verifies nobody', async () => {
    const odd = new OddBackend(() => ({ kind: 'verified', account: undefined as never }));

    assert.equal((await deciderOver([odd])(anAttempt())).verdict.kind, 'defer');
  });
});

describe('the deadline of a decision', () => {
  it('defers with its own cause where the backend heeds it', async () => {
    const backend = new MemoryBackend([ALICE]);
    backend.delay = new Promise(() => {});
    const deadline = new AbortController();
    const decision = deciderOver([backend], { deadline: () => deadline.signal })(anAttempt());

    deadline.abort();

    const { verdict } = await decision;
    assert.equal(verdict.kind, 'defer');
    assert.equal(verdict.cause, 'deadline-exceeded');
    assert.match(verdict.detail, /withdrawn/);
  });

  it('defers where the backend lets the reason of the signal through', async () => {
    const deadline = AbortSignal.timeout(5);
    const odd = new OddBackend(
      (_, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        }),
    );

    const { verdict } = await deciderOver([odd], { deadline: () => deadline })(anAttempt());

    assert.equal(verdict.kind, 'defer');
    assert.equal(verdict.cause, 'deadline-exceeded');
  });

  it('holds where a backend never answers', async () => {
    const odd = new OddBackend(() => new Promise(() => {}));
    const decide = deciderOver([odd], { deadline: () => AbortSignal.timeout(5) });
    // The waits themselves keep no process alive.
    const alive = setInterval(() => {}, 1000);

    const decisions = await Promise.all([decide(anAttempt()), decide(anAttempt())]);
    clearInterval(alive);

    for (const { verdict } of decisions) {
      assert.equal(verdict.kind, 'defer');
      assert.equal(verdict.cause, 'deadline-exceeded');
      assert.match(verdict.detail, /verify-with-backends/);
    }
  });

  it('that has passed does not undo what a backend found out in time', async () => {
    const deadline = new AbortController();
    const odd = new OddBackend(async ({ name }) => {
      const found = await new MemoryBackend([ALICE]).verifyPassword(
        { name, attempt: anAttempt(), password: Secret.fromText('alice-pw') },
        new AbortController().signal,
      );
      deadline.abort();
      return found;
    });

    assert.equal((await deciderOver([odd], { deadline: () => deadline.signal })(anAttempt())).verdict.kind, 'accept');
  });
});
