import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { Breaker, pauseBefore } from './breaker.ts';

describe('a breaker', () => {
  it('opens after three commands in a row without an answer, and closes by the first probe that is answered', async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    const probes: boolean[] = [false, false, true];
    let opened = 0;
    using breaker = new Breaker({
      probe: async () => probes.shift() ?? false,
      onOpen: () => (opened += 1),
      random: () => 0.5,
    });
    const pass = async (milliseconds: number) => {
      mock.timers.tick(milliseconds);
      for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
    };

    for (const happens of ['failed', 'failed', 'succeeded', 'failed', 'failed'] as const) breaker[happens]();
    assert.equal(breaker.isOpen, false);
    breaker.failed();
    assert.equal(breaker.isOpen, true);
    for (let more = 0; more < 10; more += 1) breaker.failed();

    await pass(149);
    assert.equal(probes.length, 3);
    await pass(1);
    assert.equal(probes.length, 2);
    await pass(300);
    assert.equal(probes.length, 1);
    assert.equal(breaker.isOpen, true);
    await pass(600);
    assert.equal(breaker.isOpen, false);
    assert.equal(opened, 1);
    await pass(100_000);
    assert.equal(probes.length, 0);
    mock.timers.reset();
  });

  it('lets pauses grow to a bound, and never has all processes come at once', () => {
    const bounds = { firstMs: 100, longestMs: 5000 };
    const pauses = [0, 1, 2, 6, 60, 6000].map((tries) => pauseBefore(tries, bounds, () => 0.999_999));

    assert.deepEqual(pauses.map(Math.round), [100, 200, 400, 5000, 5000, 5000]);
    assert.equal(
      pauseBefore(6, bounds, () => 0),
      2500,
    );
  });
});
