import { setImmediate as yieldTurn } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { type Counted, type Counter, type Counters, WINDOW_SLICES } from '../counters.ts';
import type { Sweep, Sweepable, Swept } from '../sweep.ts';
import { HitWindow } from './hit-window.ts';
import { MemberWindow } from './member-window.ts';

type Window = HitWindow | MemberWindow;

/** One counter of an owner. A counter whose window was changed is another one, since its slices are. */
interface Kept {
  readonly name: string;
  readonly windowMs: number;
  readonly window: Window;
}

/** All counters of an owner, few as they are. Replaced whenever its size changes, so that the cache learns of it. */
interface OwnerCounters {
  readonly kept: Kept[];
  readonly bytes: number;
}

// Measured with Node 24: entry of the cache, list and objects of an owner with one counter.
const OWNER_BYTES = 400;
/** Owners that a sweep looks at before others have their turn. */
const SWEPT_AT_ONCE = 500;
const NONE: readonly Kept[] = [];
const NOTHING_COUNTED: Counted = { kind: 'counted', count: 0, isOver: false, isKnown: false, resetsInMs: 0 };

/**
 * Counters in the memory of this process. Beyond `maxBytes` the owner that was not met for longest loses its counters: a limit
 * holds for as many owners as there is room for, about 750 bytes each.
 */
export class MemoryCounters implements Counters, Sweepable {
  readonly #owners: LRUCache<string, OwnerCounters>;
  readonly #now: () => number;

  /** `now` is a clock in milliseconds that never goes back. */
  constructor(maxBytes: number, now: () => number = () => performance.now()) {
    this.#now = now;
    this.#owners = new LRUCache({ maxSize: maxBytes, sizeCalculation: ({ bytes }) => bytes });
  }

  /** Owners with counters. */
  get size(): number {
    return this.#owners.size;
  }

  get bytes(): number {
    return this.#owners.calculatedSize;
  }

  hit(counter: Counter): Counted {
    const { owner, limit, member } = counter;
    const now = this.#now();
    const sliceMs = sliceLength(counter);
    const slice = Math.floor(now / sliceMs);
    const known = this.#owners.get(owner);
    let kept = known?.kept ?? [];
    let window = windowOf(kept, counter);
    if (window === undefined) {
      window = member === undefined ? new HitWindow() : new MemberWindow();
      // A list that grows by itself takes room for sixteen more.
      kept = [...kept, { name: counter.name, windowMs: counter.windowMs, window }];
    }
    window.dropBefore(slice - WINDOW_SLICES);

    const isKnown = window.knows(member ?? '');
    const isOver = window.count >= limit && !isKnown;
    if (!isOver) window.add(slice, member ?? '');
    const bytes = bytesOf(owner, kept);
    if (bytes !== known?.bytes) this.#owners.set(owner, { kept, bytes });
    return countedIn(window, { counter, isOver, isKnown, now, sliceMs });
  }

  peek(counter: Counter): Counted {
    const now = this.#now();
    const sliceMs = sliceLength(counter);
    const window = windowOf(this.#owners.peek(counter.owner)?.kept ?? NONE, counter);
    if (window === undefined) return NOTHING_COUNTED;
    window.dropBefore(Math.floor(now / sliceMs) - WINDOW_SLICES);
    const isKnown = window.knows(counter.member ?? '');
    const isOver = window.count >= counter.limit && !isKnown;
    return countedIn(window, { counter, isOver, isKnown, now, sliceMs });
  }

  takeBack(counter: Counter): undefined {
    const { owner, member } = counter;
    const known = this.#owners.peek(owner);
    if (known === undefined) return;
    const window = windowOf(known.kept, counter);
    if (!(window instanceof MemberWindow)) return;
    window.drop(member ?? '');
    if (window.count === 0) removeWindow(known.kept, window);
    this.#resize(owner, known.kept);
  }

  clear(owner: string): undefined {
    this.#owners.delete(owner);
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

  #sweepOwner(owner: string, sweep: Sweep): number {
    const known = this.#owners.peek(owner);
    if (known === undefined) return 0;
    const what = sweep.ofOwner(owner);
    if (what === 'none') return 0;
    if (what === 'all') {
      this.#owners.delete(owner);
      return 1;
    }
    const forgotten = sweepWindows(known.kept, sweep);
    if (forgotten > 0) this.#resize(owner, known.kept);
    return forgotten;
  }

  #resize(owner: string, kept: Kept[]): void {
    if (kept.length === 0) this.#owners.delete(owner);
    else this.#owners.set(owner, { kept, bytes: bytesOf(owner, kept) });
  }
}

function bytesOf(owner: string, kept: readonly Kept[]): number {
  let bytes = OWNER_BYTES + 2 * owner.length;
  for (const { window } of kept) bytes += window.bytes;
  return bytes;
}

function windowOf(kept: readonly Kept[], { name, windowMs, member }: Counter): Window | undefined {
  for (const one of kept) {
    if (one.name === name && one.windowMs === windowMs && one.window instanceof HitWindow === (member === undefined))
      return one.window;
  }
  return undefined;
}

function removeWindow(kept: Kept[], window: Window): void {
  const at = kept.findIndex((one) => one.window === window);
  if (at >= 0) kept.splice(at, 1);
}

interface Moment {
  readonly counter: Counter;
  readonly isOver: boolean;
  readonly isKnown: boolean;
  readonly now: number;
  readonly sliceMs: number;
}

function countedIn(window: Window, { counter, isOver, isKnown, now, sliceMs }: Moment): Counted {
  const { oldestSlice } = window;
  const resetsInMs = oldestSlice === undefined ? 0 : (oldestSlice + WINDOW_SLICES + 1) * sliceMs - now;
  const count = Math.min(window.count, counter.limit);
  return { kind: 'counted', count, isOver, isKnown, resetsInMs: Math.ceil(resetsInMs) };
}

function sliceLength({ windowMs }: Counter): number {
  return Math.max(1, Math.ceil(windowMs / WINDOW_SLICES));
}

function sweepWindows(kept: Kept[], sweep: Sweep): number {
  let forgotten = 0;
  for (const { name, window } of kept.slice()) {
    const goes = sweep.ofCounter(name);
    const members = window instanceof MemberWindow && !goes ? window.dropThose((one) => sweep.ofMember(one)) : 0;
    if (goes || (members > 0 && window.count === 0)) removeWindow(kept, window);
    forgotten += goes ? 1 : members;
  }
  return forgotten;
}
