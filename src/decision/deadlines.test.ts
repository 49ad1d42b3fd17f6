import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { Deadlines } from './deadlines.ts';

function withClock(run: (clock: { now: number; readonly go: (ms: number) => void }) => void): void {
  mock.timers.enable({ apis: ['setTimeout'] });
  const clock = {
    now: 0,
    go(ms: number) {
      clock.now += ms;
      mock.timers.tick(ms);
    },
  };
  try {
    run(clock);
  } finally {
    mock.timers.reset();
  }
}

describe('a deadline', () => {
  it('fires neither early nor more than 50 ms late', () => {
    withClock((clock) => {
      const deadlines = new Deadlines(1000, () => clock.now);
      deadlines.signal();
      clock.go(49);
      const late = deadlines.signal();

      clock.go(1000);
      assert.equal(late.aborted, false);
      clock.go(1);
      assert.equal(late.aborted, true);
      assert.equal(late.reason.name, 'TimeoutError');
    });
  });

  it('is shared by what starts within 50 ms, and by nothing else', () => {
    withClock((clock) => {
      const deadlines = new Deadlines(1000, () => clock.now);
      const first = deadlines.signal();
      clock.go(49);
      assert.equal(deadlines.signal(), first);
      clock.go(1);
      assert.notEqual(deadlines.signal(), first);
    });
  });

  it('is a new one after the event loop stood still, though no timer has run', () => {
    withClock((clock) => {
      const deadlines = new Deadlines(1000, () => clock.now);
      const before = deadlines.signal();
      clock.now += 5000;

      assert.notEqual(deadlines.signal(), before);
    });
  });

  it('does not fire once they are disposed of', () => {
    withClock((clock) => {
      const deadlines = new Deadlines(1000, () => clock.now);
      const signal = deadlines.signal();
      deadlines[Symbol.dispose]();
      clock.go(5000);

      assert.equal(signal.aborted, false);
    });
  });
});
