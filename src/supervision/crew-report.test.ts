import assert from 'node:assert/strict';
import { it } from 'node:test';
import { crewReadiness } from './crew-report.ts';

const backend = (name: string, isReady: boolean) => ({ name, isReady });

it('is ready when as many workers as are wanted answer, and each of them can decide', () => {
  const up = { isReady: true, isDegraded: false, backends: [backend('a', true), backend('b', true)] };
  const down = { isReady: false, isDegraded: true, backends: [backend('a', true), backend('b', false)] };

  assert.deepEqual(crewReadiness([up, up], 2), { ...up, workers: { wanted: 2, ready: 2 } });
  assert.equal(crewReadiness([up], 2).isReady, false);
  assert.equal(crewReadiness([], 1).isReady, false);
  assert.deepEqual(crewReadiness([up, down], 2), { ...down, workers: { wanted: 2, ready: 1 } });
});
