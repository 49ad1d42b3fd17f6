import type { Block, BlockPage, Blocks, FoundBlocks } from './blocks.ts';
import type { Place } from './turn.ts';
import type { MaybePromise, Unavailable } from './outcome.ts';

/** Blocks that others share. Each one put here is also kept in this process, and in force while the others cannot be had. */
export class StandbyBlocks implements Blocks {
  readonly #shared: Blocks;
  readonly #own: Blocks;

  constructor(shared: Blocks, own: Blocks) {
    this.#shared = shared;
    this.#own = own;
  }

  async put(block: Block, signal: AbortSignal): Promise<Unavailable | undefined> {
    await this.#own.put(block, signal);
    return await this.#shared.put(block, signal);
  }

  async find(keys: readonly string[], signal: AbortSignal): Promise<FoundBlocks | Unavailable> {
    const found = await this.#shared.find(keys, signal);
    return found.kind === 'unavailable' ? await this.#own.find(keys, signal) : found;
  }

  placesOf(keys: readonly string[]): readonly Place[] | undefined {
    return this.#shared.placesOf?.(keys);
  }

  list(
    page: { readonly after?: string | undefined; readonly limit: number },
    signal: AbortSignal,
  ): MaybePromise<BlockPage | Unavailable> {
    return this.#shared.list(page, signal);
  }

  async remove(key: string, signal: AbortSignal): Promise<Unavailable | undefined> {
    await this.#own.remove(key, signal);
    return await this.#shared.remove(key, signal);
  }
}
