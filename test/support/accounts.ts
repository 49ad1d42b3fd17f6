import type { Account } from '../../src/login/account.ts';
import { type AccountName, parseAccountName } from '../../src/login/account-name.ts';

/** A name that has to be one. */
export function accountName(text: string): AccountName {
  const name = parseAccountName(text);
  if (name === undefined) throw new Error(`${JSON.stringify(text)} is no account name`);
  return name;
}

/** The enabled account alice@example.test of the backend `memory`, changed as asked for. */
export function anAccount(changes: Partial<Omit<Account, 'name'>> & { readonly name?: string } = {}): Account {
  const { name = 'alice@example.test', ...others } = changes;
  return {
    backend: 'memory',
    accountField: 'user',
    attributes: {},
    isDisabled: false,
    ...others,
    name: accountName(name),
  };
}
