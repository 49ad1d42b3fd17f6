import type { Step } from './step.ts';

/**
 * Refuses disabled accounts: at login always, and only after the password was proven, so that nobody learns of the state
 * who does not know the password; at look-ups unless the backend is set to answer them.
 *
 * @param answersDisabledLookups names of the backends whose disabled accounts look-ups are answered
 */
export function applyAccountState(answersDisabledLookups: ReadonlySet<string>): Step {
  return {
    name: 'apply-account-state',
    decide({ account, attempt }) {
      if (account === undefined || !account.isDisabled) return undefined;
      if (attempt.mode === 'look-up' && answersDisabledLookups.has(account.backend)) return undefined;
      return { kind: 'refuse', reason: 'account-disabled', backend: account.backend, account: account.name };
    },
  };
}
