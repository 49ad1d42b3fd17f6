import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryBackend } from '../../test/support/memory-backend.ts';
import { createListAccounts } from './list-accounts.ts';
import { ListMemory } from './list-memory.ts';

const SIGNAL = new AbortController().signal;

function setUp(lifetimeMs: number, mostBytes?: number) {
  const clock = { now: 1000 };
  const backend = new MemoryBackend(
    Array.from({ length: 2500 }, (_, i) => ({ name: `ü${String(i).padStart(4, '0')}`, password: 'pw' })),
  );
  const list = createListAccounts([backend]);
  const memory = new ListMemory({
    list,
    lifetimeMs,
    now: () => clock.now,
    ...(mostBytes === undefined ? {} : { mostBytes }),
  });
  const names = async () => {
    const all: string[] = [];
    for await (const page of memory.list(SIGNAL)) all.push(...page);
    return all;
  };
  return { clock, backend, memory, names };
}

describe('the list of accounts', () => {
  it('is asked for each time, unless it is to be remembered', async () => {
    const { backend, names } = setUp(0);
    await names();
    await names();
    assert.equal(backend.asked.length, 2);
  });

  it('is the same from memory, until its time is over or it is forgotten', async () => {
    const { clock, backend, memory, names } = setUp(5000);
    const first = await names();
    assert.equal(first.length, 2500);
    assert.deepEqual(await names(), first);
    assert.equal(backend.asked.length, 1);

    clock.now += 5000;
    await names();
    assert.equal(backend.asked.length, 2);
    memory.forget();
    await names();
    assert.equal(backend.asked.length, 3);
  });

  it('is not remembered where it was not read to its end, was forgotten meanwhile, or is too large', async () => {
    const { backend, memory, names } = setUp(5000);
    for await (const page of memory.list(SIGNAL)) if (page.length > 0) break;
    await names();
    assert.equal(backend.asked.length, 2);

    memory.forget();
    for await (const page of memory.list(SIGNAL)) if (page.length > 0) memory.forget();
    await names();
    assert.equal(backend.asked.length, 4);

    const small = setUp(5000, 1000);
    await small.names();
    assert.equal((await small.names()).length, 2500);
    assert.equal(small.backend.asked.length, 2);
  });

  it('does not take an outage for a list', async () => {
    const { backend, names } = setUp(5000);
    backend.outage = { kind: 'unavailable', overloaded: false, detail: 'away' };
    await assert.rejects(names());
    backend.outage = undefined;
    assert.equal((await names()).length, 2500);
  });
});
