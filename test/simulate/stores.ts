import type { Block, Blocks } from '../../src/state/blocks.ts';
import type { Counters } from '../../src/state/counters.ts';
import { MemoryBlocks } from '../../src/state/memory/memory-blocks.ts';
import { MemoryCounters } from '../../src/state/memory/memory-counters.ts';
import type { RedisState } from '../../src/state/redis/redis-state.ts';
import type { SimulatedClock } from './clocks.ts';

/** Where a world counts. */
export interface Stores {
  readonly accounts: Counters;
  readonly networks: Counters;
  readonly blocks: ToldBlocks;
  /** Several processes count here. */
  readonly isShared: boolean;
  /** Bytes that counters are taken to have in a process. */
  readonly bytes: number;
}

export interface Memory {
  readonly accounts: number;
  readonly networks: number;
  readonly blocks: number;
}

/** Bytes of counters, and blocks, that a process takes without a line of configuration. */
export const STANDARD_MEMORY: Memory = { accounts: 128 << 20, networks: 64 << 20, blocks: 100_000 };

export function storesInMemory(clock: SimulatedClock, memory: Memory): Stores {
  const ticks = () => clock.ticksMs;
  const accounts = new MemoryCounters(memory.accounts, ticks);
  const networks = new MemoryCounters(memory.networks, ticks);
  const blocks = new ToldBlocks(new MemoryBlocks(memory.blocks, () => clock.wallMs));
  return {
    accounts,
    networks,
    blocks,
    isShared: false,
    get bytes() {
      return accounts.bytes + networks.bytes;
    },
  };
}

/** Stores in a real Redis. What they take there is not told. */
export function storesInRedis({ counters, blocks }: RedisState): Stores {
  return { accounts: counters, networks: counters, blocks: new ToldBlocks(blocks), isShared: true, bytes: 0 };
}

/** Tells of each block that is put. */
class ToldBlocks implements Blocks {
  readonly #blocks: Blocks;
  onBlock: (block: Block) => void = () => {};

  constructor(blocks: Blocks) {
    this.#blocks = blocks;
  }

  put(block: Block, signal: AbortSignal): ReturnType<Blocks['put']> {
    this.onBlock(block);
    return this.#blocks.put(block, signal);
  }

  find(...asked: Parameters<Blocks['find']>): ReturnType<Blocks['find']> {
    return this.#blocks.find(...asked);
  }

  list(...asked: Parameters<Blocks['list']>): ReturnType<Blocks['list']> {
    return this.#blocks.list(...asked);
  }

  remove(...asked: Parameters<Blocks['remove']>): ReturnType<Blocks['remove']> {
    return this.#blocks.remove(...asked);
  }
}
