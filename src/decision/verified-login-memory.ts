import type { Attempt } from '../login/attempt.ts';
import type { Account } from '../login/account.ts';
import type { AccountName } from '../login/account-name.ts';
import type { Secret } from '../login/secret.ts';
import type { ProofSource } from '../login/verdict.ts';
import type { MaybePromise } from '../state/outcome.ts';
import type { Place } from '../state/turn.ts';
import type { PasswordTags } from '../state/password-tags.ts';
import type { VerifiedLogin, VerifiedLoginKey, VerifiedLogins } from '../state/verified-logins.ts';

export interface VerifiedLoginMemoryParts {
  readonly store: VerifiedLogins;
  readonly tags: PasswordTags;
  /** How long a remembered login is as good as one proven now, in milliseconds; 0 remembers nothing. */
  readonly lifetimeMs: number;
  /** How old a remembered login may be that serves while its backend cannot answer, in milliseconds; 0 for never. */
  readonly outageLifetimeMs: number;
  /** True for backends whose logins may be remembered. */
  readonly keeps: (backend: string) => boolean;
  /** What of an attempt, beside name and password, answers of the backends depend on. */
  readonly scopeOf: (attempt: Attempt) => string;
  /** True where more may be remembered than what is given here: by other processes, or before the configuration was changed. */
  readonly mayHoldMore: boolean;
  /** Wall clock in milliseconds. */
  readonly now: () => number;
}

/** What is remembered of a login, and what it may serve for. */
export type Recollection =
  | { readonly kind: 'fresh'; readonly account: Account; readonly source: ProofSource }
  /** Serves only where the backend cannot answer. */
  | { readonly kind: 'stale'; readonly account: Account }
  | { readonly kind: 'none' };

const NONE: Recollection = { kind: 'none' };

/**
 * Which remembered login may stand for a proof. A password that is not remembered is never answered from here, so that a new
 * password works at once; what cannot be recalled because the store is away is as if it was never remembered.
 */
export class VerifiedLoginMemory {
  readonly #parts: VerifiedLoginMemoryParts;
  #hasSlowBackend: boolean;

  constructor(parts: VerifiedLoginMemoryParts) {
    this.#parts = parts;
    this.#hasSlowBackend = parts.mayHoldMore;
  }

  /** False while all backends have answered at once: nothing was remembered, nothing is under way, no password needs a tag. */
  get isOfUse(): boolean {
    return this.#hasSlowBackend;
  }

  /** A backend took its time to answer: from now on it is worth knowing which logins are the same. */
  noteSlowAnswer(): void {
    this.#hasSlowBackend = true;
  }

  /** Wall clock in milliseconds. */
  now(): number {
    return this.#parts.now();
  }

  keyOf(name: AccountName, attempt: Attempt, password: Secret): VerifiedLoginKey {
    const { tags, scopeOf } = this.#parts;
    return { loginName: name, scope: scopeOf(attempt), passwordTag: tags.tagOf(name, password) };
  }

  recall(key: VerifiedLoginKey, signal: AbortSignal): MaybePromise<Recollection> {
    if (this.#parts.lifetimeMs === 0) return NONE;
    const recalled = this.#parts.store.recall(key, signal);
    if (recalled instanceof Promise)
      return recalled.then((later) => (later.kind === 'remembered' ? this.#judge(later.login, later.source) : NONE));
    return recalled.kind === 'remembered' ? this.#judge(recalled.login, recalled.source) : NONE;
  }

  /**
   * Where others would find a login that serves, where it is unlikely that they do: this process holds none. Unknown also where
   * nothing is shared.
   */
  unlikelyPlaceOf(key: VerifiedLoginKey): Place | undefined {
    const { store, lifetimeMs, outageLifetimeMs } = this.#parts;
    if (lifetimeMs === 0) return undefined;
    const held = store.recallHere?.(key);
    if (held !== undefined && this.#judge(held).kind === 'fresh') return undefined;
    const storeKey = store.storeKeyOf?.(key);
    // What ends sooner is kept for outages alone: it was proven too long ago.
    return storeKey === undefined ? undefined : { key: storeKey, restMs: Math.max(0, outageLifetimeMs - lifetimeMs) };
  }

  /** Remembers a login that a backend has proven; `askedAtMs` is the wall clock before it was asked. */
  remember(key: VerifiedLoginKey, account: Account, askedAtMs: number, signal: AbortSignal): MaybePromise<unknown> {
    const { store, keeps, lifetimeMs, outageLifetimeMs } = this.#parts;
    if (lifetimeMs === 0 || !keeps(account.backend)) return undefined;
    const login: VerifiedLogin = { account, provenAtMs: askedAtMs };
    return store.remember(key, login, Math.max(lifetimeMs, outageLifetimeMs), signal);
  }

  /** Ends all remembered logins of an account, here and everywhere. */
  forget(account: AccountName, signal: AbortSignal): MaybePromise<unknown> {
    return this.#hasSlowBackend ? this.#parts.store.forgetAccount(account, signal) : undefined;
  }

  #judge({ account, provenAtMs }: VerifiedLogin, source: ProofSource = 'memory'): Recollection {
    const { lifetimeMs, outageLifetimeMs, keeps, now } = this.#parts;
    if (!keeps(account.backend)) return NONE;
    const age = now() - provenAtMs;
    if (age < lifetimeMs) return { kind: 'fresh', account, source };
    return age < outageLifetimeMs ? { kind: 'stale', account } : NONE;
  }
}
