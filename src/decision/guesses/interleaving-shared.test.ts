import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { anAttempt } from '../../../test/support/attempts.ts';
import { MemoryBackend } from '../../../test/support/memory-backend.ts';
import { aProtection, StandingClock } from '../../../test/support/protection.ts';
import { markers, sharingProcess } from '../../../test/support/sharing-process.ts';
import { SteppedStore } from '../../../test/support/stepped-store.ts';
import type { PasswordQuery, VerifyResult } from '../../backends/backend.ts';
import type { AccountName } from '../../login/account-name.ts';
import type { Attempt } from '../../login/attempt.ts';
import type { ClientAddress } from '../../login/client-address.ts';
import { Secret } from '../../login/secret.ts';
import { guessAt, knownCounters, strangerCounter } from '../../protection/account-budget.ts';
import type { Block } from '../../state/blocks.ts';
import type { MemoryCounters } from '../../state/memory/memory-counters.ts';
import type { Counter } from '../../state/counters.ts';

const LIMIT = 3;
const NETWORK_LIMIT = 5;
const RUNS = Number(process.env['INTERLEAVING_RUNS'] ?? 80);
const ACCOUNTS = ['alice', 'bob', 'carol'] as const;
const ADDRESSES = ['203.0.113.7', '192.0.2.1', '192.0.2.2'] as const;

const SMALL = aProtection({
  accounts: { from_new_networks: LIMIT, from_known_networks: LIMIT, per_known_network: 2 },
  spraying: { accounts: LIMIT },
  networks: [
    {
      name: 'a',
      mode: 'enforce',
      window: '1h',
      limit: NETWORK_LIMIT,
      block: '1h',
      longest_block: '1d',
      ipv4_prefix: 24,
    },
  ],
});

interface Try {
  readonly account: string;
  readonly password: string;
  readonly address: string;
}

const FIRST: Try = { account: 'alice', password: 'right', address: ADDRESSES[0] };

/** Something that happens: most of it is attempts. */
type Event =
  | ({ readonly kind: 'try' } & Try)
  | { readonly kind: 'flush'; readonly account: string }
  | { readonly kind: 'block'; readonly address: string }
  | { readonly kind: 'unblock'; readonly address: string };

const account = fc.constantFrom(...ACCOUNTS);
const address = fc.constantFrom(...ADDRESSES);
const anEvent: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('try' as const),
      account,
      password: fc.constantFrom('w1', 'w2', 'w3', 'w4', 'w5', 'right', 'right'),
      address,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('flush' as const), account }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('block' as const, 'unblock' as const), address }) },
);

/** A backend that answers when the scheduler says, and writes down what it was asked. */
class ScheduledBackend extends MemoryBackend {
  readonly wrong: Try[] = [];
  /** Guesses that it was asked about although nobody had counted them. */
  readonly uncounted: Try[] = [];
  readonly #scheduler: fc.Scheduler;
  readonly #counters: MemoryCounters;

  constructor(scheduler: fc.Scheduler, counters: MemoryCounters) {
    super(ACCOUNTS.map((name) => ({ name, password: 'right' })));
    this.#scheduler = scheduler;
    this.#counters = counters;
  }

  override verifyPassword(query: PasswordQuery, signal: AbortSignal): Promise<VerifyResult> {
    const password = query.password.reveal().toString();
    if (password !== 'right') {
      const one: Try = { account: query.name, password, address: query.attempt.clientAddress ?? '' };
      this.wrong.push(one);
      if (!budgetsOf(query.name, password).some((counter) => this.#counters.peek(counter).isKnown))
        this.uncounted.push(one);
    }
    return this.#scheduler.schedule(Promise.resolve(), 'backend').then(() => super.verifyPassword(query, signal));
  }
}

function attemptOf({ account: loginName, password, address: from }: Try): Attempt {
  return anAttempt({ loginName, password: Secret.fromText(password), clientAddress: from as ClientAddress });
}

function networkOf(from: string): string {
  return `${from.split('.').slice(0, 3).join('.')}.0/24`;
}

function pairOf({ account: name, address: from }: Try): string {
  return `${name} ${networkOf(from)}`;
}

function passwordsOf(guesses: readonly Try[]): number {
  return new Set(guesses.map(({ password }) => password)).size;
}

function blockOf(from: string, now: number): Block {
  const key = `network:${from}/32`;
  return { key, network: `${from}/32`, rule: 'manual', scope: 'all', untilMs: now + 60_000, reason: '', by: 'test' };
}

/** Every budget that a guess at an account may be counted by. */
function budgetsOf(name: string, password: string): readonly Counter[] {
  const rule = SMALL.guesses.accounts;
  const guess = guessAt(name, markers.markerOf(Secret.fromText(password)), undefined);
  const networks = new Set(ADDRESSES.map(networkOf));
  return [strangerCounter(guess, rule), ...[...networks].flatMap((network) => knownCounters(guess, network, rule))];
}

/** Limits that no wrong passwords may have passed. */
function assertWithinLimits(answered: readonly Try[], events: readonly Event[]): void {
  const tries = events.filter((event) => event.kind === 'try');
  // Who has logged in out of a network has a budget there, and is counted by that from then on.
  const known = new Set([FIRST, ...tries].filter(({ password }) => password === 'right').map(pairOf));
  const strange = answered.filter((one) => !known.has(pairOf(one)));
  for (const guesses of Map.groupBy(strange, (one) => one.account).values())
    assert.ok(passwordsOf(guesses) <= LIMIT, `${passwordsOf(guesses)} passwords of strangers`);
  for (const guesses of Map.groupBy(strange, (one) => networkOf(one.address)).values()) {
    const pairs = new Set(guesses.map((one) => `${one.account} ${one.password}`));
    assert.ok(pairs.size <= NETWORK_LIMIT, `${pairs.size} guesses of a network`);
  }
  const atHome = answered.filter((one) => pairOf(one) === pairOf(FIRST));
  assert.ok(passwordsOf(atHome) <= 2, `${passwordsOf(atHome)} passwords in a known network`);
}

describe('attempts that come at once to processes that share a store', () => {
  for (const processes of [1, 2])
    it(`pass no budget, and leave nothing of right passwords behind, in ${processes}`, async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.scheduler(),
          fc.array(anEvent, { minLength: 4, maxLength: 24 }),
          fc.integer({ min: 0, max: 6 }),
          async (scheduler, events, late) => {
            const clock = new StandingClock();
            const store = new SteppedStore((what) => scheduler.schedule(Promise.resolve(), what), clock.now);
            const backend = new ScheduledBackend(scheduler, store.counters);
            /** What somebody has learnt to be wrong: who came to his deadline knows nothing, and is not charged. */
            const answered: Try[] = [];
            const deadlines: AbortController[] = [];
            const deadline = () => {
              const controller = new AbortController();
              deadlines.push(controller);
              return controller.signal;
            };
            const decides = Array.from({ length: processes }, () =>
              sharingProcess(store.view(), { backend, config: SMALL, now: clock.now, deadline }),
            );
            const happens = async (event: Event, i: number): Promise<unknown> => {
              switch (event.kind) {
                case 'try': {
                  const decision = await decides[i % processes]?.(attemptOf(event));
                  if (decision?.verdict.kind === 'refuse' && decision.verdict.reason === 'wrong-password')
                    answered.push(event);
                  return undefined;
                }
                case 'flush':
                  await scheduler.schedule(Promise.resolve(), 'flush');
                  clock.ms += 1;
                  return store.verifiedLogins.forgetAccount(event.account as AccountName);
                case 'block':
                  await scheduler.schedule(Promise.resolve(), 'block');
                  return store.blocks.put(blockOf(event.address, clock.ms));
                case 'unblock':
                  await scheduler.schedule(Promise.resolve(), 'unblock');
                  return store.blocks.remove(blockOf(event.address, clock.ms).key);
              }
            };
            await scheduler.waitFor(Promise.resolve(decides[0]?.(attemptOf(FIRST))));
            // Until the books are written another process does not know the network.
            await scheduler.waitIdle();
            const all = Promise.all(events.map(happens));
            for (let i = 0; i < late; i += 1)
              void scheduler.schedule(Promise.resolve(), 'deadline').then(() => deadlines[i * 3 + 1]?.abort());
            await scheduler.waitFor(all);
            await scheduler.waitIdle();

            const byAccount = Map.groupBy(backend.wrong, (one) => one.account);
            // What another process has counted of the same guess it takes back where it came to its deadline. Where the guess
            // fails here it is counted anew, but another may have been let through meanwhile.
            if (processes === 1) assert.deepEqual(backend.uncounted, []);
            if (processes === 1 || late === 0) assertWithinLimits(answered, events);
            for (const name of ACCOUNTS) {
              for (const counter of budgetsOf(name, 'right'))
                assert.ok(!store.counters.peek(counter).isKnown, `${name} is charged by ${counter.name}`);
              const tried = new Set((byAccount.get(name) ?? []).map(({ password }) => password));
              for (const password of ['w1', 'w2', 'w3', 'w4', 'w5'].filter((one) => !tried.has(one)))
                for (const counter of budgetsOf(name, password))
                  assert.ok(!store.counters.peek(counter).isKnown, `${name} is charged with ${password}`);
            }
          },
        ),
        { numRuns: RUNS },
      );
    });
});
