import { type AccountName, parseAccountName } from '../../login/account-name.ts';
import type { AccountNames, LoginNameKey, NameOwner, RecalledName } from '../account-names.ts';
import type { NotRemembered, Unavailable } from '../outcome.ts';
import { type AnswerForm, type AnswerKey, SharedAnswers, type SharedParts } from './shared-answers.ts';

type Recalled = Extract<RecalledName, { readonly kind: 'remembered' }>;

const FORM: AnswerForm<Recalled> = {
  kind: 'name',
  render: ({ owner }) => ({ account: owner.account, askedAtMs: owner.askedAtMs }),
  parse: ({ account: kept, askedAtMs }) => {
    const account = typeof kept === 'string' ? parseAccountName(kept) : undefined;
    if (account === undefined || typeof askedAtMs !== 'number') return undefined;
    return { kind: 'remembered', owner: { account, askedAtMs } };
  },
  ownerOf: ({ owner }) => owner.account,
  askedAtMsOf: ({ owner }) => owner.askedAtMs,
};

/** Where login names lead, in Redis, for all processes that share it. */
export class RedisAccountNames implements AccountNames {
  readonly #answers: SharedAnswers<Recalled>;

  constructor(parts: SharedParts) {
    this.#answers = new SharedAnswers(parts, FORM);
  }

  recall(key: LoginNameKey, signal: AbortSignal): Promise<Recalled | NotRemembered | Unavailable> {
    return this.#answers.find(answerKey(key), signal);
  }

  remember(
    key: LoginNameKey,
    owner: NameOwner,
    lifetimeMs: number,
    signal: AbortSignal,
  ): Promise<Unavailable | undefined> {
    return this.#answers.keep(answerKey(key), { kind: 'remembered', owner }, lifetimeMs, signal);
  }

  forgetAccount(name: AccountName, signal: AbortSignal): Promise<Unavailable | undefined> {
    return this.#answers.forgetOwner(name, signal);
  }

  forgetAll(signal: AbortSignal): Promise<Unavailable | undefined> {
    return this.#answers.forgetAll(signal);
  }
}

function answerKey({ loginName, scope }: LoginNameKey): AnswerKey {
  return { loginName, rest: scope };
}
