import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { aLookUp, anAttempt } from '../../../test/support/attempts.ts';
import { MemoryBackend } from '../../../test/support/memory-backend.ts';
import { aProtection, guarded } from '../../../test/support/protection.ts';
import type { Attempt } from '../../login/attempt.ts';
import type { ClientAddress } from '../../login/client-address.ts';
import { Secret } from '../../login/secret.ts';
import type { Decision } from '../../login/verdict.ts';

const ALICE = 'alice@example.test';
const HOME = '203.0.113.7';
const ELSEWHERE = '198.51.100.66';
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

function backendOf(...more: readonly string[]) {
  const others = more.map((name) => ({ name, password: 'right' }));
  return new MemoryBackend([
    { name: ALICE, password: 'right', aliases: ['al', 'a.lice', ALICE.toUpperCase(), 'Alice@Example.Test'] },
    ...others,
  ]);
}

function tries(password: string, address: string, changes: Partial<Attempt> = {}): Attempt {
  return anAttempt({ password: Secret.fromText(password), clientAddress: address as ClientAddress, ...changes });
}

function said({ verdict }: Decision): string {
  return verdict.kind === 'refuse' ? verdict.reason : verdict.kind;
}

function verified(backend: MemoryBackend): number {
  return backend.asked.filter(({ method }) => method === 'verify').length;
}

describe('guesses out of one address', () => {
  it('are refused beyond the limit, the right password too, and the backend is not asked', async () => {
    const backend = backendOf();
    const { decide } = guarded({ backends: [backend] });
    for (let i = 0; i < 20; i += 1) assert.equal(said(await decide(tries(`wrong ${i}`, ELSEWHERE))), 'wrong-password');

    const over = await decide(tries('wrong 20', ELSEWHERE));
    const right = await decide(tries('right', ELSEWHERE));

    assert.deepEqual([said(over), said(right)], ['blocked', 'blocked']);
    assert.equal(verified(backend), 20);
    assert.deepEqual(over.verdict, right.verdict);
  });

  it('tell the rule, the count, the network and the end of the block', async () => {
    const { decide, clock } = guarded({ backends: [backendOf()] });
    for (let i = 0; i < 20; i += 1) await decide(tries(`wrong ${i}`, ELSEWHERE));

    const [first] = (await decide(tries('x', ELSEWHERE))).trail.flatMap(({ rules }) => rules ?? []);
    const [later] = (await decide(tries('x', ELSEWHERE))).trail.flatMap(({ rules }) => rules ?? []);

    const untilMs = clock.ms + 15 * MINUTE_MS;
    const rule = { rule: 'address', effect: 'refused', network: `${ELSEWHERE}/32`, untilMs };
    assert.deepEqual(first, { ...rule, count: 20, limit: 20 });
    assert.deepEqual(later, rule);
  });

  it('are blocked for longer each time, up to a bound, and served again in between', async () => {
    const rule = {
      name: 'short',
      mode: 'enforce',
      window: '1m',
      limit: 1,
      block: '1m',
      longest_block: '5m',
      ipv4_prefix: 24,
    };
    const budgets = { accounts: { mode: 'off' }, spraying: { mode: 'off' } };
    const { decide, clock } = guarded({ backends: [backendOf()] }, aProtection({ networks: [rule], ...budgets }));
    const lasted: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      assert.equal(said(await decide(tries(`a ${round}`, ELSEWHERE))), 'wrong-password');
      const [held] = (await decide(tries(`b ${round}`, ELSEWHERE))).trail.flatMap(({ rules }) => rules ?? []);
      const untilMs = held?.untilMs ?? 0;
      lasted.push((untilMs - clock.ms) / MINUTE_MS);
      clock.ms = untilMs - 1;
      assert.equal(said(await decide(tries('right', ELSEWHERE))), 'blocked');
      // The window is kept in slices: it may take an eighth longer.
      clock.ms = untilMs + MINUTE_MS / 4;
    }

    assert.deepEqual(lasted, [1, 2, 4, 5, 5]);
  });

  it('count once for the same account and password, however often they are tried or sent again', async () => {
    const backend = backendOf();
    const { decide } = guarded({ backends: [backend] });
    for (let i = 0; i < 200; i += 1) assert.equal(said(await decide(tries('an old one', ELSEWHERE))), 'wrong-password');

    assert.equal(said(await decide(tries('right', ELSEWHERE))), 'accept');
  });

  it('do not concern look-ups, exempt networks and exempt callers', async () => {
    const config = aProtection({ exempt_networks: ['192.0.2.0/24'], exempt_callers: ['monitoring'] });
    const { decide } = guarded({ backends: [backendOf()] }, config);
    for (let i = 0; i < 30; i += 1) await decide(tries(`wrong ${i}`, ELSEWHERE));

    const lookUp = await decide(aLookUp(ALICE, { clientAddress: ELSEWHERE as ClientAddress }));
    const monitoring = await decide(tries('right', ELSEWHERE, { caller: 'monitoring' }));
    assert.deepEqual([said(lookUp), said(monitoring)], ['accept', 'accept']);
    for (let i = 0; i < 200; i += 1)
      assert.equal(said(await decide(tries(`wrong ${i}`, '192.0.2.9'))), 'wrong-password');
  });
});

describe('an account', () => {
  it('is guessed at no more than its budget allows in any day, whatever addresses and spellings are used', async () => {
    const backend = backendOf();
    const { decide, clock } = guarded({ backends: [backend] });
    const spellings = [ALICE, ALICE.toUpperCase(), 'Alice@Example.Test'];
    for (let i = 0; i < 3000; i += 1) {
      clock.ms += 25_000;
      await decide(tries(`wrong ${i}`, `10.${i % 200}.${i % 7}.1`, { loginName: spellings[i % 3] as string }));
    }

    assert.equal(verified(backend), 50);
  });

  it('counts what is tried under its other names, too', async () => {
    const backend = backendOf();
    const { decide } = guarded({ backends: [backend] });
    for (let i = 0; i < 300; i += 1)
      await decide(tries(`wrong ${i}`, `10.${i % 200}.0.1`, { loginName: [ALICE, 'al', 'a.lice'][i % 3] as string }));

    assert.ok(verified(backend) <= 52, `${verified(backend)} guesses`);
  });

  it('serves its owner in networks that it is known in, while strangers are refused', async () => {
    const { decide } = guarded({ backends: [backendOf()] });
    await decide(tries('right', HOME));
    for (let i = 0; i < 100; i += 1) await decide(tries(`wrong ${i}`, `10.${i}.0.1`));

    assert.equal(said(await decide(tries('right', '10.200.0.1'))), 'blocked');
    assert.equal(said(await decide(tries('right', HOME))), 'accept');
    assert.equal(said(await decide(tries('right', '203.0.113.99'))), 'accept');
    assert.equal(said(await decide(tries('mistyped', HOME))), 'wrong-password');
  });

  it('serves its owner inside a blocked network that it is known in', async () => {
    const { decide } = guarded({ backends: [backendOf('bob@example.test')] });
    await decide(tries('right', HOME));
    for (let i = 0; i < 30; i += 1) await decide(tries(`wrong ${i}`, HOME, { loginName: 'bob@example.test' }));

    assert.equal(said(await decide(tries('right', HOME, { loginName: 'bob@example.test' }))), 'blocked');
    assert.equal(said(await decide(tries('right', HOME))), 'accept');
  });

  it('tells nobody its right password once the budget of a known network is used up', async () => {
    const backend = backendOf();
    const { decide, clock } = guarded({ backends: [backend] });
    await decide(tries('right', HOME));
    for (let i = 0; i < 40; i += 1) await decide(tries(`wrong ${i}`, HOME));

    assert.equal(said(await decide(tries('right', HOME))), 'blocked');
    assert.equal(verified(backend), 21);
    clock.ms += 1.2 * DAY_MS;
    assert.equal(said(await decide(tries('right', HOME))), 'accept');
  });

  it('is charged for the old password after it was changed', async () => {
    const backend = backendOf();
    const { decide, accounts } = guarded({ backends: [backend] });
    await decide(tries('right', HOME));
    assert.equal(said(await decide(tries('right', HOME))), 'accept');
    backend.add({ name: ALICE, password: 'new' });

    for (let i = 0; i < 3; i += 1) assert.equal(said(await decide(tries('right', HOME))), 'wrong-password');

    const counter = { owner: `account:${ALICE}`, name: 'network 203.0.113.0/24', windowMs: DAY_MS, limit: 20 };
    assert.equal(accounts.peek({ ...counter, member: 'x' }).count, 1);
  });

  it('is forgotten by a network after 30 days without a login', async () => {
    const { decide, clock } = guarded({ backends: [backendOf()] });
    await decide(tries('right', HOME));
    clock.ms += 35 * DAY_MS;
    for (let i = 0; i < 100; i += 1) await decide(tries(`wrong ${i}`, `10.${i}.0.1`));

    assert.equal(said(await decide(tries('right', HOME))), 'blocked');
  });

  it('makes its clients wait longer with each wrong password, and people who forget theirs not for long', async () => {
    const { decide } = guarded({ backends: [backendOf()] });
    const waits: number[] = [];
    for (let i = 0; i < 10; i += 1) {
      const { verdict } = await decide(tries(`wrong ${i}`, ELSEWHERE));
      waits.push(verdict.kind === 'refuse' ? (verdict.waitSeconds ?? 0) : Number.NaN);
    }

    assert.deepEqual(waits, [0, 0, 0, 1, 1, 2, 3, 4, 6, 8]);
    const nobody: number[] = [];
    for (let i = 0; i < 10; i += 1) {
      const { verdict } = await decide(tries(`wrong ${i}`, '192.0.2.99', { loginName: 'nobody@example.test' }));
      nobody.push(verdict.kind === 'refuse' ? (verdict.waitSeconds ?? 0) : Number.NaN);
    }
    assert.deepEqual(nobody, waits, 'a name that nobody has looks the same');
  });
});
