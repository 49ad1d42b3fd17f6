import type { Verdict } from '../../login/verdict.ts';
import type { Step } from './step.ts';

/** Longest password in bytes. NIST SP 800-63B-4 asks for at least 64 characters; hashing more than this only serves attackers. */
export const MAX_PASSWORD_BYTES = 1024;

const EMPTY: Verdict = { kind: 'refuse', reason: 'empty-password' };
const UNUSABLE: Verdict = { kind: 'refuse', reason: 'unusable-password' };

/**
 * Refuses passwords that must reach no backend: an empty one would succeed as an anonymous bind (RFC 4513 5.1.2), one with
 * a NUL byte could match by truncation, one over 1,024 bytes is nobody's.
 */
export const rejectUnusablePassword: Step = {
  name: 'reject-unusable-password',
  decide({ attempt: { password } }) {
    if (password === undefined || password.isEmpty) return EMPTY;
    if (password.hasNul || password.byteLength > MAX_PASSWORD_BYTES) return UNUSABLE;
    return undefined;
  },
};
