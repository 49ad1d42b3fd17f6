/**
 * How passwords are stored: the port that every scheme fills. A scheme has a name as written in braces before a stored
 * hash, knows how to read what follows it and how to make a new one. What it reads is bound to the algorithm that checks
 * it: `{CRYPT}` is one scheme that leads to many algorithms. The folder owns no accounts and asks nobody over a network.
 *
 * @module
 */
import type { UsableHash } from './usable-hash.ts';

/** All schemes by the name under which they are listed; other names for them are in the table of schemes. */
export const SCHEME_NAMES = [
  'ARGON2ID',
  'ARGON2I',
  'BLF-CRYPT',
  'SHA512-CRYPT',
  'SHA256-CRYPT',
  'MD5-CRYPT',
  'DES-CRYPT',
  'CRYPT',
  'PBKDF2',
  'SSHA512',
  'SSHA256',
  'SSHA',
  'SMD5',
  'SHA512',
  'SHA256',
  'SHA1',
  'MD5',
  'PLAIN-MD5',
  'LDAP-MD5',
  'PLAIN',
] as const;

export type SchemeName = (typeof SCHEME_NAMES)[number];

/** How the bytes of a stored hash are written: as they are, or encoded. */
export type Encoding = 'text' | 'base64' | 'hex';

/** `cheap` is checked within microseconds on the spot, `costly` off the event loop in a bounded queue. */
export type Cost = 'cheap' | 'costly';

/** Why a stored hash should be replaced: readable, guessable by table, or computed from a few bytes of the password only. */
export type Weakness = 'plain-text' | 'unsalted' | 'outdated';

/** A byte string as a JavaScript string with one character (U+0000 to U+00FF) for each byte; half the memory of a Buffer's. */
export type RawHash = string;

interface AlgorithmTraits {
  /** Name for profiles, messages and metrics. */
  readonly name: string;
  readonly weakness?: Weakness | undefined;
}

export interface CheapAlgorithm extends AlgorithmTraits {
  readonly cost: 'cheap';
  /** Compares in constant time. `raw` was accepted by a scheme's `read`. */
  check(raw: RawHash, password: Buffer): boolean;
}

export interface CostlyAlgorithm extends AlgorithmTraits {
  readonly cost: 'costly';
  /**
   * Computes off the event loop, compares in constant time. `raw` was accepted by a scheme's `read`.
   * @throws {HashingFailedError} where the hash could not be computed, which says nothing about the password.
   */
  check(raw: RawHash, password: Buffer): Promise<boolean>;
}

export type Algorithm = CheapAlgorithm | CostlyAlgorithm;

/** What is wrong with a stored value, for operators; never holds any of it. */
export interface HashProblem {
  readonly kind: 'problem';
  readonly message: string;
}

export function problem(message: string): HashProblem {
  return { kind: 'problem', message };
}

export interface PasswordScheme {
  readonly name: SchemeName;
  /** How its hashes are written where the name has no suffix. */
  readonly encoding: Encoding;
  /** Length of all its hashes in bytes; without a suffix such a hash may be in hex or base64, told apart by length. */
  readonly rawBytes?: number | undefined;
  /** Cost of a check; for schemes that decide by content, of what they make. */
  readonly cost: Cost;
  /** Why it should not be chosen for new hashes. */
  readonly weakness?: Weakness | undefined;
  /** What is not installed here, and what the scheme cannot do without it. */
  readonly missing?: string | undefined;
  /** Checks the shape of a stored hash, decoded, without computing anything. */
  read(raw: RawHash): UsableHash | HashProblem;
  /**
   * Makes a new hash, not yet encoded.
   * @throws {HashNotMadeError} where the scheme cannot hold this password.
   * @throws {HashingFailedError} where the hash could not be computed.
   */
  make(password: Buffer): Promise<RawHash>;
}

/** The computation failed: a library is missing, memory ran out. It is never about the password. */
export class HashingFailedError extends Error {
  override readonly name = 'HashingFailedError';
  readonly code = 'hashing-failed';
}

export type HashNotMadeCode = 'unknown-scheme' | 'unusable-password' | 'hashing-unavailable';

/** No hash was made of a new password; the message is for whoever sets it and names neither password nor hash. */
export class HashNotMadeError extends Error {
  override readonly name = 'HashNotMadeError';
  readonly code: HashNotMadeCode;

  constructor(code: HashNotMadeCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
