import { DeadlineTimer } from '../deadline-timer.ts';
import { failed, type LdapFailure } from '../ldap-failure.ts';
import type { OperationLimits } from '../limits.ts';
import { Ring } from './ring.ts';

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
  readonly deadline: number;
  unfollow: (() => void) | undefined;
  hasLeft: boolean;
}

/** A queue for something scarce: first come, first served, no longer than its bound, and nobody waits beyond his time. */
export class WaitQueue<T> {
  readonly #maxLength: number;
  readonly #maxWaitMs: number;
  /** With places that were left, until they come to the front. */
  readonly #places = new Ring<Place<T>>();
  #length = 0;
  readonly #deadlines = new DeadlineTimer((now) => this.#failLate(now));

  constructor(maxLength: number, maxWaitMs: number) {
    this.#maxLength = maxLength;
    this.#maxWaitMs = maxWaitMs;
  }

  get length(): number {
    return this.#length;
  }

  join(limits: OperationLimits, waiter: Waiter<T>): void {
    const { signal, timeoutMs } = limits;
    if (signal?.aborted === true) return waiter.fail(failed('timeout', 'given up before it was sent'));
    if (this.#length >= this.#maxLength) return waiter.fail(failed('overloaded', `${this.#maxLength} operations wait`));
    const since = performance.now();
    const deadline = since + Math.min(this.#maxWaitMs, timeoutMs);
    const place: Place<T> = { waiter, limits, since, deadline, unfollow: undefined, hasLeft: false };
    this.#places.push(place);
    this.#length += 1;
    this.#deadlines.expect(deadline, since);
    if (signal === undefined) return;
    const onAbort = (): void => this.#failAsLate(place);
    signal.addEventListener('abort', onAbort, { once: true });
    place.unfollow = () => signal.removeEventListener('abort', onAbort);
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
    this.#deadlines.stop();
  }

  #failLate(now: number): number {
    let next = Number.POSITIVE_INFINITY;
    const places = Array.from(this.#places);
    for (const place of places) {
      if (place.hasLeft) continue;
      if (place.deadline <= now) this.#failAsLate(place);
      else if (place.deadline < next) next = place.deadline;
    }
    return next;
  }

  #failAsLate(place: Place<T>): void {
    if (this.#leave(place)) place.waiter.fail(failed('timeout', 'no connection was free in time'));
  }

  #first(): Place<T> | undefined {
    for (let place = this.#places.shift(); place !== undefined; place = this.#places.shift()) {
      if (this.#leave(place)) return place;
    }
    return undefined;
  }

  #leave(place: Place<T>): boolean {
    if (place.hasLeft) return false;
    place.hasLeft = true;
    this.#length -= 1;
    place.unfollow?.();
    while (this.#places.first()?.hasLeft === true) this.#places.shift();
    return true;
  }
}
