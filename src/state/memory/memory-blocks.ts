import { LRUCache } from 'lru-cache';
import type { Block, BlockPage, Blocks, FoundBlocks } from '../blocks.ts';

const NO_BLOCKS: FoundBlocks = { kind: 'found', blocks: [] };

interface Placed {
  readonly block: Block;
  /** Grows with each block that is put: where a list goes on. */
  readonly number: number;
}

/** Blocks in the memory of this process. Beyond the bound the one that was put first goes. */
export class MemoryBlocks implements Blocks {
  readonly #placed: LRUCache<string, Placed>;
  readonly #now: () => number;
  #lastNumber = 0;

  /** `now` is the wall clock in milliseconds. */
  constructor(maxBlocks: number, now: () => number = Date.now) {
    this.#placed = new LRUCache({ max: maxBlocks });
    this.#now = now;
  }

  get isEmpty(): boolean {
    return this.#placed.size === 0;
  }

  put(block: Block): undefined {
    this.#placed.delete(block.key);
    if (block.untilMs <= this.#now()) return;
    this.#lastNumber += 1;
    this.#placed.set(block.key, { block, number: this.#lastNumber });
  }

  find(keys: readonly string[]): FoundBlocks {
    if (this.#placed.size === 0) return NO_BLOCKS;
    let blocks: Block[] | undefined;
    for (const key of keys) {
      const block = this.#inForce(key);
      if (block === undefined) continue;
      blocks ??= [];
      blocks.push(block);
    }
    return blocks === undefined ? NO_BLOCKS : { kind: 'found', blocks };
  }

  list({ after, limit }: { readonly after?: string | undefined; readonly limit: number }): BlockPage {
    const last = after === undefined ? 0 : Number(after);
    const blocks: Block[] = [];
    for (const placed of this.#placed.rvalues()) {
      if (placed === undefined || placed.number <= last) continue;
      const { block, number } = placed;
      if (this.#inForce(block.key) === undefined) continue;
      blocks.push(block);
      if (blocks.length >= limit) return { kind: 'page', blocks, next: String(number) };
    }
    return { kind: 'page', blocks, next: undefined };
  }

  remove(key: string): undefined {
    this.#placed.delete(key);
  }

  #inForce(key: string): Block | undefined {
    const block = this.#placed.peek(key)?.block;
    if (block === undefined || block.untilMs > this.#now()) return block;
    this.#placed.delete(key);
    return undefined;
  }
}
