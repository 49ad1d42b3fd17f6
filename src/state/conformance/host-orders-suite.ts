import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { HostOrder, HostOrders } from '../host-orders.ts';
import { noHurry, type OpenState, type StateHarness } from './harness.ts';

/** Declares the tests that all stores of orders for hosts must pass. */
export function describeHostOrders(name: string, harness: StateHarness<HostOrders>): void {
  describe(`orders for hosts in ${name}`, { concurrency: false }, () => {
    let state: OpenState<HostOrders>;
    before(async () => {
      state = await harness.open();
    });
    after(async () => {
      await state[Symbol.asyncDispose]();
    });

    it('are told to be none because none was ever given, or because they have ended', async () => {
      assert.deepEqual(await state.other.list(noHurry), { kind: 'orders', isBlank: true, orders: [] });
      await state.port.put(orderOf('mail0.test 1'), noHurry);
      await state.port.remove('mail0.test 1', noHurry);

      assert.deepEqual(await state.other.list(noHurry), { kind: 'orders', isBlank: false, orders: [] });
    });

    it('are listed in every process as they were given last, and end', async () => {
      const drain = orderOf('mail1.test 143', { reason: 'Ünï "quoted"\r\n{}' });
      const maintain = orderOf('2001:db8::1 143', { mode: 'maintain', by: 'ops' });
      for (const order of [orderOf(drain.key), drain, maintain])
        assert.equal(await state.port.put(order, noHurry), undefined);
      assert.deepEqual(await listed(state.other), [maintain, drain]);

      assert.equal(await state.other.remove(drain.key, noHurry), undefined);
      assert.equal(await state.other.remove(drain.key, noHurry), undefined);
      assert.deepEqual(await listed(state.port), [maintain]);
    });
  });
}

async function listed(orders: HostOrders): Promise<readonly HostOrder[]> {
  const found = await orders.list(noHurry);
  assert.equal(found.kind, 'orders');
  return found.orders.toSorted((a, b) => (a.key < b.key ? -1 : 1));
}

function orderOf(key: string, changes: Partial<HostOrder> = {}): HostOrder {
  return { key, mode: 'drain', sinceMs: 1_900_000_000_000, reason: '', by: 'control', ...changes };
}
