import type { Account } from '../../../login/account.ts';

/** What an accepted answer holds. `passdb_backend` and the three empty fields are older names that clients may still look for. */
export function accountMembers({ backend, accountField, attributes }: Account) {
  return {
    ok: true,
    backend,
    passdb_backend: backend,
    account_field: accountField,
    totp_secret_field: '',
    webauth_userid_field: '',
    display_name_field: '',
    attributes,
  };
}
