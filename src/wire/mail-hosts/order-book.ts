import type { Announcements } from '../../state/announcements.ts';
import type { HostOrder, HostOrders } from '../../state/host-orders.ts';
import type { Unavailable } from '../../state/outcome.ts';

/** Orders as this process knows them. They outlive a change of the configuration. */
export class KnownOrders {
  readonly orders = new Map<string, HostOrder>();
  /** What others have not been told of yet, by key; `undefined` for an order that was ended. */
  readonly untold = new Map<string, HostOrder | undefined>();
}

export interface OrderBookParts {
  readonly known: KnownOrders;
  /** What processes share; absent where this one is alone. */
  readonly shared: { readonly orders: HostOrders; readonly announcements: Announcements } | undefined;
  /** Gives the signal that ends a look at what is shared. */
  readonly deadline: () => AbortSignal;
}

/**
 * What operators want of hosts. An order holds here at once, and for all processes that share a state as soon as that can be
 * reached; until then it is kept, and told later.
 */
export class OrderBook implements Disposable {
  readonly #parts: OrderBookParts;
  readonly #subscription: Disposable | undefined;
  #refreshing: Promise<void> | undefined;
  #isWanted = false;
  /** Grows with each order that is given here. */
  #edition = 0;

  constructor(parts: OrderBookParts) {
    this.#parts = parts;
    this.#subscription = parts.shared?.announcements.subscribe({
      onAnnouncement: ({ kind }) => {
        if (kind === 'host-orders-changed') void this.refresh();
      },
      onGap: () => void this.refresh(),
    });
  }

  find(key: string): HostOrder | undefined {
    return this.#parts.known.orders.get(key);
  }

  /** Puts orders in force. Gives what could not be reached, for operators. */
  async put(orders: readonly HostOrder[], signal: AbortSignal): Promise<string | undefined> {
    const { known } = this.#parts;
    for (const order of orders) known.orders.set(order.key, order);
    return this.#tell(new Map(orders.map((order) => [order.key, order])), signal);
  }

  /** Ends orders. Gives what could not be reached, for operators. */
  async remove(keys: readonly string[], signal: AbortSignal): Promise<string | undefined> {
    for (const key of keys) this.#parts.known.orders.delete(key);
    return this.#tell(new Map(keys.map((key) => [key, undefined])), signal);
  }

  /** Tells what is untold, and takes over what others have ordered. */
  refresh(): Promise<void> {
    this.#isWanted = true;
    this.#refreshing ??= this.#refreshWhileWanted().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  [Symbol.dispose](): void {
    this.#subscription?.[Symbol.dispose]();
  }

  async #tell(changes: ReadonlyMap<string, HostOrder | undefined>, signal: AbortSignal): Promise<string | undefined> {
    const { known, shared } = this.#parts;
    if (shared === undefined) return undefined;
    this.#edition += 1;
    for (const [key, order] of changes) known.untold.set(key, order);
    const failure = await this.#tellUntold(shared.orders, signal);
    const untold = await shared.announcements.publish({ kind: 'host-orders-changed' }, signal);
    return (failure ?? untold)?.detail;
  }

  async #refreshWhileWanted(): Promise<void> {
    while (this.#isWanted) {
      this.#isWanted = false;
      await this.#refresh();
    }
  }

  async #refresh(): Promise<void> {
    const { known, shared, deadline } = this.#parts;
    if (shared === undefined) return;
    const signal = deadline();
    const edition = this.#edition;
    await this.#tellUntold(shared.orders, signal);
    const found = await shared.orders.list(signal);
    if (found.kind === 'unavailable') return;
    // What was read may be older than an order that was given meanwhile.
    if (edition !== this.#edition) {
      this.#isWanted = true;
      return;
    }
    if (found.isBlank && known.orders.size > 0) return this.#restore(shared.orders, signal);
    const orders = new Map(found.orders.map((order) => [order.key, order]));
    for (const [key, order] of known.untold) {
      if (order === undefined) orders.delete(key);
      else orders.set(key, order);
    }
    known.orders.clear();
    for (const [key, order] of orders) known.orders.set(key, order);
  }

  /** What is shared has been lost, such as by a restart: a host that is to get no accounts must not get them for that. */
  async #restore(shared: HostOrders, signal: AbortSignal): Promise<void> {
    const { orders, untold } = this.#parts.known;
    for (const [key, order] of orders) if (!untold.has(key)) untold.set(key, order);
    await this.#tellUntold(shared, signal);
  }

  async #tellUntold(orders: HostOrders, signal: AbortSignal): Promise<Unavailable | undefined> {
    const { untold } = this.#parts.known;
    for (const [key, order] of untold) {
      const failure = await (order === undefined ? orders.remove(key, signal) : orders.put(order, signal));
      if (failure !== undefined) return failure;
      if (untold.get(key) === order) untold.delete(key);
    }
    return undefined;
  }
}
