import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { accountName, anAccount } from '../../../test/support/accounts.ts';
import { anAttempt } from '../../../test/support/attempts.ts';
import { MemoryBackend } from '../../../test/support/memory-backend.ts';
import { aProtection, type GuardedStores, guarded } from '../../../test/support/protection.ts';
import type { PasswordQuery, VerifyResult } from '../../backends/backend.ts';
import type { Attempt } from '../../login/attempt.ts';
import type { ClientAddress } from '../../login/client-address.ts';
import { Secret } from '../../login/secret.ts';
import type { Decision } from '../../login/verdict.ts';

const NETWORK_RULE = { mode: 'enforce', window: '1h', block: '1h', longest_block: '1d' };

function tries(loginName: string, password: string, address: string, changes: Partial<Attempt> = {}): Attempt {
  return anAttempt({
    loginName,
    password: Secret.fromText(password),
    clientAddress: address as ClientAddress,
    ...changes,
  });
}

function said({ verdict }: Decision): string {
  return verdict.kind === 'refuse' ? verdict.reason : verdict.kind;
}

function rulesOf({ trail }: Decision): string[] {
  return trail.flatMap(({ rules }) => rules ?? []).map(({ rule, effect }) => `${rule} ${effect}`);
}

function people(count: number): MemoryBackend {
  return new MemoryBackend(Array.from({ length: count }, (_, i) => ({ name: `user${i}@x.test`, password: `pw ${i}` })));
}

describe('what is counted', () => {
  it('stops one password after 20 accounts of a network, and no other password', async () => {
    const backend = people(100);
    const { decide } = guarded({ backends: [backend] });
    const answers = [];
    for (let i = 0; i < 40; i += 1)
      answers.push(said(await decide(tries(`user${i}@x.test`, 'Summer', `192.0.2.${i}`))));

    assert.deepEqual(answers, [...Array<string>(20).fill('wrong-password'), ...Array<string>(20).fill('blocked')]);
    assert.equal(said(await decide(tries('user50@x.test', 'pw 50', '192.0.2.50'))), 'accept');
    assert.deepEqual(rulesOf(await decide(tries('user51@x.test', 'Summer', '192.0.2.51'))), ['spraying refused']);
    assert.equal(said(await decide(tries('user51@x.test', 'Summer', '198.51.100.1'))), 'wrong-password');
  });

  it('leaves nothing behind of right passwords but where they came from', async () => {
    const { decide, networks, accounts } = guarded({ backends: [people(60)] });
    for (let round = 0; round < 3; round += 1)
      for (let i = 0; i < 60; i += 1)
        assert.equal(said(await decide(tries(`user${i}@x.test`, `pw ${i}`, '192.0.2.1'))), 'accept');

    assert.deepEqual([networks.size, accounts.size], [1, 60]);
  });

  it('keeps names that nobody has away from what is known of accounts', async () => {
    const { decide, accounts } = guarded({ backends: [people(1)] });
    for (let i = 0; i < 500; i += 1) await decide(tries(`nobody${i}@x.test`, 'x', `10.${i % 250}.${i >> 8}.1`));

    assert.equal(accounts.size, 0);
  });

  it('is taken back where no backend could answer', async () => {
    const backend = people(1);
    const { decide, accounts, networks } = guarded({ backends: [backend] });
    backend.outage = { kind: 'unavailable', overloaded: false, detail: 'down' };
    for (let i = 0; i < 100; i += 1)
      assert.equal(said(await decide(tries('user0@x.test', `wrong ${i}`, '192.0.2.1'))), 'defer');

    assert.deepEqual([accounts.size, networks.size], [0, 0]);
  });

  it('charges a master for guesses at his password, whoever he wants in as', async () => {
    class MasterBackend extends MemoryBackend {
      override verifyPassword({ name }: PasswordQuery): VerifyResult {
        const [account = ''] = name.split('*');
        return { kind: 'wrong-password', account: anAccount({ name: account }), master: accountName('admin') };
      }
    }
    const { decide, accounts } = guarded({ backends: [new MasterBackend()] });
    for (let i = 0; i < 30; i += 1) await decide(tries(`user${i}*admin`, `wrong ${i}`, `10.${i}.0.1`));

    const counter = { owner: 'account:admin', name: 'new-networks', windowMs: 86_400_000, limit: 50, member: 'x' };
    assert.equal(accounts.peek(counter).count, 30);
  });

  it('reports an address that many accounts log in from, and does not block it', async () => {
    const { decide } = guarded({ backends: [people(100)] });
    for (let i = 0; i < 60; i += 1) await decide(tries(`user${i}@x.test`, `pw ${i}`, '192.0.2.1'));
    const told = new Set<string>();
    for (let i = 60; i < 100; i += 1)
      for (const rule of rulesOf(await decide(tries(`user${i}@x.test`, `wrong ${i}`, '192.0.2.1')))) told.add(rule);

    assert.deepEqual([...told], ['shared-address observed']);
    assert.equal(said(await decide(tries('user99@x.test', 'pw 99', '192.0.2.1'))), 'accept');
    assert.equal(said(await decide(tries('user99@x.test', 'pw 99', '192.0.2.2'))), 'accept');
  });

  it('is let through and told while the state is away', async () => {
    const away = { kind: 'unavailable', overloaded: false, detail: 'away' } as const;
    const store = { hit: () => away, peek: () => away, takeBack: () => away, clear: () => away };
    const blocks = { put: () => away, find: () => away, list: () => away, remove: () => away };
    const { decide } = guarded({ backends: [people(1)] }, aProtection(), () => ({
      accounts: store,
      networks: store,
      blocks,
    }));

    const right = await decide(tries('user0@x.test', 'pw 0', '192.0.2.1'));
    assert.equal(said(right), 'accept');
    assert.ok(rulesOf(right).includes('state-unavailable observed'));
    assert.equal(said(await decide(tries('user0@x.test', 'wrong', '192.0.2.1'))), 'wrong-password');
  });
});

describe('a budget', () => {
  it('holds in every window, wherever its borders fall, and frees again', async () => {
    const config = aProtection({ accounts: { window: '1m', from_new_networks: 3 }, networks: [] });
    let freed = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 40_000 }), { minLength: 10, maxLength: 60 }),
        async (pauses) => {
          const backend = people(1);
          const { decide, clock } = guarded({ backends: [backend] }, config);
          const askedAt: number[] = [];
          for (const [i, pause] of pauses.entries()) {
            clock.ms += pause;
            const answer = said(await decide(tries('user0@x.test', `wrong ${i}`, `10.${i}.0.1`)));
            if (answer === 'wrong-password') askedAt.push(clock.ms);
          }

          for (const [i, first] of askedAt.entries())
            assert.ok((askedAt[i + 3] ?? Number.POSITIVE_INFINITY) - first >= 60_000, 'four guesses within a minute');
          if (askedAt.length > 3) freed += 1;
        },
      ),
      { numRuns: 100 },
    );
    assert.ok(freed > 10);
  });
});

describe('a rule for networks', () => {
  it('holds for its protocols, callers and clients only, and its blocks too', async () => {
    const rule = {
      ...NETWORK_RULE,
      name: 'smtp',
      limit: 1,
      ipv4_prefix: 24,
      protocols: ['smtp'],
      oidc_clients: ['webmail'],
    };
    const { decide } = guarded({ backends: [people(9)] }, aProtection({ networks: [rule] }));
    const smtp = (changes: Partial<Attempt>): Partial<Attempt> => ({
      protocol: 'smtp' as Attempt['protocol'],
      ...changes,
    });
    for (let i = 0; i < 5; i += 1) {
      await decide(tries('user0@x.test', `w ${i}`, '192.0.2.1', smtp({})));
      await decide(tries('user0@x.test', `w ${i}`, '192.0.2.1', { oidcClient: 'webmail' }));
    }
    const from = (changes: Partial<Attempt>) => decide(tries('user1@x.test', 'pw 1', '192.0.2.1', changes));
    assert.equal(said(await from(smtp({ oidcClient: 'webmail' }))), 'accept');

    for (let i = 5; i < 8; i += 1)
      await decide(tries('user0@x.test', `w ${i}`, '192.0.2.77', smtp({ oidcClient: 'webmail' })));
    const blocked = (changes: Partial<Attempt>) => decide(tries('user2@x.test', 'pw 2', '192.0.2.2', changes));
    assert.equal(said(await blocked(smtp({ oidcClient: 'webmail' }))), 'blocked');
    for (const others of [smtp({}), smtp({ oidcClient: 'other' }), { oidcClient: 'webmail' }])
      assert.equal(said(await blocked(others)), 'accept');
  });

  it('only tells what it would have refused where it is observed', async () => {
    const rule = { ...NETWORK_RULE, name: 'watched', mode: 'observe', limit: 1, ipv4_prefix: 32 };
    const { decide, blocks } = guarded({ backends: [people(9)] }, aProtection({ networks: [rule] }));
    await decide(tries('user0@x.test', 'w', '192.0.2.1'));

    const second = await decide(tries('user1@x.test', 'w', '192.0.2.1'));
    assert.equal(said(second), 'wrong-password');
    assert.deepEqual(rulesOf(second), ['watched observed']);
    assert.deepEqual(blocks.list({ limit: 9 }).blocks, []);
  });

  it('counts both families, each by its own prefix', async () => {
    const rule = { ...NETWORK_RULE, name: 'both', limit: 1, ipv4_prefix: 24, ipv6_prefix: 64 };
    const { decide } = guarded({ backends: [people(99)] }, aProtection({ networks: [rule] }));
    const answers = [];
    let i = 0;
    for (const address of ['192.0.2.1', '192.0.2.2', '192.0.3.1', '2001:db8::1', '2001:db8::2', '2001:db8:0:1::1']) {
      i += 1;
      answers.push(said(await decide(tries(`user${i}@x.test`, 'w', address))));
    }

    assert.deepEqual(answers, [
      'wrong-password',
      'blocked',
      'wrong-password',
      'wrong-password',
      'blocked',
      'wrong-password',
    ]);
  });

  it('does not believe a block that ends later than it could have said', async () => {
    const { decide, blocks, clock } = guarded({ backends: [people(9)] });
    const block = { network: '192.0.2.1/32', rule: 'address', scope: 'all', reason: '', by: 'nauthilus' };
    blocks.put({ ...block, key: 'network:192.0.2.1/32 rule:address', untilMs: clock.ms + 400 * 86_400_000 });

    assert.equal(said(await decide(tries('user0@x.test', 'pw 0', '192.0.2.1'))), 'accept');
  });

  it('heeds blocks that were put by hand, in known networks too', async () => {
    const { decide, blocks, clock } = guarded({ backends: [people(9)] });
    for (let round = 0; round < 2; round += 1) await decide(tries('user0@x.test', 'pw 0', '192.0.2.1'));
    const block = { rule: 'manual', scope: 'all', untilMs: clock.ms + 60_000, reason: 'abuse', by: 'operator' };
    blocks.put({ ...block, key: 'network:192.0.0.0/16', network: '192.0.0.0/16' });
    blocks.put({ ...block, key: 'account:user1@x.test' });

    assert.equal(said(await decide(tries('user0@x.test', 'pw 0', '192.0.2.1'))), 'blocked');
    assert.equal(said(await decide(tries('User1@x.test', 'pw 1', '198.51.100.1'))), 'blocked');
    assert.equal(said(await decide(tries('user0@x.test', 'pw 0', '198.51.100.1'))), 'accept');
  });
});

describe('a store that is shared', () => {
  it('is told what is taken back also after the deadline of the attempt', async () => {
    const late: boolean[] = [];
    const deadline = new AbortController();
    const backend = new MemoryBackend([{ name: 'alice@x.test', password: 'right' }]);
    const { promise, resolve } = Promise.withResolvers<void>();
    backend.delay = promise;
    const watched = (stores: GuardedStores): GuardedStores => ({
      ...stores,
      networks: {
        hit: async (counter, signal) => stores.networks.hit(counter, signal),
        peek: async (counter, signal) => stores.networks.peek(counter, signal),
        takeBack: async (counter, signal) => {
          late.push(signal.aborted);
          return stores.networks.takeBack(counter, signal);
        },
        clear: (owner, signal) => stores.networks.clear(owner, signal),
      },
    });
    const { decide } = guarded({ backends: [backend], deadline: () => deadline.signal }, aProtection(), watched, true);
    const decided = Promise.resolve(decide(tries('alice@x.test', 'right', '192.0.2.1')));
    await new Promise((done) => setTimeout(done, 50));
    deadline.abort(new DOMException('too late', 'TimeoutError'));

    assert.equal(said(await decided), 'defer');
    assert.ok(late.length > 0);
    assert.ok(late.every((isAborted) => !isAborted));
    resolve();
  });
});
