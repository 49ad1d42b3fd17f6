import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { GuessGuard } from '../../src/decision/guesses/guess-guard.ts';
import { parseClientAddress } from '../../src/login/client-address.ts';
import { Secret } from '../../src/login/secret.ts';
import { PasswordMarkers } from '../../src/protection/password-markers.ts';
import { MemoryBlocks } from '../../src/state/memory/memory-blocks.ts';
import { MemoryCounters } from '../../src/state/memory/memory-counters.ts';
import { accountName, anAccount } from '../support/accounts.ts';
import { anAttempt } from '../support/attempts.ts';
import { aProtection, StandingClock } from '../support/protection.ts';

const NEVER = new AbortController().signal;
const ADDRESS = '192.0.2.7';

/** A guard that has let alice in, by her alias too. */
async function aGuard() {
  const { now } = new StandingClock();
  const guard = new GuessGuard({
    rules: aProtection().guesses,
    markers: new PasswordMarkers(Secret.fromText('a key')),
    accounts: new MemoryCounters(1 << 20, now),
    networks: new MemoryCounters(1 << 20, now),
    blocks: new MemoryBlocks(100, now),
    now,
    ticks: now,
    pause: async () => {},
    isShared: false,
  });
  const admit = async (loginName: string) => {
    const attempt = anAttempt({ loginName, clientAddress: parseClientAddress(ADDRESS) });
    return guard.admit(attempt, accountName(loginName), Secret.fromText('right'), NEVER);
  };
  const verdict = { kind: 'accept', account: anAccount({ name: 'alice@example.test' }) } as const;
  for (const name of ['alice@example.test', 'al']) {
    const admission = await admit(name);
    assert.ok(admission.kind === 'admitted');
    await guard.settle({ verdict, reservation: admission.reservation, signal: NEVER });
  }
  const isFamiliar = async () => {
    const admission = await admit('alice@example.test');
    return admission.kind === 'admitted' && admission.reservation.isExpected === true;
  };
  return { guard, isFamiliar };
}

describe('a guard that is to forget', () => {
  it('an account knows it no more, nor its aliases', async () => {
    const { guard, isFamiliar } = await aGuard();
    assert.deepEqual(guard.aliasesOf('alice@example.test'), ['al']);
    assert.equal(await isFamiliar(), true);

    guard.forget({ accounts: ['bob@example.test'], networks: [] });
    assert.equal(await isFamiliar(), true);
    guard.forget({ accounts: ['alice@example.test'], networks: [] });

    assert.equal(await isFamiliar(), false);
    assert.deepEqual(guard.aliasesOf('alice@example.test'), []);
  });

  it('a network knows nobody there, and aliases still', async () => {
    const { guard, isFamiliar } = await aGuard();
    guard.forget({ accounts: [], networks: ['198.51.100.0/24'] });
    guard.forget({ accounts: [], networks: [`${ADDRESS}/32`], rule: 'address' });
    assert.equal(await isFamiliar(), true);
    guard.forget({ accounts: [], networks: [`${ADDRESS}/32`] });

    assert.equal(await isFamiliar(), false);
    assert.deepEqual(guard.aliasesOf('alice@example.test'), ['al']);
  });
});
