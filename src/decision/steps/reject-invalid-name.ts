import { parseAccountName } from '../../login/account-name.ts';
import type { Verdict } from '../../login/verdict.ts';
import type { Step } from './step.ts';

const INVALID_NAME: Verdict = { kind: 'refuse', reason: 'invalid-name' };

/** Refuses names that no account can have, before they reach a filter, a query or a file. */
export const rejectInvalidName: Step = {
  name: 'reject-invalid-name',
  decide(findings) {
    const name = parseAccountName(findings.attempt.loginName);
    if (name === undefined) return INVALID_NAME;
    findings.name = name;
    return undefined;
  },
};
