import type * as Jose from 'jose';
import { type KeyPlace, readKeys } from './read-keys.ts';
import type { KeySet } from './token-callers.ts';

/** Keys of one issuer; it has two or three while they are being changed. */
const MAX_KEYS = 100;

/** The library for tokens is for those only who use some: it takes time to load. */
export function loadJose(): Promise<typeof Jose> {
  return import('jose');
}

/** Has the public keys of a place. @throws {Error} where they cannot be had or used; the message is for operators */
export async function loadKeySet(place: KeyPlace): Promise<KeySet> {
  const { createLocalJWKSet } = await loadJose();
  const json = (await readKeys(place)) as Jose.JSONWebKeySet;
  const count: unknown = json?.keys?.length;
  if (count === 0) throw new Error('holds no keys');
  if (typeof count !== 'number' || count > MAX_KEYS) throw new Error(`holds no set of at most ${MAX_KEYS} keys (JWKS)`);
  return createLocalJWKSet(json);
}
