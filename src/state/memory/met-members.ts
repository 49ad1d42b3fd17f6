/** Members beyond which they are looked up in a table: below it a list is smaller, and as fast. */
const MOST_IN_LIST = 8;

/** Members with the slice in which each was last met, in the order of these slices. */
export class MetMembers {
  /** Member and slice in turn. Replaced and not grown: a list that grows by itself takes room for sixteen more. */
  #few: readonly (string | number)[] = [];
  #many: Map<string, number> | undefined;
  #memberBytes = 0;
  /** None was met in a slice before this one. */
  #floor = 0;

  get size(): number {
    return this.#many === undefined ? this.#few.length / 2 : this.#many.size;
  }

  /** About how many bytes they take. */
  get bytes(): number {
    return 40 + this.#memberBytes;
  }

  has(member: string): boolean {
    return this.#many === undefined ? this.#few.includes(member) : this.#many.has(member);
  }

  *entries(): Generator<readonly [member: string, slice: number]> {
    if (this.#many !== undefined) return yield* this.#many;
    for (let i = 0; i < this.#few.length; i += 2) yield [this.#few[i] as string, this.#few[i + 1] as number];
  }

  /** Adds a member that is met in a slice; none before was met in a later one. */
  add(slice: number, member: string): void {
    const many = this.#many;
    if (many === undefined) return this.#addToFew(slice, member);
    const metIn = many.get(member);
    // Where it is among those of the same slice is no matter.
    if (metIn === slice) return;
    if (metIn === undefined) this.#memberBytes += bytesOf(member);
    else many.delete(member);
    many.set(member, slice);
  }

  drop(member: string): void {
    if (this.#many !== undefined) {
      if (this.#many.delete(member)) this.#memberBytes -= bytesOf(member);
      return;
    }
    const at = this.#few.indexOf(member);
    if (at < 0) return;
    this.#few = this.#few.toSpliced(at, 2);
    this.#memberBytes -= bytesOf(member);
  }

  dropBefore(slice: number): void {
    if (slice <= this.#floor) return;
    this.#floor = slice;
    if (this.#many === undefined) return this.#dropOfFewBefore(slice);
    for (const [member, metIn] of this.#many) {
      if (metIn >= slice) break;
      this.drop(member);
    }
  }

  clear(): void {
    this.#few = [];
    this.#many = undefined;
    this.#memberBytes = 0;
  }

  #addToFew(slice: number, member: string): void {
    const few = this.#few;
    const at = few.indexOf(member);
    if (at >= 0 && few[at + 1] === slice) return;
    if (at < 0) this.#memberBytes += bytesOf(member);
    const others = at < 0 ? few : few.toSpliced(at, 2);
    // A list that is spread into another one leaves room for sixteen more.
    this.#few = others.length === 0 ? [member, slice] : others.concat(member, slice);
    if (this.#few.length > 2 * MOST_IN_LIST) {
      this.#many = new Map(this.entries());
      this.#few = [];
    }
  }

  #dropOfFewBefore(slice: number): void {
    const few = this.#few;
    let gone = 0;
    while (gone < few.length && (few[gone + 1] as number) < slice) {
      this.#memberBytes -= bytesOf(few[gone] as string);
      gone += 2;
    }
    if (gone > 0) this.#few = few.slice(gone);
  }
}

function bytesOf(member: string): number {
  return 60 + 2 * member.length;
}
