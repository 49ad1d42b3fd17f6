import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { describe, it } from 'node:test';
import { fuzz } from './fuzz-run.ts';
import { TARGETS } from './targets.ts';

const RUNS = 1000;

describe('whatever anybody sends', () => {
  for (const target of TARGETS) {
    it(`to ${target.name} is read, or refused, and nothing else`, async () => {
      const report = await fuzz(target, { runs: RUNS, seed: randomInt(2 ** 30) });

      assert.equal(report.problem, undefined, `seed ${report.seed}: ${report.problem}`);
      assert.ok(report.taken > 0, 'nothing was ever taken');
      assert.ok(report.taken < RUNS, 'nothing was ever refused');
    });
  }
});
