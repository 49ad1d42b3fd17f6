import { LRUCache } from 'lru-cache';
import type { AccountName } from '../../login/account-name.ts';

/** What may be kept in memory; beyond either bound what was not used for longest goes. */
export interface MemoryBounds {
  readonly maxEntries: number;
  readonly maxBytes: number;
}

/** An answer with what decides how long it holds. */
export interface KeptAnswer<Answer> {
  readonly answer: Answer;
  /** Under what it was asked for. */
  readonly loginName: AccountName;
  /** Whose answers end together. */
  readonly owner: AccountName;
  /** Wall clock in milliseconds before the backend was asked. */
  readonly askedAtMs: number;
  readonly lifetimeMs: number;
  readonly bytes: number;
}

interface Entry<Answer> {
  readonly key: string;
  readonly answer: Answer;
  readonly loginName: AccountName;
  readonly owner: AccountName;
  readonly askedAtMs: number;
  readonly endsAt: number;
  readonly bytes: number;
  previous: Entry<Answer> | undefined;
  next: Entry<Answer> | undefined;
}

/** Longer than any question to a backend takes. */
const LONGEST_QUESTION_MS = 120_000;
const MAX_FORGOTTEN = 20_000;

/**
 * Answers of backends in memory, found by a text, forgotten by their owner or by the name that was asked for.
 *
 * Forgetting a name leaves the time behind: the answer to a question that was put before is void.
 */
export class RememberedAnswers<Answer> {
  readonly #now: () => number;
  readonly #answers: LRUCache<string, Entry<Answer>>;
  readonly #owners = new Map<AccountName, Entry<Answer>>();
  /** Answers whose owner has another name. */
  readonly #aliases = new Map<AccountName, Set<Entry<Answer>>>();
  readonly #forgottenAt: LRUCache<AccountName, number>;
  #allForgottenAt = -Infinity;
  /** Later than {@link #allForgottenAt} where times of owners were lost: concerns only what is yet to be kept. */
  #noneKeptUntil = -Infinity;

  constructor(bounds: MemoryBounds, now: () => number) {
    this.#now = now;
    this.#answers = new LRUCache<string, Entry<Answer>>({
      max: bounds.maxEntries,
      maxSize: bounds.maxBytes,
      sizeCalculation: ({ bytes }) => Math.max(1, bytes),
      dispose: (entry) => this.#unlink(entry),
    });
    this.#forgottenAt = new LRUCache({
      max: MAX_FORGOTTEN,
      dispose: (forgottenAt, _owner, why) => {
        if (why === 'evict') this.#lose(forgottenAt);
      },
    });
  }

  get size(): number {
    return this.#answers.size;
  }

  get bytes(): number {
    return this.#answers.calculatedSize;
  }

  find(key: string): Answer | undefined {
    const entry = this.#answers.get(key);
    if (entry === undefined) return undefined;
    if (entry.endsAt > this.#now() && entry.askedAtMs > this.#allForgottenAt) return entry.answer;
    this.#answers.delete(key);
    return undefined;
  }

  /** Ends one answer. */
  drop(key: string): void {
    this.#answers.delete(key);
  }

  keep(key: string, kept: KeptAnswer<Answer>): void {
    const { answer, loginName, owner, askedAtMs, lifetimeMs, bytes } = kept;
    if (lifetimeMs <= 0 || this.#isVoid(kept)) return;
    const entry: Entry<Answer> = {
      key,
      answer,
      loginName,
      owner,
      askedAtMs,
      endsAt: this.#now() + lifetimeMs,
      bytes,
      previous: undefined,
      next: undefined,
    };
    this.#answers.set(key, entry);
    // An answer larger than all that may be kept is not kept.
    if (this.#answers.peek(key) === entry) this.#link(entry);
  }

  /** Ends the answers that an account of this name owns, and those that were asked for under the name. */
  forget(name: AccountName): void {
    this.#forgottenAt.set(name, this.#now());
    for (let entry = this.#owners.get(name); entry !== undefined; entry = this.#owners.get(name)) {
      this.#answers.delete(entry.key);
    }
    for (const entry of this.#aliases.get(name) ?? []) this.#answers.delete(entry.key);
  }

  forgetAll(): void {
    // Emptying a large cache would take long: its entries are void, and go when they are met or their room is needed.
    this.#allForgottenAt = this.#now();
    this.#noneKeptUntil = Math.max(this.#noneKeptUntil, this.#allForgottenAt);
    this.#forgottenAt.clear();
  }

  #isVoid({ loginName, owner, askedAtMs }: KeptAnswer<Answer>): boolean {
    const forgottenAt = (name: AccountName) => this.#forgottenAt.peek(name) ?? -Infinity;
    return askedAtMs <= Math.max(this.#noneKeptUntil, forgottenAt(owner), forgottenAt(loginName));
  }

  /** A time that is no longer kept voids everything that was asked before it, rather than nothing. */
  #lose(forgottenAt: number): void {
    if (forgottenAt < this.#now() - LONGEST_QUESTION_MS) return;
    this.#noneKeptUntil = Math.max(this.#noneKeptUntil, forgottenAt);
  }

  #link(entry: Entry<Answer>): void {
    const first = this.#owners.get(entry.owner);
    if (first !== undefined) first.previous = entry;
    entry.next = first;
    this.#owners.set(entry.owner, entry);
    const { loginName, owner } = entry;
    if (loginName === owner) return;
    const others = this.#aliases.get(loginName);
    if (others === undefined) this.#aliases.set(loginName, new Set([entry]));
    else others.add(entry);
  }

  #unlink(entry: Entry<Answer>): void {
    const { previous, next, owner, loginName } = entry;
    if (next !== undefined) next.previous = previous;
    if (previous !== undefined) previous.next = next;
    else if (next !== undefined) this.#owners.set(owner, next);
    else if (this.#owners.get(owner) === entry) this.#owners.delete(owner);
    entry.previous = undefined;
    entry.next = undefined;
    const others = loginName === owner ? undefined : this.#aliases.get(loginName);
    if (others?.delete(entry) === true && others.size === 0) this.#aliases.delete(loginName);
  }
}
