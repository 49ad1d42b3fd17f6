/**
 * The public keys that tokens are signed with (JWKS, RFC 7517): kept for a while, had anew when they are old or a token names
 * one that is not among them, and never asked for more often than now and then, whoever sends tokens.
 *
 * @module
 */

/** Keys younger than this are used as they are. */
const FRESH_MS = 10 * 60_000;
/** Keys are used so long where no newer ones can be had. */
const USABLE_MS = 24 * 3_600_000;
/** Shortest time between two times they are asked for. */
const LOAD_EVERY_MS = 30_000;
/** The same after they could not be had. */
const RETRY_AFTER_MS = 5000;

export interface KeySourceParts<Keys> {
  /** Gets them, within a deadline of its own. */
  readonly load: () => Promise<Keys>;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** Told of each time they were asked for; `cause` says why they could not be had. */
  readonly onLoaded: (cause: unknown) => void;
}

/** Keys as they are, or that they cannot be had. */
export type KeysOutcome<Keys> = { readonly kind: 'keys'; readonly keys: Keys } | { readonly kind: 'unavailable' };

export class KeySource<Keys> {
  readonly #parts: KeySourceParts<Keys>;
  #latest: { readonly keys: Keys; readonly at: number } | undefined;
  #loading: Promise<void> | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;
  #hasFailed = false;

  constructor(parts: KeySourceParts<Keys>) {
    this.#parts = parts;
  }

  /** Keys that may be used now. Old ones are at hand at once, and had anew beside. */
  async current(): Promise<KeysOutcome<Keys>> {
    const age = this.#age();
    if (age >= FRESH_MS) {
      const loading = this.#load();
      if (age >= USABLE_MS) await loading;
    }
    return this.#age() < USABLE_MS ? this.#outcome() : { kind: 'unavailable' };
  }

  /**
   * Keys that are newer than those which a token's key is not among: the same ones where they were had a moment ago, none where
   * they cannot be had.
   */
  async newerThan(keys: Keys): Promise<KeysOutcome<Keys>> {
    if (this.#latest?.keys === keys) await this.#load();
    return this.#hasFailed ? { kind: 'unavailable' } : this.#outcome();
  }

  #age(): number {
    return this.#latest === undefined ? Number.POSITIVE_INFINITY : this.#parts.now() - this.#latest.at;
  }

  #outcome(): KeysOutcome<Keys> {
    return this.#latest === undefined ? { kind: 'unavailable' } : { kind: 'keys', keys: this.#latest.keys };
  }

  /** Gets them, unless that was tried a moment ago; never rejected. */
  #load(): Promise<void> {
    if (this.#loading !== undefined) return this.#loading;
    const now = this.#parts.now();
    if (now - this.#askedAt < (this.#hasFailed ? RETRY_AFTER_MS : LOAD_EVERY_MS)) return Promise.resolve();
    this.#askedAt = now;
    this.#loading = this.#loadNow().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #loadNow(): Promise<void> {
    try {
      this.#latest = { keys: await this.#parts.load(), at: this.#parts.now() };
      this.#hasFailed = false;
      this.#parts.onLoaded(undefined);
    } catch (cause) {
      this.#hasFailed = true;
      this.#parts.onLoaded(cause);
    }
  }
}
