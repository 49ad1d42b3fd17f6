import type { AccountName } from '../../login/account-name.ts';
import type { LookUp, LookUpKey, LookUps, RecalledLookUp } from '../look-ups.ts';
import { NOT_REMEMBERED, type NotRemembered } from '../outcome.ts';
import { approximateBytes } from './account-size.ts';
import { type MemoryBounds, RememberedAnswers } from './remembered-answers.ts';

type Recalled = Extract<RecalledLookUp, { readonly kind: 'remembered' }>;

/** Looked-up accounts and unknown users in the memory of this process. Answers at once, and is never unavailable. */
export class MemoryLookUps implements LookUps {
  readonly #answers: RememberedAnswers<Recalled>;

  /** `now` is the wall clock in milliseconds. */
  constructor(bounds: MemoryBounds, now: () => number = Date.now) {
    this.#answers = new RememberedAnswers(bounds, now);
  }

  /** Answers that are kept now. */
  get size(): number {
    return this.#answers.size;
  }

  recall(key: LookUpKey): Recalled | NotRemembered {
    return this.#answers.find(textOf(key)) ?? NOT_REMEMBERED;
  }

  remember(key: LookUpKey, lookUp: LookUp, lifetimeMs: number): undefined {
    const text = textOf(key);
    const account = lookUp.kind === 'found' ? lookUp.account : undefined;
    this.#answers.keep(text, {
      answer: { kind: 'remembered', lookUp },
      owner: account?.name ?? key.loginName,
      askedAtMs: lookUp.askedAtMs,
      lifetimeMs,
      bytes: approximateBytes(text, account),
    });
  }

  forgetAccount(name: AccountName): undefined {
    this.#answers.forgetOwner(name);
  }

  forgetAll(): undefined {
    this.#answers.forgetAll();
  }
}

// Names hold no white space, so that no two keys have the same text.
function textOf({ loginName, scope }: LookUpKey): string {
  return `${loginName} ${scope}`;
}
