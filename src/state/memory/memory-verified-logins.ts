import type { AccountName } from '../../login/account-name.ts';
import { NOT_REMEMBERED, type NotRemembered } from '../outcome.ts';
import type { RecalledLogin, VerifiedLogin, VerifiedLoginKey, VerifiedLogins } from '../verified-logins.ts';
import { approximateBytes } from './account-size.ts';
import { type MemoryBounds, RememberedAnswers } from './remembered-answers.ts';

type Recalled = Extract<RecalledLogin, { readonly kind: 'remembered' }>;

/** Verified logins in the memory of this process. Answers at once, and is never unavailable. */
export class MemoryVerifiedLogins implements VerifiedLogins {
  readonly #answers: RememberedAnswers<Recalled>;

  /** `now` is the wall clock in milliseconds. */
  constructor(bounds: MemoryBounds, now: () => number = Date.now) {
    this.#answers = new RememberedAnswers(bounds, now);
  }

  /** Logins that are kept now. */
  get size(): number {
    return this.#answers.size;
  }

  recall(key: VerifiedLoginKey): Recalled | NotRemembered {
    return this.#answers.find(textOf(key)) ?? NOT_REMEMBERED;
  }

  recallHere(key: VerifiedLoginKey): VerifiedLogin | undefined {
    return this.#answers.find(textOf(key))?.login;
  }

  remember(key: VerifiedLoginKey, login: VerifiedLogin, lifetimeMs: number): undefined {
    const { account, provenAtMs } = login;
    const text = textOf(key);
    const answer: Recalled = { kind: 'remembered', login };
    const bytes = approximateBytes(text, account);
    const { loginName } = key;
    const owner = account.name;
    this.#answers.keep(text, { answer, loginName, owner, askedAtMs: provenAtMs, lifetimeMs, bytes });
  }

  forgetAccount(name: AccountName): undefined {
    this.#answers.forget(name);
  }

  forgetAll(): undefined {
    this.#answers.forgetAll();
  }
}

// Neither names nor tags hold white space, so that no two keys have the same text.
function textOf({ loginName, scope, passwordTag }: VerifiedLoginKey): string {
  return `${loginName} ${passwordTag} ${scope}`;
}
