import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CallerThrottle } from './caller-throttle.ts';

function throttleAt() {
  const clock = { now: 0 };
  return { clock, throttle: new CallerThrottle(() => clock.now) };
}

function takeAll(throttle: CallerThrottle, address: string, name: string): number {
  for (let taken = 0; ; taken += 1) if (throttle.take(address, name) > 0) return taken;
}

describe('the throttle of callers', () => {
  it('lets ten tries through at once, then one every six seconds', () => {
    const { clock, throttle } = throttleAt();

    assert.equal(takeAll(throttle, '192.0.2.1', 'mx'), 10);
    assert.equal(throttle.take('192.0.2.1', 'mx'), 6);
    clock.now += 5999;
    assert.equal(throttle.take('192.0.2.1', 'mx'), 1);
    clock.now += 1;
    assert.equal(throttle.take('192.0.2.1', 'mx'), 0);
    assert.equal(throttle.take('192.0.2.1', 'mx'), 6);
  });

  it('never lets more than ten through, however long nobody tried', () => {
    const { clock, throttle } = throttleAt();
    takeAll(throttle, '192.0.2.1', 'mx');
    clock.now += 86_400_000;

    assert.equal(takeAll(throttle, '192.0.2.1', 'mx'), 10);
  });

  it('stops no other name and no other address', () => {
    const { throttle } = throttleAt();
    takeAll(throttle, '192.0.2.1', 'mx');

    assert.equal(throttle.take('192.0.2.1', 'other'), 0);
    assert.equal(throttle.take('192.0.2.2', 'mx'), 0);
  });

  it('takes the addresses of one IPv6 network as one', () => {
    const { throttle } = throttleAt();
    takeAll(throttle, '2001:db8::1', 'mx');

    assert.ok(throttle.take('2001:db8::ffff:1:2:3', 'mx') > 0);
    assert.ok(throttle.take('2001:db8:0:0:1::', 'mx') > 0);
    assert.equal(throttle.take('2001:db8:0:1::1', 'mx'), 0);
    assert.equal(throttle.take('::1', 'mx'), 0);
    takeAll(throttle, '::1', 'mx');
    assert.ok(throttle.take('::2', 'mx') > 0);
  });

  it('counts no try that is given back, and gives none back that was not taken', () => {
    const { throttle } = throttleAt();
    for (let i = 0; i < 50; i += 1) {
      assert.equal(throttle.take('192.0.2.1', 'mx'), 0);
      throttle.giveBack('192.0.2.1', 'mx');
    }
    for (let i = 0; i < 50; i += 1) throttle.giveBack('192.0.2.1', 'mx');

    assert.equal(takeAll(throttle, '192.0.2.1', 'mx'), 10);
  });
});
