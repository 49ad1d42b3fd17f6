import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chosenFor, type Weighted } from './affinity.ts';

const ACCOUNTS = Array.from({ length: 4000 }, (_, i) => `user${i}@example.test`);
const host = (key: string, weight = 1): Weighted => ({ key, weight });

function shares(hosts: readonly Weighted[]): Map<string, number> {
  const counts = new Map(hosts.map(({ key }) => [key, 0]));
  for (const account of ACCOUNTS) {
    const key = chosenFor(account, hosts)?.key ?? 'none';
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

describe('the host of an account', () => {
  it('is the same whatever the order of the hosts', () => {
    const hosts = [host('a'), host('b'), host('c')];
    for (const account of ACCOUNTS.slice(0, 200))
      assert.equal(chosenFor(account, hosts)?.key, chosenFor(account, hosts.toReversed())?.key);
  });

  it('is none where there is none, and the only one where there is one', () => {
    assert.equal(chosenFor('a', []), undefined);
    assert.equal(chosenFor('a', [host('x')])?.key, 'x');
  });

  it('has a fair share of all accounts, by its weight', () => {
    const counts = shares([host('a'), host('b'), host('c', 2)]);

    assert.ok(Math.abs((counts.get('a') ?? 0) - 1000) < 150, `${counts.get('a')}`);
    assert.ok(Math.abs((counts.get('c') ?? 0) - 2000) < 150, `${counts.get('c')}`);
  });

  it('changes for the accounts of a host that goes, and for no others', () => {
    const hosts = [host('a'), host('b'), host('c')];
    for (const account of ACCOUNTS) {
      const own = chosenFor(account, hosts)?.key;
      if (own !== 'b') assert.equal(chosenFor(account, [host('a'), host('c')])?.key, own);
    }
  });
});
