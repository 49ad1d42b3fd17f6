import type { AccountName } from '../../login/account-name.ts';
import type { LookUp, LookUpKey, LookUps } from '../look-ups.ts';
import { approximateBytes } from './account-size.ts';
import { type MemoryBounds, RememberedAnswers } from './remembered-answers.ts';

export interface LookUpBounds {
  readonly found: MemoryBounds;
  /** Names that nobody has are bounded by themselves: whoever makes them up must not crowd out accounts. */
  readonly maxUnknown: number;
}

/** About what a name takes that nobody has, at its longest. */
const UNKNOWN_BYTES = 1024;

/** Looked-up accounts and unknown users in the memory of this process. */
export class MemoryLookUps implements LookUps {
  readonly #found: RememberedAnswers<LookUp>;
  readonly #unknown: RememberedAnswers<LookUp>;

  /** `now` is the wall clock in milliseconds. */
  constructor({ found, maxUnknown }: LookUpBounds, now: () => number = Date.now) {
    const maxEntries = Math.max(1, maxUnknown);
    this.#found = new RememberedAnswers(found, now);
    this.#unknown = new RememberedAnswers({ maxEntries, maxBytes: maxEntries * UNKNOWN_BYTES }, now);
  }

  /** Answers that are kept now. */
  get size(): number {
    return this.#found.size + this.#unknown.size;
  }

  recall(key: LookUpKey): LookUp | undefined {
    const text = textOf(key);
    return this.#found.find(text) ?? this.#unknown.find(text);
  }

  remember(key: LookUpKey, lookUp: LookUp, lifetimeMs: number): void {
    const text = textOf(key);
    const account = lookUp.kind === 'found' ? lookUp.account : undefined;
    const answers = account === undefined ? this.#unknown : this.#found;
    const other = account === undefined ? this.#found : this.#unknown;
    other.drop(text);
    answers.keep(text, {
      answer: lookUp,
      loginName: key.loginName,
      owner: account?.name ?? key.loginName,
      askedAtMs: lookUp.askedAtMs,
      lifetimeMs,
      bytes: approximateBytes(text, account),
    });
  }

  forgetAccount(name: AccountName): void {
    this.#found.forget(name);
    this.#unknown.forget(name);
  }

  forgetAll(): void {
    this.#found.forgetAll();
    this.#unknown.forgetAll();
  }
}

// Names hold no white space, so that no two keys have the same text.
function textOf({ loginName, scope }: LookUpKey): string {
  return `${loginName} ${scope}`;
}
