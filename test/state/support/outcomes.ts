import type { Block } from '../../../src/state/blocks.ts';
import { accountOf, named } from '../../../src/state/conformance/harness.ts';
import type { Counter } from '../../../src/state/counters.ts';
import type { RedisState } from '../../../src/state/redis/redis-state.ts';
import type { VerifiedLoginKey } from '../../../src/state/verified-logins.ts';

/** What each kind of question gets for an answer. */
export interface Outcomes {
  readonly recall: string;
  readonly remember: string;
  readonly forget: string;
  readonly hit: string;
  readonly findBlocks: string;
  readonly putBlock: string;
  readonly publish: string;
}

export const AWAY: Outcomes = {
  recall: 'unavailable',
  remember: 'unavailable',
  forget: 'unavailable',
  hit: 'unavailable',
  findBlocks: 'unavailable',
  putBlock: 'unavailable',
  publish: 'unavailable',
};

export const WELL: Outcomes = {
  recall: 'remembered',
  remember: 'done',
  forget: 'done',
  hit: 'counted',
  findBlocks: 'found',
  putBlock: 'done',
  publish: 'done',
};

export const ALICE: VerifiedLoginKey = { loginName: named('alice@example.test'), scope: 'imap', passwordTag: 'tag' };
export const COUNTER: Counter = { owner: 'account:alice', name: 'failures', windowMs: 600_000, limit: 1_000_000 };

export async function rememberAlice(state: RedisState): Promise<string> {
  const login = { account: accountOf(ALICE.loginName), provenAtMs: Date.now() };
  return (await state.verifiedLogins.remember(ALICE, login, 600_000, new AbortController().signal))?.kind ?? 'done';
}

/** Asks everything at once, and how long the slowest answer took. Alice stays remembered where she was. */
export async function askEverything(state: RedisState): Promise<{ readonly outcomes: Outcomes; readonly ms: number }> {
  const { signal } = new AbortController();
  const block: Block = {
    key: 'network:192.0.2.0/24',
    rule: 'manual',
    scope: 'all',
    untilMs: Date.now() + 60_000,
    reason: 'test',
    by: 'test',
  };
  const other: VerifiedLoginKey = { ...ALICE, passwordTag: 'other' };
  const login = { account: accountOf('alice@example.test'), provenAtMs: Date.now() };
  const begun = performance.now();
  const [recall, remember, forget, hit, findBlocks, putBlock, publish] = await Promise.all([
    state.verifiedLogins.recall(ALICE, signal),
    state.verifiedLogins.remember(other, login, 60_000, signal),
    state.verifiedLogins.forgetAccount(named('bob@example.test'), signal),
    state.counters.hit(COUNTER, signal),
    state.blocks.find(['network:192.0.2.0/24', 'account:alice'], signal),
    state.blocks.put(block, signal),
    state.announcements.publish({ kind: 'blocks-changed' }, signal),
  ]);
  const outcomes: Outcomes = {
    recall: recall.kind,
    remember: remember?.kind ?? 'done',
    forget: forget?.kind ?? 'done',
    hit: hit.kind,
    findBlocks: findBlocks.kind,
    putBlock: putBlock?.kind ?? 'done',
    publish: publish?.kind ?? 'done',
  };
  return { outcomes, ms: performance.now() - begun };
}
