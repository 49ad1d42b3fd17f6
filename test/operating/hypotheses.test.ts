import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createHypotheses } from '../../src/decision/explanations/hypothetical-login.ts';
import type { Attempt } from '../../src/login/attempt.ts';
import { parseClientAddress } from '../../src/login/client-address.ts';
import { Secret } from '../../src/login/secret.ts';
import { anAttempt } from '../support/attempts.ts';
import { MemoryBackend } from '../support/memory-backend.ts';
import { aProtection, guarded } from '../support/protection.ts';

const NEVER = new AbortController().signal;
const CONFIG = aProtection({
  accounts: { from_new_networks: 3, from_known_networks: 4, per_known_network: 2 },
  spraying: { mode: 'off' },
  shared_addresses: { accounts: 3 },
  denied_networks: { networks: ['203.0.113.0/24'] },
  networks: [
    { name: 'a', window: '1h', limit: 4, block: '1h', longest_block: '1d', ipv4_prefix: 32, ipv6_prefix: 64 },
    { name: 'b', window: '1h', limit: 6, block: '1h', longest_block: '1d', ipv4_prefix: 24, protocols: ['imap'] },
  ],
});

interface Try {
  readonly account: string;
  readonly password: string;
  readonly address: string;
  readonly protocol: string;
}

const aTry: fc.Arbitrary<Try> = fc.record({
  account: fc.constantFrom('alice', 'bob', 'carol', 'nobody'),
  password: fc.constantFrom('right', 'w1', 'w2', 'w3', 'w4', 'w5', 'w6', 'w7'),
  address: fc.constantFrom('192.0.2.1', '192.0.2.2', '198.51.100.1', '2001:db8::1', '203.0.113.1'),
  protocol: fc.constantFrom('imap', 'submission'),
});

function attemptOf({ account, password, address, protocol }: Try): Attempt {
  return anAttempt({
    loginName: account,
    password: Secret.fromText(password),
    clientAddress: parseClientAddress(address),
    protocol: protocol as Attempt['protocol'],
    tls: {},
  });
}

describe('what a login that might be would come to', () => {
  it('is what it comes to with a password that was never tried, whatever was before', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(aTry, { maxLength: 40 }), aTry, async (before, last) => {
        const backend = new MemoryBackend(['alice', 'bob', 'carol'].map((name) => ({ name, password: 'right' })));
        const { decide, clock, accounts, networks, blocks } = guarded({ backends: [backend] }, CONFIG);
        for (const one of before) await decide(attemptOf(one));
        const books = { rules: CONFIG.guesses, accounts, networks, blocks };
        const explain = createHypotheses({ rules: CONFIG, books, decide, rememberedMs: 0, now: clock.now });
        const sizes = () => [accounts.bytes, networks.bytes, blocks.list({ limit: 100 }).blocks.length];
        const kept = sizes();

        const { password: _, ...asked } = attemptOf(last);
        const explained = await explain(asked, NEVER);
        assert.deepEqual(sizes(), kept);
        const { verdict } = await decide(attemptOf({ ...last, password: 'never tried' }));

        const reason = verdict.kind === 'refuse' ? verdict.reason : verdict.kind;
        const expected = reason === 'wrong-password' ? 'open' : reason;
        // Whether anybody has the name is told only where nothing else keeps it out, and counted elsewhere.
        if (last.account !== 'nobody')
          assert.equal(explained.reason, expected, JSON.stringify(explained.steps, null, 1));
      }),
      { numRuns: 100 },
    );
  });
});
