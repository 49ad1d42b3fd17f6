import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KeySource } from './key-source.ts';

const MINUTE = 60_000;

/** A source whose keys are numbers: how often they were asked for. */
function openSource() {
  const state = { now: 0, asked: 0, isAway: false, told: [] as boolean[] };
  const source = new KeySource<number>({
    load: async () => {
      state.asked += 1;
      if (state.isAway) throw new Error('away');
      return state.asked;
    },
    now: () => state.now,
    onLoaded: (cause) => state.told.push(cause === undefined),
  });
  return { source, state };
}

describe('the keys of an issuer', () => {
  it('are asked for once for all that need them, and used as they are for ten minutes', async () => {
    const { source, state } = openSource();
    const all = await Promise.all(Array.from({ length: 20 }, () => source.current()));
    assert.deepEqual(new Set(all.map((one) => one.kind === 'keys' && one.keys)), new Set([1]));
    state.now = 10 * MINUTE - 1;
    assert.deepEqual(await source.current(), { kind: 'keys', keys: 1 });
    assert.equal(state.asked, 1);
  });

  it('that are older are used at once, and had anew beside', async () => {
    const { source, state } = openSource();
    await source.current();
    state.now = 11 * MINUTE;
    assert.deepEqual(await source.current(), { kind: 'keys', keys: 1 });
    await Promise.resolve();
    assert.deepEqual(await source.current(), { kind: 'keys', keys: 2 });
  });

  it('are had anew for a key that is not among them, every 30 s at most', async () => {
    const { source, state } = openSource();
    await source.current();
    for (let i = 0; i < 50; i += 1) assert.deepEqual(await source.newerThan(1), { kind: 'keys', keys: 1 });
    assert.equal(state.asked, 1);
    state.now = 30_000;
    for (let i = 0; i < 50; i += 1) assert.deepEqual(await source.newerThan(1), { kind: 'keys', keys: 2 });
    assert.equal(state.asked, 2);
  });

  it('are unavailable while they never could be had, and asked for every 5 s', async () => {
    const { source, state } = openSource();
    state.isAway = true;
    for (let i = 0; i < 50; i += 1) assert.deepEqual(await source.current(), { kind: 'unavailable' });
    assert.equal(state.asked, 1);
    state.isAway = false;
    state.now = 5000;
    assert.deepEqual(await source.current(), { kind: 'keys', keys: 2 });
    assert.deepEqual(state.told, [false, true]);
  });

  it('are used for a day where no newer ones can be had, but what is not among them cannot be known', async () => {
    const { source, state } = openSource();
    await source.current();
    state.isAway = true;
    state.now = 23 * 60 * MINUTE;
    assert.deepEqual(await source.current(), { kind: 'keys', keys: 1 });
    await Promise.resolve();
    assert.deepEqual(await source.newerThan(1), { kind: 'unavailable' });
    state.now = 24 * 60 * MINUTE;
    assert.deepEqual(await source.current(), { kind: 'unavailable' });
  });
});
