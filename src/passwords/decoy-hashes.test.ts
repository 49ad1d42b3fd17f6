import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseStoredPassword } from './stored-password.ts';
import type { UsableHash } from './usable-hash.ts';
import { DecoyHashes } from './decoy-hashes.ts';

function hashOf(text: string): UsableHash {
  const hash = parseStoredPassword(text, 'PLAIN');
  assert.equal(hash.kind, 'hash');
  return hash;
}

const CHEAP = hashOf('{PLAIN}pw');
const COSTLY = hashOf('{BLF-CRYPT}$2y$12$Zma7GfUXHsuSLyBZ8mG4suTuSMtkbmHK38oYNvCHyD3HmZf2tyf8K');
const COSTLIER = hashOf('{BLF-CRYPT}$2y$13$Zma7GfUXHsuSLyBZ8mG4suTuSMtkbmHK38oYNvCHyD3HmZf2tyf8K');

describe('a decoy hash', () => {
  it('has the costs of new passwords where the file has no password', () => {
    assert.equal(new DecoyHashes().for('nobody').profile, 'ARGON2ID m=19456,t=2,p=1');
  });

  it('is one of the file where all are of one kind', () => {
    const decoys = new DecoyHashes();
    decoys.count(COSTLY);
    decoys.count(COSTLY);

    assert.equal(decoys.for('nobody').profile, COSTLY.profile);
  });

  it('is of each kind as often as the file has it, and always of the same kind for the same name', () => {
    const decoys = new DecoyHashes();
    for (let i = 0; i < 60; i += 1) decoys.count(CHEAP);
    for (let i = 0; i < 30; i += 1) decoys.count(COSTLY);
    for (let i = 0; i < 10; i += 1) decoys.count(COSTLIER);
    const seen = new Map<string, number>();

    for (let i = 0; i < 10_000; i += 1) {
      const { profile } = decoys.for(`nobody${i}`);
      assert.equal(decoys.for(`nobody${i}`).profile, profile);
      seen.set(profile, (seen.get(profile) ?? 0) + 1);
    }

    for (const [hash, share] of [
      [CHEAP, 0.6],
      [COSTLY, 0.3],
      [COSTLIER, 0.1],
    ] as const) {
      assert.ok(Math.abs((seen.get(hash.profile) ?? 0) / 10_000 - share) < 0.03, hash.profile);
    }
  });
});
