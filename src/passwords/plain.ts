import { hash, timingSafeEqual } from 'node:crypto';
import type { CheapAlgorithm, PasswordScheme } from './scheme.ts';
import { UsableHash } from './usable-hash.ts';

const PLAIN: CheapAlgorithm = {
  name: 'PLAIN',
  cost: 'cheap',
  weakness: 'plain-text',
  // Digests have one length whatever was compared, so that the time tells nothing about the stored password's.
  check: (raw, password) =>
    timingSafeEqual(hash('sha256', Buffer.from(raw, 'latin1'), 'buffer'), hash('sha256', password, 'buffer')),
};

/** The password itself, kept readable. */
export const plain: PasswordScheme = {
  name: 'PLAIN',
  encoding: 'text',
  cost: 'cheap',
  weakness: 'plain-text',
  read: (raw) => new UsableHash(PLAIN, 'PLAIN', raw),
  make: (password) => Promise.resolve(password.toString('latin1')),
};
