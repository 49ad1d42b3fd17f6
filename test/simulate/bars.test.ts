import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SCENARIOS } from './scenarios/all.ts';
import { EVERYDAY } from './scenarios/everyday.ts';
import { simulate, standardProtection } from './simulate.ts';

/** Bytes of the counters of accounts and of networks that a process keeps without a line of configuration. */
const MEMORY_BOUND = (128 + 64) << 20;
const protection = standardProtection();

/** What only some of the scenarios have. */
const EXPECTED: Readonly<Record<string, (result: ReturnType<typeof simulate>) => void>> = {
  'one address at one account': ({ msToBlock }) => assert.ok((msToBlock ?? Infinity) <= 3000),
  'spraying out of one address': ({ msToBlock }) => assert.ok((msToBlock ?? Infinity) <= 3000),
  'forgotten password, 10 tries': ({ guesses }) => assert.equal(guesses, 10),
  'attacker inside the office NAT': ({ guesses, sprayedAccounts }) => {
    assert.ok(guesses > 20, 'the manager is guessed at');
    assert.equal(sprayedAccounts, 20);
  },
  'attacker beside his victim': ({ guesses, victimsRefused }) => {
    assert.ok(guesses <= 20);
    assert.ok(victimsRefused > 0, 'this cannot be had otherwise: see src/protection/README.md');
  },
  'webmail behind one address, 2,000 users': ({ ownersLetIn }) => assert.ok(ownersLetIn > 10_000),
};

describe('the protection without a line of configuration', () => {
  for (const scenario of SCENARIOS) {
    it(`holds the bars: ${scenario.name}`, () => {
      const result = simulate(scenario, 'small', protection);

      assert.ok(result.attempts > 500, 'something happened');
      assert.ok(result.guesses <= 100, `${result.guesses} guesses at one account within a day`);
      assert.equal(result.ownersRefused, 0, 'owners in networks that they are known in');
      assert.equal(result.officesBlocked, 0);
      assert.ok(result.longestWaitSeconds <= 30, `somebody waited for ${result.longestWaitSeconds} s`);
      assert.ok(result.sprayedAccounts <= 20, `one password at ${result.sprayedAccounts} accounts`);
      assert.ok(result.bytes <= MEMORY_BOUND);
      if (EVERYDAY.includes(scenario)) assert.equal(result.ownersRefusedElsewhere, 0, 'nobody attacks');
      EXPECTED[scenario.name]?.(result);
    });
  }
});

describe('the simulator', () => {
  it('lets everything through where no rule is enforced, so that its bars can fail', () => {
    const [attack] = SCENARIOS.filter(({ name }) => name === 'one address at one account');
    assert.ok(attack !== undefined);
    const { guesses } = protection;
    const off = {
      ...protection,
      guesses: {
        ...guesses,
        accounts: { ...guesses.accounts, mode: 'observe' },
        spraying: { ...guesses.spraying, mode: 'observe' },
        networks: guesses.networks.map((rule) => ({ ...rule, mode: 'observe' as const })),
      },
    } as const;

    assert.ok(simulate(attack, 'small', off).guesses > 10_000);
  });
});
