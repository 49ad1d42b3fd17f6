import { LRUCache } from 'lru-cache';
import type { AccountName } from '../login/account-name.ts';
import type { Announcements } from './announcements.ts';
import type { MaybePromise, Unavailable } from './outcome.ts';
import type { RecalledLogin, VerifiedLogin, VerifiedLoginKey, VerifiedLogins } from './verified-logins.ts';

export interface LayeredVerifiedLoginsParts {
  /** In the memory of this process; answers at once. */
  readonly local: VerifiedLogins;
  /** What all processes share. */
  readonly shared: VerifiedLogins;
  readonly announcements: Announcements;
  /** Time for which a login that the shared store has confirmed serves from memory without asking again, in milliseconds; 0 asks each time. */
  readonly localLifetimeMs: number;
  /** How long a login that was recalled from the shared store is kept in memory at most, in milliseconds. */
  readonly longestLifetimeMs: number;
  readonly maxConfirmed: number;
  /** Wall clock in milliseconds. */
  readonly now: () => number;
}

/**
 * Verified logins in two levels. The shared store decides what is remembered; memory spares the question for seconds. What any
 * process forgets is announced to all; an announcement that is lost costs at most the local lifetime. While the shared store is
 * away, memory goes on alone with what it has.
 */
export class LayeredVerifiedLogins implements VerifiedLogins, Disposable {
  readonly #parts: LayeredVerifiedLoginsParts;
  readonly #confirmed: LRUCache<string, true>;
  readonly #subscription: Disposable;

  constructor(parts: LayeredVerifiedLoginsParts) {
    this.#parts = parts;
    this.#confirmed = new LRUCache({ max: parts.maxConfirmed, ttl: Math.max(1, parts.localLifetimeMs) });
    const signal = new AbortController().signal;
    this.#subscription = parts.announcements.subscribe({
      onAnnouncement: (announcement) => {
        if (announcement.kind === 'account-forgotten') void parts.local.forgetAccount(announcement.account, signal);
        else if (announcement.kind === 'all-forgotten') void parts.local.forgetAll(signal);
      },
      onGap: () => this.#confirmed.clear(),
    });
  }

  recall(key: VerifiedLoginKey, signal: AbortSignal): MaybePromise<RecalledLogin> {
    const kept = this.#parts.local.recall(key, signal);
    if (kept instanceof Promise) return kept.then((later) => this.#recallWith(later, key, signal));
    return this.#recallWith(kept, key, signal);
  }

  recallHere(key: VerifiedLoginKey): VerifiedLogin | undefined {
    return this.#parts.local.recallHere?.(key);
  }

  storeKeyOf(key: VerifiedLoginKey): string | undefined {
    return this.#parts.shared.storeKeyOf?.(key);
  }

  async remember(
    key: VerifiedLoginKey,
    login: VerifiedLogin,
    lifetimeMs: number,
    signal: AbortSignal,
  ): Promise<Unavailable | undefined> {
    await this.#parts.local.remember(key, login, lifetimeMs, signal);
    this.#confirm(key);
    return this.#parts.shared.remember(key, login, lifetimeMs, signal);
  }

  async forgetAccount(name: AccountName, signal: AbortSignal): Promise<Unavailable | undefined> {
    const { local, shared, announcements } = this.#parts;
    await local.forgetAccount(name, signal);
    const forgotten = await shared.forgetAccount(name, signal);
    const told = await announcements.publish({ kind: 'account-forgotten', account: name }, signal);
    return forgotten ?? told;
  }

  async forgetAll(signal: AbortSignal): Promise<Unavailable | undefined> {
    const { local, shared, announcements } = this.#parts;
    await local.forgetAll(signal);
    const forgotten = await shared.forgetAll(signal);
    const told = await announcements.publish({ kind: 'all-forgotten' }, signal);
    return forgotten ?? told;
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
  }

  #recallWith(kept: RecalledLogin, key: VerifiedLoginKey, signal: AbortSignal): MaybePromise<RecalledLogin> {
    if (kept.kind === 'remembered' && this.#confirmed.has(textOf(key))) return kept;
    return this.#askShared(kept, key, signal);
  }

  #confirm(key: VerifiedLoginKey): void {
    if (this.#parts.localLifetimeMs > 0) this.#confirmed.set(textOf(key), true);
  }

  async #askShared(kept: RecalledLogin, key: VerifiedLoginKey, signal: AbortSignal): Promise<RecalledLogin> {
    const { local, shared, longestLifetimeMs, now } = this.#parts;
    const recalled = await shared.recall(key, signal);
    if (recalled.kind === 'unavailable') return kept.kind === 'remembered' ? kept : recalled;
    if (recalled.kind === 'not-remembered') return recalled;
    this.#confirm(key);
    // The same account object again lets what was made of it be used again.
    if (kept.kind === 'remembered' && kept.login.provenAtMs === recalled.login.provenAtMs)
      return { ...kept, source: 'shared' };
    const restMs = recalled.login.provenAtMs + longestLifetimeMs - now();
    await local.remember(key, recalled.login, restMs, signal);
    return { ...recalled, source: 'shared' };
  }
}

// Neither names nor tags hold white space, so that no two keys have the same text.
function textOf({ loginName, scope, passwordTag }: VerifiedLoginKey): string {
  return `${loginName} ${passwordTag} ${scope}`;
}
