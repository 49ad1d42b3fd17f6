import type { Account } from '../../login/account.ts';
import { parseAccountName } from '../../login/account-name.ts';
import { deliverAttributes } from './attribute-map.ts';
import type { SearchEntry } from './client/message/search-entry.ts';
import type { DisabledRule } from './ldap-account-config.ts';
import type { AccountSearch } from './ldap-search-config.ts';

/**
 * Makes an account of an entry, without what takes another search. A text instead says why the entry is none: the operator
 * has to mend it, and until then nothing is known.
 */
export function accountOf(
  entry: SearchEntry,
  backend: string,
  rules: AccountSearch,
  disabled: DisabledRule | undefined,
): Account | string {
  const { accountAttribute, attributes } = rules;
  const text = entry.text(accountAttribute);
  if (text === undefined) return `the entry has no ${accountAttribute} that the service account may read`;
  const name = parseAccountName(text);
  if (name === undefined) return `the value of ${accountAttribute} cannot be the name of an account`;
  return {
    name,
    backend,
    accountField: accountAttribute,
    attributes: deliverAttributes(attributes, entry.attributes()),
    isDisabled: isDisabledBy(disabled, entry),
  };
}

/** Whether an attribute of the entry says that it is switched off. */
export function isDisabledBy(rule: DisabledRule | undefined, entry: SearchEntry): boolean {
  if (rule === undefined || rule.kind === 'filter') return false;
  const values = entry.values(rule.attribute);
  if (rule.values.size === 0) return values.length > 0;
  return values.some((value) => rule.values.has(value.toString('utf8').toLowerCase()));
}
