import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Unavailable, VerifyResult } from '../../backends/backend.ts';
import type { Attempt } from '../../login/attempt.ts';
import { accountName, anAccount } from '../../../test/support/accounts.ts';
import { aLookUp, anAttempt } from '../../../test/support/attempts.ts';
import { type MemoryAccount, MemoryBackend } from '../../../test/support/memory-backend.ts';
import { createDecide } from '../authenticate.ts';

const DOWN: Unavailable = { kind: 'unavailable', overloaded: false, detail: 'connection refused' };
const FULL: Unavailable = { kind: 'unavailable', overloaded: true, detail: 'the queue is full' };

interface State {
  readonly password?: string;
  readonly outage?: Unavailable;
  readonly isDisabled?: boolean;
}

const KNOWS: State = { password: 'alice-pw' };
const KNOWS_OTHERWISE: State = { password: 'another' };
const DISABLED: State = { password: 'alice-pw', isDisabled: true };
const EMPTY: State = {};
const IS_DOWN: State = { ...KNOWS, outage: DOWN };
const IS_FULL: State = { outage: FULL };

function backendIn({ password, outage, isDisabled = false }: State, name: string): MemoryBackend {
  const accounts: MemoryAccount[] =
    password === undefined ? [] : [{ name: 'alice@example.test', password, isDisabled }];
  const backend = new MemoryBackend(accounts, name);
  backend.outage = outage;
  return backend;
}

async function decideOver(backends: readonly MemoryBackend[], attempt: Attempt): Promise<string> {
  const decide = createDecide({
    backends,
    answersDisabledLookups: new Set(),
    deadline: () => new AbortController().signal,
    now: () => 0,
  });
  const { verdict } = await decide(attempt);
  switch (verdict.kind) {
    case 'accept':
      return `accept ${verdict.account.backend}`;
    case 'refuse':
      return `${verdict.reason} ${verdict.backend ?? '-'}`;
    case 'defer':
      return `${verdict.cause} ${verdict.backend ?? '-'}`;
  }
}

/** States of the backends b0, b1 …, what a login and a look-up come to, and how many backends are asked for that. */
const CHAINS: readonly (readonly [string, readonly State[], string, string, number])[] = [
  ['knows the account alone', [KNOWS], 'accept b0', 'accept b0', 1],
  ['knows nobody', [EMPTY, EMPTY], 'unknown-user -', 'unknown-user -', 2],
  ['knows it first', [KNOWS, KNOWS_OTHERWISE], 'accept b0', 'accept b0', 1],
  ['knows it first with another password', [KNOWS_OTHERWISE, KNOWS], 'wrong-password b0', 'accept b0', 1],
  ['knows it first as disabled', [DISABLED, KNOWS], 'account-disabled b0', 'account-disabled b0', 1],
  ['knows it last', [EMPTY, EMPTY, KNOWS], 'accept b2', 'accept b2', 3],
  ['is down before one that knows it', [IS_DOWN, KNOWS], 'backend-unavailable b0', 'backend-unavailable b0', 1],
  ['is down before one that does not', [IS_DOWN, EMPTY], 'backend-unavailable b0', 'backend-unavailable b0', 1],
  ['is down after one that knows it', [KNOWS, IS_DOWN], 'accept b0', 'accept b0', 1],
  ['is down after one that refuses', [KNOWS_OTHERWISE, IS_DOWN], 'wrong-password b0', 'accept b0', 1],
  ['is down after one that does not', [EMPTY, IS_DOWN, KNOWS], 'backend-unavailable b1', 'backend-unavailable b1', 2],
  ['is overloaded', [EMPTY, IS_FULL], 'backend-overloaded b1', 'backend-overloaded b1', 2],
];

describe('a chain of backends', () => {
  for (const [state, states, login, lookUp, asked] of CHAINS) {
    for (const isLate of [false, true]) {
      it(`of which one ${state} decides ${isLate ? 'later' : 'at once'}`, async () => {
        const backends = states.map((own, i) => backendIn(own, `b${i}`));
        if (isLate) for (const backend of backends) backend.delay = Promise.resolve();

        assert.equal(await decideOver(backends, anAttempt()), login);
        assert.equal(backends.filter((backend) => backend.asked.length > 0).length, asked);
        assert.equal(await decideOver(backends, aLookUp('alice@example.test')), lookUp);
      });
    }
  }

  it('of backends that answer at once and later is asked in order all the same', async () => {
    const backends = [backendIn(EMPTY, 'b0'), backendIn(EMPTY, 'b1'), backendIn(KNOWS, 'b2')];
    (backends[1] as MemoryBackend).delay = Promise.resolve();

    assert.equal(await decideOver(backends, anAttempt()), 'accept b2');
    assert.deepEqual(
      backends.map((backend) => backend.asked.length),
      [1, 1, 1],
    );
  });

  it('passes over backends that have no accounts of the name’s domain, down or not', async () => {
    const elsewhere = new DomainBackend('other.test', 'b0');
    elsewhere.outage = DOWN;
    const here = new DomainBackend('example.test', 'b1');

    assert.equal(await decideOver([elsewhere, here], anAttempt()), 'accept b1');
    assert.equal(await decideOver([elsewhere], anAttempt()), 'unknown-user -');
    assert.equal(await decideOver([elsewhere, here], aLookUp('alice@example.test')), 'accept b1');
    assert.deepEqual(elsewhere.asked, []);
  });

  it('refuses for the reason that a password policy gives, of a master user’s password too', async () => {
    for (const reason of ['account-locked', 'password-expired', 'password-must-change'] as const) {
      const backend = new PolicyBackend({
        kind: 'refused',
        reason,
        account: anAccount(),
        master: accountName('admin'),
      });

      assert.equal(await decideOver([backend, backendIn(KNOWS, 'b1')], anAttempt()), `${reason} memory`);
    }
  });
});

/** Has accounts of one domain only. */
class DomainBackend extends MemoryBackend {
  readonly #domain: string;

  constructor(domain: string, name: string) {
    super([{ name: 'alice@example.test', password: 'alice-pw' }], name);
    this.#domain = domain;
  }

  servesName(name: string): boolean {
    return name.endsWith(`@${this.#domain}`);
  }
}

/** Answers every login in one way. */
class PolicyBackend extends MemoryBackend {
  readonly #answer: VerifyResult;

  constructor(answer: VerifyResult) {
    super();
    this.#answer = answer;
  }

  override verifyPassword(): VerifyResult {
    return this.#answer;
  }
}
