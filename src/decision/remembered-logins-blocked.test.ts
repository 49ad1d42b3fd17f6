import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { aProtection, guarded, type GuardedStores } from '../../test/support/protection.ts';
import { anAttempt } from '../../test/support/attempts.ts';
import { MemoryBackend } from '../../test/support/memory-backend.ts';
import type { VerifyResult } from '../backends/backend.ts';
import { parseClientAddress } from '../login/client-address.ts';
import { Secret } from '../login/secret.ts';
import type { Decision } from '../login/verdict.ts';
import { MemoryVerifiedLogins } from '../state/memory/memory-verified-logins.ts';
import type { VerifiedLogins } from '../state/verified-logins.ts';
import { PasswordTags } from '../state/password-tags.ts';
import { VerifiedLoginMemory } from './verified-login-memory.ts';

const ALICE = 'alice@example.test';

/** A store that answers later, as one that is shared does. */
function distant(near: VerifiedLogins): VerifiedLogins {
  return {
    recall: async (key, signal) => {
      await sleep(0);
      return near.recall(key, signal);
    },
    remember: (...asked) => near.remember(...asked),
    forgetAccount: (...asked) => near.forgetAccount(...asked),
    forgetAll: (...asked) => near.forgetAll(...asked),
  };
}

/** Only what takes its time is remembered. */
class SlowBackend extends MemoryBackend {
  override async verifyPassword(...asked: Parameters<MemoryBackend['verifyPassword']>): Promise<VerifyResult> {
    await sleep(0);
    return super.verifyPassword(...asked);
  }
}

function setUp(isShared: boolean, isFromMemory: boolean, settings: object = {}) {
  const bounds = { maxEntries: 10, maxBytes: 1_000_000 };
  const near = new MemoryVerifiedLogins(bounds);
  const asked: string[] = [];
  const verifiedLogins = new VerifiedLoginMemory({
    store: isFromMemory ? near : distant(near),
    tags: new PasswordTags(Secret.fromText('of the installation')),
    lifetimeMs: 60_000,
    outageLifetimeMs: 0,
    keeps: () => true,
    scopeOf: () => '',
    mayHoldMore: true,
    now: Date.now,
  });
  const watched = (stores: GuardedStores): GuardedStores => ({
    ...stores,
    blocks: {
      find: (keys, signal) => {
        asked.push(...keys);
        return stores.blocks.find(keys, signal);
      },
      put: (block, signal) => stores.blocks.put(block, signal),
      list: (page, signal) => stores.blocks.list(page, signal),
      remove: (key, signal) => stores.blocks.remove(key, signal),
    },
  });
  const backend = new SlowBackend([{ name: ALICE, password: 'right' }]);
  const world = guarded({ backends: [backend], verifiedLogins }, aProtection(settings), watched, isShared);
  const logIn = async (address = '192.0.2.7') => {
    const attempt = anAttempt({ password: Secret.fromText('right'), clientAddress: parseClientAddress(address) });
    return said(await world.decide(attempt));
  };
  const block = (key: string) =>
    world.blocks.put({ key, rule: 'manual', scope: 'all', untilMs: world.clock.ms + 60_000, reason: 'test', by: 'me' });
  return { ...world, logIn, block, asked };
}

function said({ verdict }: Decision): string {
  return verdict.kind === 'accept'
    ? (verdict.source ?? 'backend')
    : verdict.kind === 'refuse'
      ? verdict.reason
      : 'defer';
}

describe('a remembered login', () => {
  for (const [where, isShared, isFromMemory] of [
    ['in memory', false, true],
    ['in a store that is shared', true, false],
  ] as const)
    it(`${where} is kept out by a block by hand of its network, and of its account`, async () => {
      const { logIn, block, blocks } = setUp(isShared, isFromMemory);
      assert.deepEqual([await logIn(), await logIn()], ['backend', 'memory']);

      block('network:192.0.2.0/24');
      assert.deepEqual([await logIn(), await logIn('198.51.100.1')], ['blocked', 'memory']);
      blocks.remove('network:192.0.2.0/24');
      block(`account:${ALICE}`);
      assert.deepEqual([await logIn(), await logIn('198.51.100.1')], ['blocked', 'blocked']);
      blocks.remove(`account:${ALICE}`);
      assert.equal(await logIn(), 'memory');
    });

  it('is not kept out of an exempt network', async () => {
    const { logIn, block } = setUp(false, true, { exempt_networks: ['192.0.2.0/24'] });
    assert.deepEqual([await logIn(), await logIn()], ['backend', 'memory']);

    block('network:192.0.2.0/24');
    assert.equal(await logIn(), 'memory');
  });

  it('that serves from memory costs no question to a store that is shared', async () => {
    const { logIn, asked } = setUp(true, true);
    await logIn();
    asked.length = 0;

    assert.equal(await logIn(), 'memory');
    assert.deepEqual(asked, []);
  });
});
