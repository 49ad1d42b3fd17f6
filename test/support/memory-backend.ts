import {
  type AccountQuery,
  type Backend,
  type BackendHealth,
  BackendUnavailableError,
  type LookupResult,
  type MaybePromise,
  type PasswordQuery,
  type Unavailable,
  type VerifyResult,
} from '../../src/backends/backend.ts';
import type { Account } from '../../src/login/account.ts';
import type { AccountName } from '../../src/login/account-name.ts';
import { accountName, anAccount } from './accounts.ts';

/** An account of a {@link MemoryBackend}, with what proves its owner. */
export interface MemoryAccount {
  readonly name: string;
  readonly password: string;
  readonly aliases?: readonly string[];
  readonly attributes?: Readonly<Record<string, readonly string[]>>;
  readonly isDisabled?: boolean;
}

const PAGE = 1000;

/**
 * A backend whose accounts are given and whose outages are ordered: `outage` is answered instead of anything else while it is
 * set, and with `delay` every answer waits for it (a promise that a test resolves when it wants).
 */
export class MemoryBackend implements Backend {
  readonly name: string;
  readonly type = 'memory';
  /** Answered to everything while set. */
  outage: Unavailable | undefined;
  /** What every answer waits for while set. */
  delay: Promise<void> | undefined;
  /** All questions asked, oldest first. */
  readonly asked: { readonly method: 'verify' | 'look-up' | 'list'; readonly name?: string }[] = [];
  readonly #accounts = new Map<string, Account>();
  readonly #passwords = new Map<string, Buffer>();
  #isDisposed = false;

  constructor(accounts: readonly MemoryAccount[] = [], name = 'memory') {
    this.name = name;
    for (const account of accounts) this.add(account);
  }

  add({ name, password, aliases = [], attributes = {}, isDisabled = false }: MemoryAccount): void {
    const account = anAccount({ name, backend: this.name, attributes, isDisabled });
    this.#passwords.set(account.name, Buffer.from(password));
    for (const key of [name, ...aliases]) this.#accounts.set(accountName(key), account);
  }

  get isDisposed(): boolean {
    return this.#isDisposed;
  }

  verifyPassword({ name, password }: PasswordQuery, signal: AbortSignal): MaybePromise<VerifyResult> {
    this.asked.push({ method: 'verify', name });
    return this.#answer(signal, () => {
      const account = this.#accounts.get(name);
      if (account === undefined) return { kind: 'unknown-user' };
      const stored = this.#passwords.get(account.name);
      const isRight = stored !== undefined && password.revealForms().some((form) => form.equals(stored));
      return { kind: isRight ? 'verified' : 'wrong-password', account };
    });
  }

  lookUpAccount({ name }: AccountQuery, signal: AbortSignal): MaybePromise<LookupResult> {
    this.asked.push({ method: 'look-up', name });
    return this.#answer(signal, () => {
      const account = this.#accounts.get(name);
      return account === undefined ? { kind: 'unknown-user' } : { kind: 'found', account };
    });
  }

  async *listAccounts(signal: AbortSignal): AsyncGenerator<readonly AccountName[]> {
    this.asked.push({ method: 'list' });
    await this.delay;
    const trouble = this.#trouble(signal);
    if (trouble !== undefined) throw new BackendUnavailableError(trouble.detail);
    const names = [...new Set(this.#accounts.values())].map((account) => account.name);
    for (let start = 0; start < names.length; start += PAGE) yield names.slice(start, start + PAGE);
  }

  health(): BackendHealth {
    const detail = this.outage?.detail ?? `${this.#passwords.size} accounts in memory`;
    return { isReady: this.outage === undefined, detail };
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    return Promise.resolve();
  }

  #answer<T>(signal: AbortSignal, find: () => T): MaybePromise<T | Unavailable> {
    if (this.delay === undefined) return this.#trouble(signal) ?? find();
    return this.#answerLater(signal, find);
  }

  async #answerLater<T>(signal: AbortSignal, find: () => T): Promise<T | Unavailable> {
    await Promise.race([this.delay, aborted(signal)]);
    return this.#trouble(signal) ?? find();
  }

  #trouble(signal: AbortSignal): Unavailable | undefined {
    if (signal.aborted) return { kind: 'unavailable', overloaded: false, detail: 'the question was withdrawn' };
    return this.outage;
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => resolve(), { once: true });
  return promise;
}
