import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { aProtection } from '../../../test/support/protection.ts';
import { parseLoggedLogin } from './logged-login.ts';
import { ASSUMPTIONS, RulesInReplay } from './rules-in-replay.ts';

const MEMORY = { accounts: 1 << 24, networks: 1 << 24, blocks: 1000 };
const TIME = '2030-01-07T00:00:00.000Z';

/** Outcome and reason in the log, other fields of the line, and what is decided anew. */
const LOGGED: readonly (readonly [outcome: string, reason: string, more: object, anew: string])[] = [
  ['accept', 'ok', {}, 'accept'],
  ['accept', 'ok', { master: 'admin' }, 'accept'],
  ['refuse', 'wrong-password', {}, 'wrong-password'],
  ['refuse', 'wrong-password', { master: 'admin' }, 'wrong-password'],
  ['refuse', 'unknown-user', {}, 'unknown-user'],
  ['refuse', 'account-disabled', {}, 'account-disabled'],
  ['refuse', 'account-locked', {}, 'account-locked'],
  ['refuse', 'password-expired', {}, 'password-expired'],
  ['refuse', 'password-must-change', {}, 'password-must-change'],
  ['refuse', 'invalid-name', { login_name: 'two words' }, 'invalid-name'],
  ['refuse', 'empty-password', {}, 'empty-password'],
  ['refuse', 'unusable-password', {}, 'unusable-password'],
  ['refuse', 'tls-required', { tls: false }, 'wrong-password'],
  ['refuse', 'foreign-domain', {}, 'wrong-password'],
  ['refuse', 'blocked', {}, 'wrong-password'],
  ['defer', 'backend-unavailable', {}, 'backend-unavailable'],
  ['defer', 'deadline-exceeded', {}, 'backend-unavailable'],
];

function lineOf(outcome: string, reason: string, more: object): string {
  const login = { mode: 'authenticate', time: TIME, protocol: 'imap', login_name: 'a@x.test', account: 'a@x.test' };
  return JSON.stringify({ ...login, client_ip: '192.0.2.7', tls: 'TLSv1.3', outcome, reason, ...more });
}

async function decided(text: string, settings: object = {}): Promise<string> {
  const login = parseLoggedLogin(text);
  assert.ok(login.kind === 'login', JSON.stringify(login));
  const [assumption] = ASSUMPTIONS;
  const { verdict } = await new RulesInReplay({ rules: aProtection(settings), memory: MEMORY }, assumption).decide(
    login,
  );
  if (verdict.kind === 'accept') return 'accept';
  return verdict.kind === 'refuse' ? verdict.reason : verdict.cause;
}

describe('a login of the log', () => {
  for (const [outcome, reason, more, anew] of LOGGED) {
    it(`that was ${outcome} for ${reason} ${JSON.stringify(more)} is ${anew} where no rule holds`, async () => {
      assert.equal(await decided(lineOf(outcome, reason, more)), anew);
    });
  }

  it('is kept out by rules about TLS and domains, as they are set now', async () => {
    const clear = lineOf('accept', 'ok', { tls: false });
    assert.equal(await decided(clear, { tls: { mode: 'enforce' } }), 'tls-required');
    assert.equal(await decided(lineOf('accept', 'ok', {}), { tls: { mode: 'enforce' } }), 'accept');
    const domains = { relay_domains: { mode: 'enforce', domains: ['y.test'] } };
    assert.equal(await decided(lineOf('accept', 'ok', {}), domains), 'foreign-domain');
  });

  it('whose password was right counts as no guess, though it was refused', async () => {
    const run = new RulesInReplay({ rules: aProtection(), memory: MEMORY }, 'different');
    const login = parseLoggedLogin(lineOf('refuse', 'account-disabled', {}));
    assert.ok(login.kind === 'login');
    for (let i = 0; i < 200; i += 1) {
      const { verdict } = await run.decide(login);
      assert.ok(verdict.kind === 'refuse' && verdict.reason === 'account-disabled', `after ${i}`);
    }
  });

  it('that is older than the one before does not turn the clock back', async () => {
    const run = new RulesInReplay({ rules: aProtection(), memory: MEMORY }, 'different');
    const reasons: string[] = [];
    for (let i = 0; i < 60; i += 1) {
      const time = new Date(Date.parse(TIME) - i * 86_400_000).toISOString();
      const login = parseLoggedLogin(lineOf('refuse', 'wrong-password', { time, client_ip: `10.${i}.0.1` }));
      assert.ok(login.kind === 'login');
      const { verdict } = await run.decide(login);
      reasons.push(verdict.kind === 'refuse' ? verdict.reason : verdict.kind);
    }

    assert.deepEqual(reasons.slice(48, 52), ['wrong-password', 'wrong-password', 'blocked', 'blocked']);
  });
});
