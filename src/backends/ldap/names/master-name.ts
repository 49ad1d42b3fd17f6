import { type AccountName, parseAccountName } from '../../../login/account-name.ts';

/** A login name taken apart: whose account is meant, and who wants in, where that is somebody else. */
export interface LoginName {
  readonly account: AccountName;
  readonly master?: AccountName;
}

/**
 * Takes `alice@example.test*admin` apart at its first separator, as Dovecot does. A name with nothing before or behind it is an
 * ordinary one.
 */
export function parseLoginName(name: AccountName, separator: string | undefined): LoginName {
  const at = separator === undefined ? -1 : name.indexOf(separator);
  if (separator === undefined || at <= 0) return { account: name };
  const account = parseAccountName(name.slice(0, at));
  const master = parseAccountName(name.slice(at + separator.length));
  return account === undefined || master === undefined ? { account: name } : { account, master };
}
