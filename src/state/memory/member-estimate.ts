import { hash } from 'node:crypto';

const INDEX_BITS = 10;
const REGISTERS = 1 << INDEX_BITS;
const ALPHA = 0.7213 / (1 + 1.079 / REGISTERS);

/** Bytes that one takes. */
export const ESTIMATE_BYTES = REGISTERS + 120;

/**
 * How many different members were added, estimated in constant memory: HyperLogLog (Flajolet et al. 2007) with 1,024
 * registers, standard error 3.3 %.
 */
export class MemberEstimate {
  readonly #registers = new Uint8Array(REGISTERS);

  add(member: string): void {
    const digest = hash('sha1', member, 'buffer');
    const index = digest.readUInt16BE(0) >> (16 - INDEX_BITS);
    const rank = Math.clz32(digest.readUInt32BE(4)) + 1;
    if (rank > (this.#registers[index] as number)) this.#registers[index] = rank;
  }

  /** Members that were added to any of these. */
  static countOf(estimates: Iterable<MemberEstimate>): number {
    const merged = new Uint8Array(REGISTERS);
    for (const { registers } of all(estimates)) {
      for (let index = 0; index < REGISTERS; index += 1) {
        const rank = registers[index] as number;
        if (rank > (merged[index] as number)) merged[index] = rank;
      }
    }
    let sum = 0;
    let empty = 0;
    for (const rank of merged) {
      sum += 2 ** -rank;
      if (rank === 0) empty += 1;
    }
    const raw = (ALPHA * REGISTERS * REGISTERS) / sum;
    // Few members are counted better by how many registers they left empty.
    if (raw <= 2.5 * REGISTERS && empty > 0) return Math.round(REGISTERS * Math.log(REGISTERS / empty));
    return Math.round(raw);

    function* all(given: Iterable<MemberEstimate>) {
      for (const estimate of given) yield { registers: estimate.#registers };
    }
  }
}
