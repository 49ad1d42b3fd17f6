import type { Secret } from '../../login/secret.ts';
import type { PasswordPolicyReason, Unavailable } from '../backend.ts';
import type { FoundEntry } from './account-finder.ts';
import type { LdapFailure } from './client/ldap-failure.ts';

/** Whether a password is an entry's. */
export type Proof =
  | { readonly kind: 'right' }
  | { readonly kind: 'wrong' }
  | { readonly kind: 'refused'; readonly reason: PasswordPolicyReason }
  /** The server was not asked, so another one may be. */
  | { readonly kind: 'not-asked'; readonly failure: LdapFailure }
  | Unavailable;

/** A way to prove passwords. */
export interface PasswordProof {
  prove(found: FoundEntry, password: Secret, signal: AbortSignal): Promise<Proof>;
  /** Takes as long for a name that nobody has as a wrong password would. */
  proveNobody(name: string, password: Secret, signal: AbortSignal): Promise<void>;
}
