import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RecentTimes } from './recent-times.ts';

describe('recent times', () => {
  it('give the last ones only, and 0 where there are none', () => {
    let place = 0;
    const times = new RecentTimes(3, () => place);

    assert.equal(times.any(), 0);
    for (const ms of [1, 2, 3, 4]) times.add(ms);
    const given = [0, 0.34, 0.67, 0.999].map((at) => {
      place = at;
      return times.any();
    });

    assert.deepEqual(given, [4, 2, 3, 3]);
  });
});
