import { EXACT_MEMBERS } from '../counters.ts';
import { ESTIMATE_BYTES, MemberEstimate } from './member-estimate.ts';

const NO_ESTIMATES: ReadonlyMap<number, MemberEstimate> = new Map();

/** Different members of one counter: each with the slice in which it was last met, or, beyond a bound, an estimate for each slice. */
export class MemberWindow {
  /** In the order of the slices in which they were last met, so that the oldest come first. */
  readonly #metIn = new Map<string, number>();
  /** Shared by all that have none, which are nearly all. */
  #estimates: ReadonlyMap<number, MemberEstimate> = NO_ESTIMATES;
  #estimated: number | undefined;
  #memberBytes = 0;

  get count(): number {
    if (this.#estimates.size === 0) return this.#metIn.size;
    this.#estimated ??= MemberEstimate.countOf(this.#estimates.values());
    return this.#estimated;
  }

  /** The oldest slice that has members. */
  get oldestSlice(): number | undefined {
    for (const slice of this.#estimates.keys()) return slice;
    for (const slice of this.#metIn.values()) return slice;
    return undefined;
  }

  /** About how many bytes it takes. */
  get bytes(): number {
    return 240 + this.#memberBytes + ESTIMATE_BYTES * this.#estimates.size;
  }

  /** Whether the member is counted already. An estimate does not know its members. */
  knows(member: string): boolean {
    return this.#metIn.has(member);
  }

  dropBefore(slice: number): void {
    for (const [member, metIn] of this.#metIn) {
      if (metIn >= slice) break;
      this.drop(member);
    }
    for (const estimated of this.#estimates.keys()) {
      if (estimated >= slice) break;
      this.#estimates = new Map([...this.#estimates].filter(([kept]) => kept !== estimated));
      this.#estimated = undefined;
    }
  }

  add(slice: number, member: string): void {
    if (this.#estimates.size > 0) return this.#estimate(slice, member);
    const metIn = this.#metIn.get(member);
    // Where it is among those of the same slice is no matter.
    if (metIn === slice) return;
    if (metIn !== undefined) this.drop(member);
    this.#metIn.set(member, slice);
    this.#memberBytes += bytesOf(member);
    if (this.#metIn.size <= EXACT_MEMBERS) return;
    for (const [known, metIn] of this.#metIn) this.#estimate(metIn, known);
    this.#metIn.clear();
    this.#memberBytes = 0;
  }

  /** Counts a member no more; one of an estimate stays. */
  drop(member: string): void {
    if (this.#metIn.delete(member)) this.#memberBytes -= bytesOf(member);
  }

  /** Counts those no more that are meant, and says how many they were. */
  dropThose(isMeant: (member: string) => boolean): number {
    const before = this.#metIn.size;
    for (const member of this.#metIn.keys()) if (isMeant(member)) this.drop(member);
    return before - this.#metIn.size;
  }

  #estimate(slice: number, member: string): void {
    let estimate = this.#estimates.get(slice);
    if (estimate === undefined) {
      estimate = new MemberEstimate();
      this.#estimates = new Map([...this.#estimates, [slice, estimate]]);
    }
    estimate.add(member);
    this.#estimated = undefined;
  }
}

function bytesOf(member: string): number {
  return 80 + 2 * member.length;
}
