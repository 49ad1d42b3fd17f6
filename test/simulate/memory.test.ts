import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { anAttempt } from '../support/attempts.ts';
import { GuessGuard } from '../../src/decision/guesses/guess-guard.ts';
import type { AccountName } from '../../src/login/account-name.ts';
import type { ClientAddress } from '../../src/login/client-address.ts';
import { Secret } from '../../src/login/secret.ts';
import { PasswordMarkers } from '../../src/protection/password-markers.ts';
import { botAddress, guess } from './attackers.ts';
import { JumpingClock } from './clocks.ts';
import { standardProtection } from './simulate.ts';
import { STANDARD_MEMORY, type Stores, storesInMemory } from './stores.ts';

const ADDRESSES = 1_000_000;
const NEVER = new AbortController().signal;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function heapBytes(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Each address guesses once: at one of 5,000 accounts, or at a name that nobody has. */
async function attack(guard: GuessGuard, clock: JumpingClock): Promise<void> {
  const address = botAddress(ADDRESSES);
  for (let n = 0; n < ADDRESSES; n += 1) {
    const isThere = n % 2 === 0;
    const name = (isThere ? `user${n % 5000}@example.test` : `nobody${n}@example.test`) as AccountName;
    const attempt = anAttempt({ loginName: name, clientAddress: address(n) as ClientAddress });
    clock.nowMs += 50;
    const admission = await guard.admit(attempt, name, Secret.fromText(guess(n)), NEVER);
    if (admission.kind === 'admitted') {
      const reason = isThere ? 'wrong-password' : 'unknown-user';
      const { reservation } = admission;
      await guard.settle({ verdict: { kind: 'refuse', reason }, reservation, signal: NEVER });
    }
    if (n % 1000 === 0) await nextTurn();
  }
}

function openGuard(stores: Stores, clock: JumpingClock): GuessGuard {
  return new GuessGuard({
    ...stores,
    rules: standardProtection().guesses,
    markers: new PasswordMarkers(Secret.fromText('a key')),
    now: () => clock.wallMs,
    ticks: () => clock.ticksMs,
    pause: () => clock.pause(),
  });
}

describe('1,000,000 attacking addresses', () => {
  it('take no more memory than is set, neither as counters reckon nor as it is', async () => {
    const clock = new JumpingClock();
    const before = heapBytes();
    const stores = storesInMemory(clock, STANDARD_MEMORY);
    await attack(openGuard(stores, clock), clock);
    const grown = heapBytes() - before;

    const bound = STANDARD_MEMORY.accounts + STANDARD_MEMORY.networks;
    assert.ok(stores.bytes <= bound, `${stores.bytes} bytes reckoned`);
    assert.ok(stores.bytes > STANDARD_MEMORY.networks * 0.95, `${stores.bytes} bytes: the bound was not reached`);
    assert.ok(grown <= bound, `${(grown / 2 ** 20).toFixed(0)} MiB taken`);
  });
});
