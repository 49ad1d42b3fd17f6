import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Forgetting } from '../../src/decision/operating/forgetting.ts';
import { createFlush } from '../../src/decision/operating/flush.ts';
import { Secret } from '../../src/login/secret.ts';
import { parseClientAddress } from '../../src/login/client-address.ts';
import { MemoryAnnouncements } from '../../src/state/memory/memory-announcements.ts';
import type { AccountName } from '../../src/login/account-name.ts';
import { accountName } from '../support/accounts.ts';
import { anAttempt } from '../support/attempts.ts';
import { MemoryBackend } from '../support/memory-backend.ts';
import { guarded } from '../support/protection.ts';

const NEVER = new AbortController().signal;

function aWorld() {
  const accounts = ['alice', 'bob'].map((name) => ({
    name: `${name}@example.test`,
    password: `${name}-pw`,
    attributes: {},
  }));
  const world = guarded({ backends: [new MemoryBackend(accounts)] });
  const forgotten: AccountName[] = [];
  const forgetting = new Forgetting({
    countedHere: [world.accounts, world.networks],
    blocksHere: world.blocks,
    countedTogether: [],
    blocks: world.blocks,
    remembers: { forget: () => {}, aliasesOf: (key) => (key === 'alice@example.test' ? ['al'] : []) },
    announcements: new MemoryAnnouncements(),
    deadline: () => NEVER,
  });
  const flush = createFlush({
    forgetting,
    forgetLogins: async (name) => void forgotten.push(name),
    accountOf: async (name) => (name === 'al' ? accountName('alice@example.test') : name),
  });
  const logIn = async (loginName: string, password: string, address: string) => {
    const clientAddress = parseClientAddress(address);
    await world.decide(anAttempt({ loginName, password: Secret.fromText(password), clientAddress, tls: {} }));
  };
  const kept = () => [world.accounts.size, world.accounts.bytes, world.networks.size, world.networks.bytes];
  const blocks = () => world.blocks.list({ limit: 1000 }).blocks.map(({ key }) => key);
  return { flush, logIn, kept, blocks, forgotten };
}

describe('a flush, in memory', () => {
  for (const address of ['192.0.2.7', '2001:db8::7'])
    it(`of an address leaves as much as was there before it came (${address})`, async () => {
      const { flush, logIn, kept, blocks } = aWorld();
      await logIn('bob@example.test', 'wrong', '198.51.100.1');
      const before = kept();
      await logIn('alice@example.test', 'alice-pw', address);
      for (let i = 0; i < 80; i += 1) await logIn(`nobody${i}@example.test`, `wrong ${i % 3}`, address);
      assert.ok(blocks().length > 0);

      const { problem } = await flush({ network: address.includes(':') ? `${address}/128` : `${address}/32` }, NEVER);

      assert.equal(problem, undefined);
      assert.deepEqual(blocks(), []);
      // Names that nobody has are counted of themselves, without a word of where they were tried from.
      for (let i = 0; i < 80; i += 1) await flush({ account: accountName(`nobody${i}@example.test`) }, NEVER);
      assert.deepEqual(kept(), before);
    });

  it('of an account leaves as much as was there before, by whichever of its names', async () => {
    for (const name of ['alice@example.test', 'al']) {
      const { flush, logIn, kept, forgotten } = aWorld();
      await logIn('bob@example.test', 'wrong', '192.0.2.7');
      const before = kept();
      await logIn('alice@example.test', 'alice-pw', '192.0.2.7');
      for (let i = 0; i < 10; i += 1) await logIn(i % 2 === 0 ? 'Alice@example.test' : 'al', `wrong ${i}`, '192.0.2.8');

      await flush({ account: accountName(name) }, NEVER);

      // One more address was met; nothing of the account is counted there.
      assert.deepEqual(forgotten.at(-1), 'alice@example.test');
      assert.deepEqual(kept(), before, name);
    }
  });
});
