import type { AccountName } from '../../login/account-name.ts';
import type { NotRemembered, Unavailable } from '../outcome.ts';
import type { RecalledLogin, VerifiedLogin, VerifiedLoginKey, VerifiedLogins } from '../verified-logins.ts';
import { parseAccount, renderAccount } from './account-json.ts';
import { type AnswerForm, type AnswerKey, SharedAnswers, type SharedParts } from './shared-answers.ts';

type Recalled = Extract<RecalledLogin, { readonly kind: 'remembered' }>;

const FORM: AnswerForm<Recalled> = {
  kind: 'login',
  render: ({ login }) => ({ account: renderAccount(login.account), provenAtMs: login.provenAtMs }),
  parse: ({ account: kept, provenAtMs }) => {
    const account = parseAccount(kept);
    if (account === undefined || typeof provenAtMs !== 'number') return undefined;
    return { kind: 'remembered', login: { account, provenAtMs }, source: 'shared' };
  },
  ownerOf: ({ login }) => login.account.name,
  askedAtMsOf: ({ login }) => login.provenAtMs,
};

/** Verified logins in Redis, for all processes that share it. */
export class RedisVerifiedLogins implements VerifiedLogins {
  readonly #answers: SharedAnswers<Recalled>;

  constructor(parts: SharedParts) {
    this.#answers = new SharedAnswers(parts, FORM);
  }

  recall(key: VerifiedLoginKey, signal: AbortSignal): Promise<Recalled | NotRemembered | Unavailable> {
    return this.#answers.find(answerKey(key), signal);
  }

  storeKeyOf(key: VerifiedLoginKey): string {
    return this.#answers.keyOf(answerKey(key));
  }

  remember(
    key: VerifiedLoginKey,
    login: VerifiedLogin,
    lifetimeMs: number,
    signal: AbortSignal,
  ): Promise<Unavailable | undefined> {
    return this.#answers.keep(answerKey(key), { kind: 'remembered', login, source: 'shared' }, lifetimeMs, signal);
  }

  forgetAccount(name: AccountName, signal: AbortSignal): Promise<Unavailable | undefined> {
    return this.#answers.forgetOwner(name, signal);
  }

  forgetAll(signal: AbortSignal): Promise<Unavailable | undefined> {
    return this.#answers.forgetAll(signal);
  }
}

// A tag holds no colon, so that no two keys have the same text.
function answerKey({ loginName, scope, passwordTag }: VerifiedLoginKey): AnswerKey {
  return { loginName, rest: `${passwordTag}:${scope}` };
}
