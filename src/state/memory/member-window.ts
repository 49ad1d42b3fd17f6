import { EXACT_MEMBERS } from '../counters.ts';
import { ESTIMATE_BYTES, MemberEstimate } from './member-estimate.ts';
import { MetMembers } from './met-members.ts';

const NO_ESTIMATES: ReadonlyMap<number, MemberEstimate> = new Map();

/** Different members of one counter: each with the slice in which it was last met, or, beyond a bound, an estimate for each slice. */
export class MemberWindow {
  readonly name: string;
  readonly windowMs: number;
  readonly #met = new MetMembers();
  /** Shared by all that have none, which are nearly all. */
  #estimates: ReadonlyMap<number, MemberEstimate> = NO_ESTIMATES;
  #estimated: number | undefined;

  constructor(name: string, windowMs: number) {
    this.name = name;
    this.windowMs = windowMs;
  }

  get isOfMembers(): boolean {
    return true;
  }

  get count(): number {
    if (this.#estimates === NO_ESTIMATES) return this.#met.size;
    this.#estimated ??= MemberEstimate.countOf(this.#estimates.values());
    return this.#estimated;
  }

  /** About how many bytes it takes. */
  get bytes(): number {
    return 60 + this.#met.bytes + ESTIMATE_BYTES * this.#estimates.size;
  }

  /** Whether the member is counted already. An estimate does not know its members. */
  knows(member: string): boolean {
    return this.#met.has(member);
  }

  dropBefore(slice: number): void {
    this.#met.dropBefore(slice);
    if (this.#estimates === NO_ESTIMATES) return;
    const kept = [...this.#estimates].filter(([estimated]) => estimated >= slice);
    if (kept.length < this.#estimates.size) this.#changeEstimates(kept);
  }

  add(slice: number, member: string): void {
    if (this.#estimates !== NO_ESTIMATES) return this.#estimate(slice, member);
    this.#met.add(slice, member);
    if (this.#met.size <= EXACT_MEMBERS) return;
    for (const [known, metIn] of this.#met.entries()) this.#estimate(metIn, known);
    this.#met.clear();
  }

  /** Counts a member no more; one of an estimate stays. */
  drop(member: string): void {
    this.#met.drop(member);
  }

  /** Counts those no more that are meant, and says how many they were. */
  dropThose(isMeant: (member: string) => boolean): number {
    const meant = [...this.#met.entries()].filter(([member]) => isMeant(member));
    for (const [member] of meant) this.#met.drop(member);
    return meant.length;
  }

  #estimate(slice: number, member: string): void {
    let estimate = this.#estimates.get(slice);
    if (estimate === undefined) {
      estimate = new MemberEstimate();
      this.#changeEstimates([...this.#estimates, [slice, estimate]]);
    }
    estimate.add(member);
    this.#estimated = undefined;
  }

  #changeEstimates(estimates: readonly (readonly [number, MemberEstimate])[]): void {
    this.#estimates = estimates.length === 0 ? NO_ESTIMATES : new Map(estimates);
    this.#estimated = undefined;
  }
}
