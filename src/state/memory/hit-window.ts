/** Hits of one counter, by the slices of its window that have any: index and hits of each in turn, oldest first. */
export class HitWindow {
  readonly name: string;
  readonly windowMs: number;
  #slices: number[] = [];
  #count = 0;

  constructor(name: string, windowMs: number) {
    this.name = name;
    this.windowMs = windowMs;
  }

  get isOfMembers(): boolean {
    return false;
  }

  get count(): number {
    return this.#count;
  }

  /** About how many bytes it takes. */
  get bytes(): number {
    return 120 + 8 * this.#slices.length;
  }

  knows(): boolean {
    return false;
  }

  dropBefore(slice: number): void {
    const slices = this.#slices;
    let gone = 0;
    while (gone < slices.length && (slices[gone] as number) < slice) {
      this.#count -= slices[gone + 1] as number;
      gone += 2;
    }
    if (gone > 0) this.#slices = slices.slice(gone);
  }

  add(slice: number): void {
    const slices = this.#slices;
    this.#count += 1;
    const last = slices.length - 2;
    if (last >= 0 && slices[last] === slice) slices[last + 1] = (slices[last + 1] as number) + 1;
    // A list that grows by itself takes room for sixteen more.
    else this.#slices = [...slices, slice, 1];
  }
}
