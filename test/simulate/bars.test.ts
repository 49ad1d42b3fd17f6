import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { missedBars } from './bars.ts';
import { SCENARIOS } from './scenarios/all.ts';
import { type Result, simulate, standardProtection } from './simulate.ts';

const protection = standardProtection();

/** What only some of the scenarios have. */
const EXPECTED: Readonly<Record<string, (result: Result) => void>> = {
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
    it(`holds the bars: ${scenario.name}`, async () => {
      const result = await simulate(scenario, { scale: 'small', rules: protection });

      assert.ok(result.attempts > 500, 'something happened');
      assert.deepEqual(missedBars(result), []);
      EXPECTED[scenario.name]?.(result);
    });
  }
});

describe('the memory of counters', () => {
  it('is filled by attacking addresses up to its bound, and no owner is refused for it', async () => {
    const [attack] = SCENARIOS.filter(({ name }) => name === '1,000,000 attacking addresses');
    assert.ok(attack !== undefined);
    // 20,000 addresses at a 64th of what a process takes, so that a second is enough.
    const memory = { accounts: 128 << 14, networks: 64 << 14, blocks: 2000 };
    const result = await simulate(attack, { scale: 'small', rules: protection, memory });

    assert.ok(result.bytes <= memory.accounts + memory.networks, `${result.bytes} bytes`);
    assert.ok(result.bytes > memory.networks * 0.95, `${result.bytes} bytes: the bound was not reached`);
    assert.deepEqual(missedBars(result), []);
  });
});

describe('the simulator', () => {
  it('lets everything through where no rule is enforced, so that its bars can fail', async () => {
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

    const result = await simulate(attack, { scale: 'small', rules: off });

    assert.ok(result.guesses > 10_000);
    assert.match(missedBars(result).join(), /guesses at one account within a day, at most 100/);
  });
});
