import type { PasswordPolicyReason } from '../backend.ts';
import type { PasswordPolicyState } from './client/message/controls.ts';
import { RESULT, resultCodeName } from './client/message/result-codes.ts';
import type { BindDone } from './client/outcome.ts';

/** What a bind says of a password. `unclear` says nothing of it. */
export type BindResult =
  | { readonly kind: 'right' }
  | { readonly kind: 'wrong' }
  | { readonly kind: 'refused'; readonly reason: PasswordPolicyReason }
  | { readonly kind: 'unclear'; readonly detail: string };

/**
 * Reads the answer to a bind (RFC 4511 4.2.2, draft-behera-ldap-password-policy-10 9). Only 0 and 49 speak of the password:
 * any other code may come with a right one.
 */
export function readBindResult({ resultCode, diagnostic, controls }: BindDone): BindResult {
  const error = controls.passwordPolicy?.error;
  switch (resultCode) {
    case RESULT.success:
      return error === 'change-after-reset' ? { kind: 'refused', reason: 'password-must-change' } : { kind: 'right' };
    case RESULT.invalidCredentials:
      return refusalFor(error);
    default:
      return { kind: 'unclear', detail: `the bind: ${resultCodeName(resultCode)} ${diagnostic}`.trimEnd() };
  }
}

function refusalFor(error: PasswordPolicyState['error']): BindResult {
  switch (error) {
    case 'account-locked':
      return { kind: 'refused', reason: 'account-locked' };
    case 'password-expired':
      return { kind: 'refused', reason: 'password-expired' };
    case 'change-after-reset':
      return { kind: 'refused', reason: 'password-must-change' };
    case undefined:
    case 'password-mod-not-allowed':
    case 'must-supply-old-password':
    case 'insufficient-password-quality':
    case 'password-too-short':
    case 'password-too-young':
    case 'password-in-history':
    case 'unknown':
      return { kind: 'wrong' };
  }
}
