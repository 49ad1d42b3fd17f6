import { failed, type LdapFailure } from '../ldap-failure.ts';
import type { OperationLimits } from '../limits.ts';

/** Who waits. Exactly one of the two is called, once. */
export interface Waiter<T> {
  /** @param limits what is left of the time */
  readonly start: (value: T, limits: OperationLimits) => void;
  readonly fail: (failure: LdapFailure) => void;
}

interface Place<T> {
  readonly waiter: Waiter<T>;
  readonly limits: OperationLimits;
  readonly since: number;
  readonly release: () => void;
}

/** A queue for something scarce: first come, first served, no longer than its bound, and nobody waits beyond his time. */
export class WaitQueue<T> {
  readonly #maxLength: number;
  readonly #maxWaitMs: number;
  readonly #places = new Set<Place<T>>();

  constructor(maxLength: number, maxWaitMs: number) {
    this.#maxLength = maxLength;
    this.#maxWaitMs = maxWaitMs;
  }

  get length(): number {
    return this.#places.size;
  }

  join(limits: OperationLimits, waiter: Waiter<T>): void {
    const { signal } = limits;
    if (signal?.aborted === true) return waiter.fail(failed('timeout', 'given up before it was sent'));
    if (this.#places.size >= this.#maxLength)
      return waiter.fail(failed('overloaded', `${this.#maxLength} operations wait`));
    const onLate = (): void => {
      if (this.#leave(place)) waiter.fail(failed('timeout', 'no connection was free in time'));
    };
    const timer = setTimeout(onLate, Math.min(this.#maxWaitMs, limits.timeoutMs));
    signal?.addEventListener('abort', onLate, { once: true });
    const release = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onLate);
    };
    const place = { waiter, limits, since: performance.now(), release };
    this.#places.add(place);
  }

  /** Hands the value to whoever has waited longest; gives false where nobody waits. */
  offer(value: T): boolean {
    const place = this.#first();
    if (place === undefined) return false;
    const { timeoutMs, signal } = place.limits;
    const left = Math.max(1, timeoutMs - (performance.now() - place.since));
    place.waiter.start(value, { timeoutMs: left, signal });
    return true;
  }

  failFirst(failure: LdapFailure): void {
    this.#first()?.waiter.fail(failure);
  }

  failAll(failure: LdapFailure): void {
    for (let place = this.#first(); place !== undefined; place = this.#first()) place.waiter.fail(failure);
  }

  #first(): Place<T> | undefined {
    const [place] = this.#places;
    if (place !== undefined) this.#leave(place);
    return place;
  }

  #leave(place: Place<T>): boolean {
    if (!this.#places.delete(place)) return false;
    place.release();
    return true;
  }
}
