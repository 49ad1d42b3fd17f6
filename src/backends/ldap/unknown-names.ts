import { LRUCache } from 'lru-cache';

export interface UnknownNamesOptions {
  /** Nothing is remembered where it is 0. */
  readonly ttlMs: number;
  readonly size: number;
}

/** Searches that found nobody a short while ago. */
export class UnknownNames {
  readonly #names: LRUCache<string, true> | undefined;

  constructor({ ttlMs, size }: UnknownNamesOptions) {
    this.#names = ttlMs === 0 ? undefined : new LRUCache({ max: size, ttl: ttlMs });
  }

  has(search: string): boolean {
    return this.#names?.has(search) === true;
  }

  add(search: string): void {
    this.#names?.set(search, true);
  }
}
