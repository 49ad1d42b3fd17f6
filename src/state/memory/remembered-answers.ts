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
  readonly owner: AccountName;
  readonly endsAt: number;
  readonly bytes: number;
  previous: Entry<Answer> | undefined;
  next: Entry<Answer> | undefined;
}

/** Longer than any question to a backend takes. */
const LONGEST_QUESTION_MS = 120_000;
const MAX_FORGOTTEN = 20_000;

/**
 * Answers of backends in memory, found by a text, forgotten by their owner.
 *
 * Forgetting an owner leaves the time behind: the answer to a question that was put before is void.
 */
export class RememberedAnswers<Answer> {
  readonly #bounds: MemoryBounds;
  readonly #now: () => number;
  #answers: LRUCache<string, Entry<Answer>>;
  #owners = new Map<AccountName, Entry<Answer>>();
  readonly #forgottenAt: LRUCache<AccountName, number>;
  #allForgottenAt = -Infinity;

  constructor(bounds: MemoryBounds, now: () => number) {
    this.#bounds = bounds;
    this.#now = now;
    this.#answers = this.#open();
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
    if (entry.endsAt > this.#now()) return entry.answer;
    this.#answers.delete(key);
    return undefined;
  }

  keep(key: string, kept: KeptAnswer<Answer>): void {
    const { answer, owner, lifetimeMs, bytes } = kept;
    if (lifetimeMs <= 0 || this.#isVoid(kept)) return;
    const endsAt = this.#now() + lifetimeMs;
    const entry: Entry<Answer> = { key, answer, owner, endsAt, bytes, previous: undefined, next: undefined };
    this.#answers.set(key, entry);
    // An answer larger than all that may be kept is not kept.
    if (this.#answers.peek(key) === entry) this.#link(entry);
  }

  forgetOwner(owner: AccountName): void {
    this.#forgottenAt.set(owner, this.#now());
    for (let entry = this.#owners.get(owner); entry !== undefined; entry = this.#owners.get(owner)) {
      this.#answers.delete(entry.key);
    }
  }

  forgetAll(): void {
    this.#allForgottenAt = this.#now();
    this.#forgottenAt.clear();
    this.#owners = new Map();
    // Emptying the old one would take as long as it is large.
    this.#answers = this.#open();
  }

  #isVoid({ owner, askedAtMs }: KeptAnswer<Answer>): boolean {
    return askedAtMs <= Math.max(this.#allForgottenAt, this.#forgottenAt.peek(owner) ?? -Infinity);
  }

  /** A time that is no longer kept voids everything that was asked before it, rather than nothing. */
  #lose(forgottenAt: number): void {
    if (forgottenAt < this.#now() - LONGEST_QUESTION_MS) return;
    this.#allForgottenAt = Math.max(this.#allForgottenAt, forgottenAt);
  }

  #open(): LRUCache<string, Entry<Answer>> {
    return new LRUCache<string, Entry<Answer>>({
      max: this.#bounds.maxEntries,
      maxSize: this.#bounds.maxBytes,
      sizeCalculation: (entry) => Math.max(1, entry.bytes),
      dispose: (entry) => this.#unlink(entry),
    });
  }

  #link(entry: Entry<Answer>): void {
    const first = this.#owners.get(entry.owner);
    if (first !== undefined) first.previous = entry;
    entry.next = first;
    this.#owners.set(entry.owner, entry);
  }

  #unlink(entry: Entry<Answer>): void {
    const { previous, next, owner } = entry;
    if (next !== undefined) next.previous = previous;
    if (previous !== undefined) previous.next = next;
    else if (next !== undefined) this.#owners.set(owner, next);
    else if (this.#owners.get(owner) === entry) this.#owners.delete(owner);
    entry.previous = undefined;
    entry.next = undefined;
  }
}
