import { setTimeout as sleep } from 'node:timers/promises';
import type { Actor, World } from './world.ts';

const BEGINNING_MS = Date.UTC(2030, 0, 7);

/** How time passes in a world. */
export interface SimulatedClock {
  /** Milliseconds of the world's time since the beginning. */
  readonly nowMs: number;
  /** Wall clock of the stores, in milliseconds. */
  readonly wallMs: number;
  /** Milliseconds of a clock that never goes back, for what waits. */
  readonly ticksMs: number;
  pause(ms: number): Promise<void>;
  /** Lets everybody act in turn until the end. */
  run(world: World, actors: readonly Actor[], untilMs: number): Promise<void>;
}

/** Goes from one act to the next: days take seconds. Nobody acts while another does. */
export class JumpingClock implements SimulatedClock {
  nowMs = 0;

  get wallMs(): number {
    return BEGINNING_MS + this.nowMs;
  }

  get ticksMs(): number {
    return this.nowMs;
  }

  pause(): Promise<void> {
    return Promise.resolve();
  }

  async run(world: World, actors: readonly Actor[], untilMs: number): Promise<void> {
    const queue = new ActorQueue(actors);
    for (let actor = queue.first; actor !== undefined && actor.nextAtMs < untilMs; actor = queue.first) {
      this.nowMs = Math.max(this.nowMs, actor.nextAtMs);
      await actor.act(world);
      queue.moved();
    }
  }
}

/** Attempts of one attacker that are under way at once. */
const IN_PARALLEL = 8;

/**
 * Goes as the clocks of machines do, and so many times as fast in the world: for stores that have a clock of their own. All act
 * at the same time.
 */
export class FastClock implements SimulatedClock {
  readonly #speed: number;
  #begunAt = performance.now();

  constructor(speed: number) {
    this.#speed = speed;
  }

  get nowMs(): number {
    return (performance.now() - this.#begunAt) * this.#speed;
  }

  get wallMs(): number {
    return Date.now();
  }

  get ticksMs(): number {
    return performance.now();
  }

  async pause(ms: number): Promise<void> {
    await sleep(ms);
  }

  async run(world: World, actors: readonly Actor[], untilMs: number): Promise<void> {
    this.#begunAt = performance.now();
    await Promise.all(actors.map((actor) => this.#live(world, actor, untilMs)));
  }

  async #live(world: World, actor: Actor, untilMs: number): Promise<void> {
    const under = new Set<Promise<void>>();
    const isOver = () =>
      actor.isToFinish === true
        ? actor.nextAtMs === Number.POSITIVE_INFINITY
        : actor.nextAtMs >= untilMs || this.nowMs >= untilMs;
    while (!isOver()) {
      const earlyMs = (actor.nextAtMs - this.nowMs) / this.#speed;
      if (earlyMs > 0) await sleep(earlyMs);
      const acted = actor.act(world).finally(() => under.delete(acted));
      under.add(acted);
      if (!actor.isImpatient) await acted;
      else if (under.size >= IN_PARALLEL) await Promise.race(under);
    }
    await Promise.all(under);
  }
}

/** A binary heap of actors by when they act next. */
class ActorQueue {
  readonly #heap: Actor[];

  constructor(actors: readonly Actor[]) {
    // A sorted list is a heap.
    this.#heap = actors.toSorted((a, b) => a.nextAtMs - b.nextAtMs);
  }

  get first(): Actor | undefined {
    return this.#heap[0];
  }

  /** The first acts at another time now. */
  moved(): void {
    const heap = this.#heap;
    for (let parent = 0; ; ) {
      let earliest = parent;
      for (const child of [2 * parent + 1, 2 * parent + 2]) {
        const actor = heap[child];
        if (actor !== undefined && actor.nextAtMs < (heap[earliest] as Actor).nextAtMs) earliest = child;
      }
      if (earliest === parent) return;
      [heap[parent], heap[earliest]] = [heap[earliest] as Actor, heap[parent] as Actor];
      parent = earliest;
    }
  }
}
