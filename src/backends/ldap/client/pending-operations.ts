import type { PendingOperation } from './pending-operation.ts';

const MAX_MESSAGE_ID = 0x7fffffff;

/**
 * The operations of a connection that wait for their answers, by their message ids. They stand in an array that stays: a map
 * leaves a chain of tables behind, and once the first of these is old each of them keeps what it held alive, operations and all
 * that belongs to them, which made a quarter of all garbage outlive two collections.
 */
export class PendingOperations {
  readonly #places: ({ readonly id: number; readonly operation: PendingOperation } | undefined)[];
  readonly #mask: number;
  #nextId = 1;
  #size = 0;

  /** @param atMost operations at once */
  constructor(atMost: number) {
    // Twice the room, so that a free place is near.
    const length = 2 ** Math.ceil(Math.log2(2 * atMost + 2));
    this.#places = Array.from({ length }, () => undefined);
    this.#mask = length - 1;
  }

  get size(): number {
    return this.#size;
  }

  /** An id that no operation here has, and for which there is a place. */
  takeId(): number {
    let id = this.#nextId;
    while (this.#places[id & this.#mask] !== undefined) id = id === MAX_MESSAGE_ID ? 1 : id + 1;
    this.#nextId = id === MAX_MESSAGE_ID ? 1 : id + 1;
    return id;
  }

  /** @param id as {@link takeId} has just given it */
  add(id: number, operation: PendingOperation): void {
    this.#places[id & this.#mask] = { id, operation };
    this.#size += 1;
  }

  get(id: number): PendingOperation | undefined {
    const place = this.#places[id & this.#mask];
    return place?.id === id ? place.operation : undefined;
  }

  /** Gives the operation and lets go of it. */
  take(id: number): PendingOperation | undefined {
    const operation = this.get(id);
    if (operation === undefined) return undefined;
    this.#places[id & this.#mask] = undefined;
    this.#size -= 1;
    return operation;
  }

  ids(): number[] {
    return this.#places.flatMap((place) => (place === undefined ? [] : [place.id]));
  }
}
