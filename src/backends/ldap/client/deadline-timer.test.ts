import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { DeadlineTimer } from './deadline-timer.ts';

/** Deadlines in milliseconds from now, and when each of them was seen to be over. */
class Watched {
  readonly late: number[] = [];
  readonly #waiting = new Set<number>();
  readonly timer = new DeadlineTimer((now) => {
    for (const deadline of this.#waiting) {
      if (deadline > now) continue;
      this.#waiting.delete(deadline);
      this.late.push(now - deadline);
    }
    return Math.min(...this.#waiting);
  });

  add(ms: number): void {
    const now = performance.now();
    this.#waiting.add(now + ms);
    this.timer.expect(now + ms, now);
  }
}

describe('one timer for many deadlines', () => {
  it('meets each of them, in whatever order they come', async () => {
    const watched = new Watched();
    for (const ms of [60, 20, 40, 20.5, 1, 0]) watched.add(ms);

    await sleep(30);
    assert.ok(watched.late.length >= 4, String(watched.late));
    await sleep(60);

    assert.equal(watched.late.length, 6);
    assert.ok(
      watched.late.every((ms) => ms >= 0 && ms < 1000),
      String(watched.late),
    );
  });

  it('says nothing once it is stopped, and goes on with what is added then', async () => {
    const watched = new Watched();
    watched.add(10);
    watched.timer.stop();

    await sleep(30);
    assert.deepEqual(watched.late, []);
    watched.add(1);
    await sleep(30);

    assert.equal(watched.late.length, 2);
  });
});
