import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Block, Blocks } from '../blocks.ts';
import { noHurry, type OpenState, type StateHarness } from './harness.ts';

/** Declares the tests that all stores of blocks must pass. */
export function describeBlocks(name: string, harness: StateHarness<Blocks>): void {
  describe(`blocks in ${name}`, { concurrency: false }, () => {
    let state: OpenState<Blocks>;
    before(async () => {
      state = await harness.open();
    });
    after(async () => {
      await state[Symbol.asyncDispose]();
    });

    it('are found under their key, in every process and as they were put', async () => {
      const network = blockOf('network:2001:db8::/48', { network: '2001:db8::/48', reason: 'Ünï "quoted"\r\n{}' });
      const account = blockOf('account:alice@example.test');
      for (const block of [network, account]) assert.equal(await state.port.put(block, noHurry), undefined);

      const asked = ['account:nobody', account.key, 'network:2001:db8::/47', network.key, ''];
      assert.deepEqual(await state.other.find(asked, noHurry), { kind: 'found', blocks: [account, network] });
      assert.deepEqual(await state.port.find([], noHurry), { kind: 'found', blocks: [] });
      assert.deepEqual(await state.port.find(['account:nobody'], noHurry), { kind: 'found', blocks: [] });
    });

    it('are replaced, ended by hand and ended by time', async () => {
      const key = 'network:192.0.2.0/24';
      await state.port.put(blockOf(key), noHurry);
      await state.other.put(blockOf(key, { rule: 'manual' }), noHurry);
      assert.deepEqual(await rulesUnder(state.port, key), ['manual']);

      assert.equal(await state.port.remove(key, noHurry), undefined);
      assert.equal(await state.port.remove(key, noHurry), undefined);
      assert.deepEqual(await rulesUnder(state.other, key), []);

      await state.port.put(blockOf(key, { untilMs: Date.now() + 300 }), noHurry);
      assert.deepEqual(await rulesUnder(state.other, key), ['brute-force']);
      await sleep(350);
      assert.deepEqual(await rulesUnder(state.other, key), []);
      await state.port.put(blockOf(key, { untilMs: Date.now() - 1 }), noHurry);
      assert.deepEqual(await rulesUnder(state.other, key), []);
    });

    it('are all listed once, page by page, without those that have ended', async () => {
      const ending = Array.from({ length: 10 }, (_, number) =>
        blockOf(`ending:${number}`, { untilMs: Date.now() + 100 }),
      );
      // Many that end in the same millisecond, so that pages must not be cut by time alone.
      const untilMs = Date.now() + 60_000;
      const lasting = Array.from({ length: 60 }, (_, number) => blockOf(`lasting:${number}`, { untilMs }));
      for (const block of [...ending, ...lasting]) await state.port.put(block, noHurry);
      await sleep(150);

      const listed = await listAll(state.other, 7);

      assert.deepEqual(
        listed.filter((key) => key.startsWith('lasting:')).toSorted(),
        lasting.map(({ key }) => key).toSorted(),
      );
      assert.deepEqual(
        listed.filter((key) => key.startsWith('ending:')),
        [],
      );
    });

    it('are listed although others come and go between the pages', async () => {
      const lasting = Array.from({ length: 40 }, (_, number) => blockOf(`steady:${number}`));
      for (const block of lasting) await state.port.put(block, noHurry);

      let turn = 0;
      const listed = await listAll(state.port, 5, async () => {
        turn += 1;
        await state.port.put(blockOf(`coming:${turn}`), noHurry);
        await state.port.remove(`coming:${turn - 1}`, noHurry);
      });

      assert.deepEqual(
        listed.filter((key) => key.startsWith('steady:')).toSorted(),
        lasting.map(({ key }) => key).toSorted(),
      );
    });
  });
}

async function rulesUnder(blocks: Blocks, key: string): Promise<readonly string[]> {
  const found = await blocks.find([key], noHurry);
  assert.equal(found.kind, 'found');
  return found.blocks.map(({ rule }) => rule);
}

async function listAll(blocks: Blocks, limit: number, between = async (): Promise<void> => {}): Promise<string[]> {
  const listed: string[] = [];
  for (let after: string | undefined, pages = 0; ; pages += 1) {
    const page = await blocks.list({ after, limit }, noHurry);
    assert.equal(page.kind, 'page');
    assert.ok(page.blocks.length <= 2 * limit, 'pages are about as long as asked for');
    assert.ok(pages < 500, 'the list ends');
    listed.push(...page.blocks.map(({ key }) => key));
    if (page.next === undefined) return listed;
    after = page.next;
    await between();
  }
}

function blockOf(key: string, changes: Partial<Block> = {}): Block {
  const untilMs = Date.now() + 60_000;
  return { key, rule: 'brute-force', scope: 'all', untilMs, reason: 'too many failures', by: 'nauthilus', ...changes };
}
