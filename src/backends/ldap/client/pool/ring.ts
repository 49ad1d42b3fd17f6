const FIRST_CAPACITY = 64;

/**
 * First in, first out, in an array that stays. A set, or an array that is cut, leaves old storage behind that keeps what it held
 * alive once it is old itself; see `PendingOperations`.
 */
export class Ring<T> {
  #items: (T | undefined)[] = empty(FIRST_CAPACITY);
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(item: T): void {
    if (this.#length === this.#items.length) this.#grow();
    this.#items[(this.#head + this.#length) & (this.#items.length - 1)] = item;
    this.#length += 1;
  }

  first(): T | undefined {
    return this.#items[this.#head];
  }

  shift(): T | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#items[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#items.length - 1);
    this.#length -= 1;
    return item;
  }

  *[Symbol.iterator](): Generator<T, void, void> {
    for (let i = 0; i < this.#length; i += 1) yield this.#items[(this.#head + i) & (this.#items.length - 1)] as T;
  }

  #grow(): void {
    const all = [...this];
    const grown = empty<T>(this.#items.length * 2);
    for (const [i, item] of all.entries()) grown[i] = item;
    this.#items.fill(undefined);
    this.#items = grown;
    this.#head = 0;
  }
}

function empty<T>(length: number): (T | undefined)[] {
  return Array.from({ length }, () => undefined);
}
