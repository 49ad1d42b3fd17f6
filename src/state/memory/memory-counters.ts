import { setImmediate as yieldTurn } from 'node:timers/promises';
import { type Counted, type Counter, type Counters, WINDOW_SLICES } from '../counters.ts';
import type { Sweep, Sweepable, Swept } from '../sweep.ts';
import { type Condition, type InTurn, keeps, NOT_ITS_TURN, type Place, type Turn } from '../turn.ts';
import { HitWindow } from './hit-window.ts';
import { MemberWindow } from './member-window.ts';

type Window = HitWindow | MemberWindow;

/** All counters of an owner, few as they are. */
interface OwnerCounters {
  /** A counter whose window was changed is another one, since its slices are. Replaced whenever one is added or goes. */
  windows: readonly Window[];
  bytes: number;
  /** It was hit since room was last looked for. */
  isMet: boolean;
}

// Measured with Node 24: entry of the table, list and objects of an owner.
const OWNER_BYTES = 360;
/** Owners that are passed over at a time; were all of them met lately, looking through them all would hold everybody up. */
const MOST_PASSED_OVER = 2000;
/** Owners that a sweep looks at before others have their turn. */
const SWEPT_AT_ONCE = 500;
const NONE: readonly Window[] = [];
const NOTHING_COUNTED: Counted = { kind: 'counted', count: 0, isOver: false, isKnown: false };

/**
 * Counters in the memory of this process. Beyond `maxBytes` an owner that was not met for long loses its counters, by the clock
 * algorithm: who was hit since room was last looked for is passed over once. A limit holds for as many owners as there is room
 * for, about 600 bytes each.
 */
export class MemoryCounters implements Counters, Sweepable {
  readonly #owners = new Map<string, OwnerCounters>();
  readonly #maxBytes: number;
  readonly #now: () => number;
  readonly #isVacant: ((place: Place) => boolean) | undefined;
  #bytes = 0;
  /** Who is looked at next when room is wanted. */
  #hand = this.#owners.entries();

  /**
   * @param now a clock in milliseconds that never goes back
   * @param isVacant tells of places in the same memory; no turn may depend on any where absent
   */
  constructor(maxBytes: number, now: () => number = () => performance.now(), isVacant?: (place: Place) => boolean) {
    this.#maxBytes = maxBytes;
    this.#now = now;
    this.#isVacant = isVacant;
  }

  /** Owners with counters. */
  get size(): number {
    return this.#owners.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  hit(counter: Counter, _signal?: AbortSignal, inTurn?: InTurn): Counted {
    if (inTurn === undefined) return this.#hit(counter);
    if (inTurn.turn.isVoidFor(this) || (inTurn.isLater && inTurn.turn.isEnded)) return NOT_ITS_TURN;
    const counted = this.#hit(counter);
    inTurn.turn.learn(counted, counter.limit, inTurn);
    return counted;
  }

  peek(counter: Counter, _signal?: AbortSignal, conditions?: readonly Condition[]): Counted {
    const counted = this.#peek(counter);
    if (conditions !== undefined) for (const one of conditions) one.turn.test(this, keeps(counted, counter.limit, one));
    return counted;
  }

  requireVacant(places: readonly Place[], turns: readonly Turn[]): boolean {
    const isVacant = this.#isVacant;
    if (isVacant === undefined) return false;
    const holds = places.every((place) => isVacant(place));
    for (const turn of turns) turn.open(this, holds);
    return true;
  }

  takeBack(counter: Counter): undefined {
    const { owner, member = '' } = counter;
    const counters = this.#owners.get(owner);
    if (counters === undefined) return;
    const window = windowOf(counters.windows, counter);
    if (!(window instanceof MemberWindow)) return;
    window.drop(member);
    if (window.count === 0) counters.windows = counters.windows.filter((one) => one !== window);
    this.#resize(owner, counters);
  }

  clear(owner: string): undefined {
    this.#forget(owner);
  }

  async sweep(sweep: Sweep, signal: AbortSignal, owners?: readonly string[]): Promise<Swept> {
    let forgotten = 0;
    for (const [i, owner] of (owners ?? [...this.#owners.keys()]).entries()) {
      if (i % SWEPT_AT_ONCE === SWEPT_AT_ONCE - 1) await yieldTurn();
      if (signal.aborted) break;
      forgotten += this.#sweepOwner(owner, sweep);
    }
    return { kind: 'swept', forgotten };
  }

  #peek(counter: Counter): Counted {
    const counters = this.#owners.get(counter.owner);
    const window = windowOf(counters?.windows ?? NONE, counter);
    if (counters === undefined || window === undefined) return NOTHING_COUNTED;
    const before = window.bytes;
    window.dropBefore(runningSlice(counter, this.#now()) - WINDOW_SLICES);
    this.#grow(counters, window.bytes - before);
    const isKnown = window.knows(counter.member ?? '');
    return countedIn(window, counter.limit, !isKnown && window.count >= counter.limit, isKnown);
  }

  #hit(counter: Counter): Counted {
    const { owner, limit, member = '' } = counter;
    const slice = runningSlice(counter, this.#now());
    const counters = this.#meet(owner) ?? this.#newOwner(owner);
    const found = windowOf(counters.windows, counter);
    const before = found?.bytes ?? 0;
    const window = found ?? addWindow(counters, counter);
    window.dropBefore(slice - WINDOW_SLICES);
    const isKnown = window.knows(member);
    const isOver = !isKnown && window.count >= limit;
    if (!isOver) window.add(slice, member);
    const counted = countedIn(window, limit, isOver, isKnown);
    this.#grow(counters, window.bytes - before);
    return counted;
  }

  #sweepOwner(owner: string, sweep: Sweep): number {
    const counters = this.#owners.get(owner);
    if (counters === undefined) return 0;
    const what = sweep.ofOwner(owner);
    if (what === 'none') return 0;
    if (what === 'all') {
      this.#forget(owner);
      return 1;
    }
    const forgotten = sweepWindows(counters, sweep);
    if (forgotten > 0) this.#resize(owner, counters);
    return forgotten;
  }

  #meet(owner: string): OwnerCounters | undefined {
    const counters = this.#owners.get(owner);
    if (counters !== undefined) counters.isMet = true;
    return counters;
  }

  /** Counts as met only when it comes again: who comes once must not drive out who comes all the time. */
  #newOwner(owner: string): OwnerCounters {
    const counters: OwnerCounters = { windows: NONE, bytes: 0, isMet: false };
    this.#owners.set(owner, counters);
    this.#grow(counters, OWNER_BYTES + 2 * owner.length);
    return counters;
  }

  /** What an owner has takes more room, or less; where there is too little, others go. */
  #grow(counters: OwnerCounters, bytes: number): void {
    if (bytes === 0) return;
    counters.bytes += bytes;
    this.#bytes += bytes;
    for (let passed = 0; this.#bytes > this.#maxBytes && this.#owners.size > 1; passed += 1)
      this.#passOne(counters, passed < MOST_PASSED_OVER);
  }

  /** Looks at the next owner, who goes unless he is the one that room is made for, or was met where those may stay. */
  #passOne(spared: OwnerCounters, mayStay: boolean): void {
    let next = this.#hand.next();
    if (next.done === true) {
      this.#hand = this.#owners.entries();
      next = this.#hand.next();
    }
    if (next.done === true) return;
    const [owner, counters] = next.value;
    if (counters === spared) return;
    if (counters.isMet && mayStay) counters.isMet = false;
    else this.#forget(owner);
  }

  #resize(owner: string, counters: OwnerCounters): void {
    if (counters.windows.length === 0) return this.#forget(owner);
    let bytes = OWNER_BYTES + 2 * owner.length;
    for (const window of counters.windows) bytes += window.bytes;
    this.#grow(counters, bytes - counters.bytes);
  }

  #forget(owner: string): void {
    this.#bytes -= this.#owners.get(owner)?.bytes ?? 0;
    this.#owners.delete(owner);
  }
}

function windowOf(windows: readonly Window[], { name, windowMs, member }: Counter): Window | undefined {
  for (const one of windows) {
    if (one.name === name && one.windowMs === windowMs && one.isOfMembers === (member !== undefined)) return one;
  }
  return undefined;
}

function addWindow(counters: OwnerCounters, { name, windowMs, member }: Counter): Window {
  const window = member === undefined ? new HitWindow(name, windowMs) : new MemberWindow(name, windowMs);
  // A list that grows by itself takes room for sixteen more.
  counters.windows = [...counters.windows, window];
  return window;
}

function countedIn(window: Window, limit: number, isOver: boolean, isKnown: boolean): Counted {
  return { kind: 'counted', count: Math.min(window.count, limit), isOver, isKnown };
}

function runningSlice({ windowMs }: Counter, now: number): number {
  return Math.floor(now / Math.max(1, Math.ceil(windowMs / WINDOW_SLICES)));
}

function sweepWindows(counters: OwnerCounters, sweep: Sweep): number {
  let forgotten = 0;
  for (const window of counters.windows) {
    const goes = sweep.ofCounter(window.name);
    const members = window instanceof MemberWindow && !goes ? window.dropThose((one) => sweep.ofMember(one)) : 0;
    if (goes || (members > 0 && window.count === 0))
      counters.windows = counters.windows.filter((one) => one !== window);
    forgotten += goes ? 1 : members;
  }
  return forgotten;
}
