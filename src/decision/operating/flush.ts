import type { AccountName } from '../../login/account-name.ts';
import { accountKeyOf } from '../../protection/account-key.ts';
import type { Forgetting, Forgotten } from './forgetting.ts';

/** Of whom nothing is to be left: an account, by any of its names, or a network in CIDR form, or both. */
export interface FlushOrder {
  readonly account?: AccountName | undefined;
  readonly network?: string | undefined;
  /** Only what this rule has counted and blocked. */
  readonly rule?: string | undefined;
}

export interface FlushParts {
  readonly forgetting: Forgetting;
  /** Ends what is remembered of logins of an account; gives what could not be reached. */
  readonly forgetLogins: (account: AccountName) => Promise<string | undefined>;
  /** Which account a login name leads to; `undefined` where nobody knows, or can say now. */
  readonly accountOf: (name: AccountName, signal: AbortSignal) => Promise<AccountName | undefined>;
}

/** Forgets an account or a network: what was counted and blocked, where it is known, and its remembered logins. */
export type Flush = (order: FlushOrder, signal: AbortSignal) => Promise<Forgotten>;

export function createFlush({ forgetting, forgetLogins, accountOf }: FlushParts): Flush {
  return async ({ account, network, rule }, signal) => {
    const names = account === undefined ? [] : await namesOf(account, signal);
    let unforgotten: string | undefined;
    if (rule === undefined) for (const name of names) unforgotten ??= await forgetLogins(name);
    const accounts = [...new Set(names.map(accountKeyOf))];
    const networks = network === undefined ? [] : [network];
    const forgotten = await forgetting.forget({ accounts, networks, rule }, signal);
    return { ...forgotten, problem: unforgotten ?? forgotten.problem };
  };

  async function namesOf(name: AccountName, signal: AbortSignal): Promise<readonly AccountName[]> {
    const owner = await accountOf(name, signal);
    return owner === undefined || owner === name ? [name] : [name, owner];
  }
}
