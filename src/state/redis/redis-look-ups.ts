import type { AccountName } from '../../login/account-name.ts';
import type { LookUp, LookUpKey, LookUps, RecalledLookUp } from '../look-ups.ts';
import type { NotRemembered, Unavailable } from '../outcome.ts';
import { parseAccount, renderAccount } from './account-json.ts';
import { type AnswerForm, type AnswerKey, SharedAnswers, type SharedParts } from './shared-answers.ts';

type Recalled = Extract<RecalledLookUp, { readonly kind: 'remembered' }>;

const FORM: AnswerForm<Recalled> = {
  kind: 'look-up',
  render: ({ lookUp }) => ({
    askedAtMs: lookUp.askedAtMs,
    ...(lookUp.kind === 'found' ? { account: renderAccount(lookUp.account) } : {}),
  }),
  parse: ({ account: kept, askedAtMs }) => {
    if (typeof askedAtMs !== 'number') return undefined;
    if (kept === undefined) return { kind: 'remembered', lookUp: { kind: 'unknown-user', askedAtMs } };
    const account = parseAccount(kept);
    return account && { kind: 'remembered', lookUp: { kind: 'found', account, askedAtMs } };
  },
  ownerOf: ({ lookUp }, loginName) => (lookUp.kind === 'found' ? lookUp.account.name : loginName),
  askedAtMsOf: ({ lookUp }) => lookUp.askedAtMs,
};

/** Looked-up accounts and unknown users in Redis, for all processes that share it. */
export class RedisLookUps implements LookUps {
  readonly #answers: SharedAnswers<Recalled>;

  constructor(parts: SharedParts) {
    this.#answers = new SharedAnswers(parts, FORM);
  }

  recall(key: LookUpKey, signal: AbortSignal): Promise<Recalled | NotRemembered | Unavailable> {
    return this.#answers.find(answerKey(key), signal);
  }

  remember(key: LookUpKey, lookUp: LookUp, lifetimeMs: number, signal: AbortSignal): Promise<Unavailable | undefined> {
    return this.#answers.keep(answerKey(key), { kind: 'remembered', lookUp }, lifetimeMs, signal);
  }

  forgetAccount(name: AccountName, signal: AbortSignal): Promise<Unavailable | undefined> {
    return this.#answers.forgetOwner(name, signal);
  }

  forgetAll(signal: AbortSignal): Promise<Unavailable | undefined> {
    return this.#answers.forgetAll(signal);
  }
}

function answerKey({ loginName, scope }: LookUpKey): AnswerKey {
  return { loginName, rest: scope };
}
