import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { aProtection } from '../../../test/support/protection.ts';
import { guessAt } from '../../protection/account-budget.ts';
import { PasswordMarkers } from '../../protection/password-markers.ts';
import { Secret } from '../../login/secret.ts';
import type { Counted, Counter, Counters } from '../../state/counters.ts';
import { MemoryBlocks } from '../../state/memory/memory-blocks.ts';
import { MemoryCounters } from '../../state/memory/memory-counters.ts';
import { NOT_ITS_TURN, Turn } from '../../state/turn.ts';
import { countOfAccountInTurn } from './account-count.ts';
import type { CountParts, Origin } from './guess-parts.ts';
import { Holds } from './holds.ts';

const NO_HURRY = new AbortController().signal;
const COUNTED: Counted = { kind: 'counted', count: 1, isOver: false, isKnown: false };

/** Counters that answer one after the other what they are told to. */
function answering(answers: readonly Counted[]): { readonly store: Counters; readonly takenBack: string[] } {
  const takenBack: string[] = [];
  let next = 0;
  const store: Counters = {
    hit: () => Promise.resolve(answers[next++] ?? NOT_ITS_TURN),
    peek: () => Promise.resolve(COUNTED),
    takeBack: ({ name }: Counter) => {
      takenBack.push(name);
      return Promise.resolve(undefined);
    },
    clear: () => Promise.resolve(undefined),
  };
  return { store, takenBack };
}

const ORIGIN: Origin = {
  guess: guessAt('alice@example.test', 'marker', undefined),
  around: { rungs: [], manualKeys: [], knownIn: undefined, sprayedFrom: undefined, clientOwner: '' },
  rungs: [],
  knownIn: '192.0.2.0/24',
  isShared: false,
  isSpared: false,
};

describe('a guess that is counted by its account in a turn', () => {
  for (const [what, answers, left] of [
    ['before', [COUNTED, NOT_ITS_TURN], 'network 192.0.2.0/24'],
    ['behind', [NOT_ITS_TURN, COUNTED], 'all-known-networks'],
  ] as const)
    it(`leaves nothing behind where the store has failed at a counter ${what} another`, async () => {
      const { store, takenBack } = answering(answers);
      const parts: CountParts = {
        rules: aProtection().guesses,
        markers: new PasswordMarkers(Secret.fromText('a secret of the installation')),
        accounts: store,
        networks: new MemoryCounters(1 << 20),
        blocks: new MemoryBlocks(10),
        now: Date.now,
        ticks: () => performance.now(),
        pause: () => Promise.resolve(),
        isShared: true,
        holds: new Holds(true),
      };

      const { kind, taken } = await countOfAccountInTurn(ORIGIN, parts, new Turn(), NO_HURRY);

      assert.deepEqual([kind, taken], ['skipped', []]);
      assert.deepEqual(takenBack, [left]);
      assert.equal(parts.holds.size, 0);
    });
});
