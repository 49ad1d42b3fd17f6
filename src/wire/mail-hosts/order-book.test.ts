import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FoundOrders, HostOrder, HostOrders } from '../../state/host-orders.ts';
import { MemoryAnnouncements } from '../../state/memory/memory-announcements.ts';
import type { Unavailable } from '../../state/outcome.ts';
import { KnownOrders, OrderBook } from './order-book.ts';

const SIGNAL = AbortSignal.timeout(60_000);
const AWAY: Unavailable = { kind: 'unavailable', overloaded: false, detail: 'is away' };
const order = (key: string, mode: HostOrder['mode'] = 'drain'): HostOrder => ({
  key,
  mode,
  sinceMs: 1,
  reason: '',
  by: 'op',
});

/** Orders that processes share, which can be away. */
class SharedOrders implements HostOrders {
  readonly orders = new Map<string, HostOrder>();
  isAway = false;
  isBlank = true;
  /** Called before a list is given. */
  beforeList: () => unknown = () => undefined;

  async put(one: HostOrder): Promise<Unavailable | undefined> {
    if (this.isAway) return AWAY;
    this.isBlank = false;
    this.orders.set(one.key, one);
    return undefined;
  }

  async list(): Promise<FoundOrders | Unavailable> {
    const orders = [...this.orders.values()];
    await this.beforeList();
    return this.isAway ? AWAY : { kind: 'orders', isBlank: this.isBlank, orders };
  }

  async remove(key: string): Promise<Unavailable | undefined> {
    if (this.isAway) return AWAY;
    this.isBlank = false;
    this.orders.delete(key);
    return undefined;
  }
}

function processes() {
  const shared = new SharedOrders();
  const announcements = new MemoryAnnouncements();
  const open = (known = new KnownOrders()) =>
    new OrderBook({ known, shared: { orders: shared, announcements }, deadline: () => SIGNAL });
  return { shared, one: open(), other: open(), open };
}

describe('orders for mail hosts', () => {
  it('hold in every process at once, and end in every process', async () => {
    const { one, other } = processes();

    assert.equal(await one.put([order('a 1')], SIGNAL), undefined);
    await other.refresh();
    assert.equal(other.find('a 1')?.mode, 'drain');

    await other.remove(['a 1'], SIGNAL);
    await one.refresh();
    assert.equal(one.find('a 1'), undefined);
  });

  it('are known to a process that starts later', async () => {
    const { one, open } = processes();
    await one.put([order('a 1', 'maintain')], SIGNAL);
    const later = open();
    await later.refresh();

    assert.equal(later.find('a 1')?.mode, 'maintain');
  });

  it('hold here while nobody else can be told, and are told later', async () => {
    const { shared, one, other } = processes();
    await other.put([order('b 1')], SIGNAL);
    await one.refresh();
    shared.isAway = true;

    assert.equal(await one.put([order('a 1')], SIGNAL), 'is away');
    assert.equal(await one.remove(['b 1'], SIGNAL), 'is away');
    await one.refresh();
    assert.deepEqual([one.find('a 1')?.mode, one.find('b 1')], ['drain', undefined]);

    shared.isAway = false;
    await one.refresh();
    await other.refresh();
    assert.deepEqual([other.find('a 1')?.mode, other.find('b 1')], ['drain', undefined]);
  });

  it('are given again where what is shared has lost them', async () => {
    const { shared, one, other } = processes();
    await one.put([order('a 1')], SIGNAL);
    shared.orders.clear();
    shared.isBlank = true;
    await one.refresh();
    await other.refresh();

    assert.equal(other.find('a 1')?.mode, 'drain');
  });

  it('are not lost to what was read before they were given', async () => {
    const { shared, one } = processes();
    let isFirst = true;
    shared.beforeList = async () => {
      if (!isFirst) return;
      isFirst = false;
      await one.put([order('a 1')], SIGNAL);
    };
    await one.refresh();

    assert.equal(one.find('a 1')?.mode, 'drain');
  });
});
