import { inspect } from 'node:util';
import type { Algorithm, Cost, RawHash } from './scheme.ts';

/**
 * A stored hash whose shape was found good, bound to the algorithm that checks it. Its printed forms show the profile only:
 * the hash of a plain-text scheme is the password.
 */
export class UsableHash {
  readonly kind = 'hash';
  readonly algorithm: Algorithm;
  /** Algorithm and cost parameters, such as `ARGON2ID m=19456,t=2,p=1`: equal profiles cost the same to check. */
  readonly profile: string;
  readonly #raw: RawHash;

  constructor(algorithm: Algorithm, profile: string, raw: RawHash) {
    this.algorithm = algorithm;
    this.profile = profile;
    this.#raw = raw;
  }

  get cost(): Cost {
    return this.algorithm.cost;
  }

  /**
   * Compares with one form of a password: at once where the cost is cheap, later where it is costly.
   * @throws {HashingFailedError} where the hash could not be computed.
   */
  check(password: Buffer): boolean | Promise<boolean> {
    return this.algorithm.check(this.#raw, password);
  }

  toString(): string {
    return this.profile;
  }

  toJSON(): string {
    return this.profile;
  }

  [inspect.custom](): string {
    return `UsableHash(${this.profile})`;
  }
}
