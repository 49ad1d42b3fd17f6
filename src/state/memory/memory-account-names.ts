import type { AccountName } from '../../login/account-name.ts';
import type { AccountNames, LoginNameKey, NameOwner, RecalledName } from '../account-names.ts';
import { NOT_REMEMBERED, type NotRemembered } from '../outcome.ts';
import { approximateBytes } from './account-size.ts';
import { type MemoryBounds, RememberedAnswers } from './remembered-answers.ts';

type Recalled = Extract<RecalledName, { readonly kind: 'remembered' }>;

/** Where login names lead, in the memory of this process. Answers at once, and is never unavailable. */
export class MemoryAccountNames implements AccountNames {
  readonly #answers: RememberedAnswers<Recalled>;

  /** `now` is the wall clock in milliseconds. */
  constructor(bounds: MemoryBounds, now: () => number = Date.now) {
    this.#answers = new RememberedAnswers(bounds, now);
  }

  recall(key: LoginNameKey): Recalled | NotRemembered {
    return this.#answers.find(textOf(key)) ?? NOT_REMEMBERED;
  }

  remember(key: LoginNameKey, owner: NameOwner, lifetimeMs: number): undefined {
    const text = textOf(key);
    const answer: Recalled = { kind: 'remembered', owner };
    const bytes = approximateBytes(text + owner.account, undefined);
    const { account, askedAtMs } = owner;
    this.#answers.keep(text, { answer, loginName: key.loginName, owner: account, askedAtMs, lifetimeMs, bytes });
  }

  forgetAccount(name: AccountName): undefined {
    this.#answers.forget(name);
  }

  forgetAll(): undefined {
    this.#answers.forgetAll();
  }
}

// Names hold no white space, so that no two keys have the same text.
function textOf({ loginName, scope }: LoginNameKey): string {
  return `${loginName} ${scope}`;
}
