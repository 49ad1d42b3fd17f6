import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { anAttempt } from '../../../test/support/attempts.ts';
import { MemoryBackend } from '../../../test/support/memory-backend.ts';
import { aProtection, type GuardedStores, guarded } from '../../../test/support/protection.ts';
import type { PasswordQuery, VerifyResult } from '../../backends/backend.ts';
import type { Attempt } from '../../login/attempt.ts';
import type { ClientAddress } from '../../login/client-address.ts';
import { Secret } from '../../login/secret.ts';
import type { Counters } from '../../state/counters.ts';
import type { MaybePromise } from '../../state/outcome.ts';

const LIMIT = 3;
const HOME = '203.0.113.7';

/** Settings with so small limits that a few attempts reach all of them. */
const SMALL = aProtection({
  accounts: { from_new_networks: LIMIT, from_known_networks: LIMIT, per_known_network: 2 },
  spraying: { accounts: LIMIT },
  networks: [
    { name: 'a', mode: 'enforce', window: '1h', limit: LIMIT, block: '1h', longest_block: '1d', ipv4_prefix: 24 },
  ],
});

interface Try {
  readonly account: string;
  readonly password: string;
  readonly address: string;
}

const aTry: fc.Arbitrary<Try> = fc.record({
  account: fc.constantFrom('alice', 'bob', 'carol', 'dave', 'erin', 'frank'),
  password: fc.constantFrom('w1', 'w2', 'w3', 'w4', 'w5', 'w6', 'right'),
  address: fc.constantFrom(HOME, '192.0.2.1', '192.0.2.2', '198.51.100.1', '10.0.0.1', '10.9.0.1'),
});

/** A backend that answers when the scheduler says, and writes down what it was asked. */
class ScheduledBackend extends MemoryBackend {
  readonly wrong: Try[] = [];
  readonly #scheduler: fc.Scheduler;

  constructor(scheduler: fc.Scheduler) {
    super(['alice', 'bob', 'carol', 'dave', 'erin', 'frank'].map((name) => ({ name, password: 'right' })));
    this.#scheduler = scheduler;
  }

  override verifyPassword(query: PasswordQuery, signal: AbortSignal): Promise<VerifyResult> {
    const password = query.password.reveal().toString();
    if (password !== 'right')
      this.wrong.push({ account: query.name, password, address: query.attempt.clientAddress ?? '' });
    return this.#scheduler.schedule(Promise.resolve()).then(() => super.verifyPassword(query, signal));
  }
}

function scheduled(scheduler: fc.Scheduler): (stores: GuardedStores) => GuardedStores {
  const late = <T>(answer: () => MaybePromise<T>): Promise<T> => scheduler.schedule(Promise.resolve()).then(answer);
  const counters = (store: Counters): Counters => ({
    hit: (counter, signal) => late(() => store.hit(counter, signal)),
    peek: (counter, signal) => late(() => store.peek(counter, signal)),
    takeBack: (counter, signal) => late(() => store.takeBack(counter, signal)),
    clear: (owner, signal) => late(() => store.clear(owner, signal)),
  });
  return ({ accounts, networks, blocks }) => ({
    accounts: counters(accounts),
    networks: counters(networks),
    blocks: {
      put: (block, signal) => late(() => blocks.put(block, signal)),
      find: (keys, signal) => late(() => blocks.find(keys, signal)),
      list: (page, signal) => blocks.list(page, signal),
      remove: (key, signal) => blocks.remove(key, signal),
    },
  });
}

function attemptOf({ account, password, address }: Try): Attempt {
  return anAttempt({
    loginName: account,
    password: Secret.fromText(password),
    clientAddress: address as ClientAddress,
  });
}

function different(
  tries: readonly Try[],
  key: (one: Try) => string,
  member: (one: Try) => string,
): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const one of tries) found.set(key(one), (found.get(key(one)) ?? new Set()).add(member(one)));
  return found;
}

function networkOf(address: string): string {
  return address.split('.').slice(0, 3).join('.');
}

function pairOf({ account, address }: Try): string {
  return `${account} ${networkOf(address)}`;
}

/** Nothing but budgets, and nothing that is wrong but passwords. */
const BUDGETS_ONLY = aProtection({
  accounts: { from_new_networks: LIMIT, from_known_networks: LIMIT, per_known_network: 2 },
  spraying: { mode: 'off' },
  networks: [],
});

describe('attempts that come at once', () => {
  it('pass no budget in any order of what happens to them', async () => {
    // Who logs in makes another network known, with a budget of its own.
    const aGuess = fc.record({
      account: fc.constantFrom('alice', 'bob'),
      password: fc.constantFrom('w1', 'w2', 'w3', 'w4', 'w5', 'w6', 'w7'),
      address: fc.constantFrom(HOME, '192.0.2.1', '10.0.0.1', '10.9.0.1'),
    });
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(aGuess, { minLength: 8, maxLength: 30 }), async (scheduler, tries) => {
        const backend = new ScheduledBackend(scheduler);
        const { decide } = guarded({ backends: [backend] }, BUDGETS_ONLY, scheduled(scheduler));
        await scheduler.waitFor(
          Promise.resolve(decide(attemptOf({ account: 'alice', password: 'right', address: HOME }))),
        );

        await scheduler.waitFor(Promise.all(tries.map(async (one) => await decide(attemptOf(one)))));

        const strange = backend.wrong.filter(({ account, address }) => account === 'bob' || address !== HOME);
        const known = backend.wrong.filter((one) => !strange.includes(one));
        const byAccount = ({ account }: Try) => account;
        for (const passwords of different(strange, byAccount, ({ password }) => password).values())
          assert.ok(passwords.size <= LIMIT, `${passwords.size} passwords`);
        for (const passwords of different(known, byAccount, ({ password }) => password).values())
          assert.ok(passwords.size <= 2, `${passwords.size} passwords in a known network`);
      }),
      { numRuns: 500 },
    );
  });

  it('pass no limit in any order of what happens to them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(aTry, { minLength: 4, maxLength: 30 }), async (scheduler, tries) => {
        const backend = new ScheduledBackend(scheduler);
        const { decide } = guarded({ backends: [backend] }, SMALL, scheduled(scheduler));
        const before = Promise.resolve(decide(attemptOf({ account: 'alice', password: 'right', address: HOME })));
        await scheduler.waitFor(before);

        await scheduler.waitFor(Promise.all(tries.map(async (one) => await decide(attemptOf(one)))));

        const { wrong } = backend;
        for (const [account, passwords] of different(
          wrong,
          ({ account }) => account,
          ({ password }) => password,
        ))
          assert.ok(passwords.size <= 2 * LIMIT, `${account}: ${passwords.size} passwords`);
        // Who has logged in out of a network has a budget there, and is counted by that from then on.
        const logins = [{ account: 'alice', password: 'right', address: HOME }, ...tries];
        const knownPairs = new Set(logins.filter(({ password }) => password === 'right').map(pairOf));
        const byPair = different(
          wrong.filter((one) => one.account !== 'alice' || networkOf(one.address) !== networkOf(HOME)),
          pairOf,
          ({ password }) => password,
        );
        for (const [pair, passwords] of byPair)
          assert.ok(passwords.size <= LIMIT + (knownPairs.has(pair) ? 2 : 0), `${pair}: ${passwords.size} passwords`);
        const atHome = wrong.filter((one) => pairOf(one) === `alice ${networkOf(HOME)}`);
        assert.ok(new Set(atHome.map(({ password }) => password)).size <= 2);
        const byNetwork = different(
          wrong.filter((one) => !knownPairs.has(pairOf(one))),
          ({ address }) => networkOf(address),
          ({ account, password }) => `${account} ${password}`,
        );
        for (const [network, guesses] of byNetwork)
          assert.ok(guesses.size <= LIMIT, `${network}: ${guesses.size} guesses`);
      }),
      { numRuns: 500 },
    );
  });
});
