import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readBindResult } from './bind-result.ts';
import type { PasswordPolicyError } from './client/message/controls.ts';
import { RESULT } from './client/message/result-codes.ts';

function read(resultCode: number, error?: PasswordPolicyError) {
  const controls = error === undefined ? {} : { passwordPolicy: { error } };
  const result = readBindResult({ kind: 'done', resultCode, matchedDn: '', diagnostic: 'words', controls });
  return result.kind === 'refused' ? result.reason : result.kind;
}

describe('the answer to a bind', () => {
  it('speaks of the password by 0 and 49 only', () => {
    for (let code = 0; code <= 130; code += 1) {
      const expected = code === RESULT.success ? 'right' : code === RESULT.invalidCredentials ? 'wrong' : 'unclear';
      assert.equal(read(code), expected, String(code));
    }
  });

  it('tells locked, expired and to be changed apart by the password policy', () => {
    for (const [code, error, expected] of [
      [RESULT.invalidCredentials, 'account-locked', 'account-locked'],
      [RESULT.invalidCredentials, 'password-expired', 'password-expired'],
      [RESULT.invalidCredentials, 'change-after-reset', 'password-must-change'],
      [RESULT.success, 'change-after-reset', 'password-must-change'],
      [RESULT.invalidCredentials, 'password-too-short', 'wrong'],
      [RESULT.invalidCredentials, 'unknown', 'wrong'],
      [RESULT.unwillingToPerform, 'account-locked', 'unclear'],
    ] as const)
      assert.equal(read(code, error), expected, `${code} ${error}`);
  });

  it('lets in whose password is about to expire, and who has a grace login left', () => {
    for (const passwordPolicy of [{ secondsBeforeExpiration: 60 }, { graceLoginsRemaining: 1 }]) {
      const done = {
        kind: 'done',
        resultCode: 0,
        matchedDn: '',
        diagnostic: '',
        controls: { passwordPolicy },
      } as const;
      assert.equal(readBindResult(done).kind, 'right');
    }
  });

  it('says for operators what the server said', () => {
    const done = { kind: 'done', resultCode: RESULT.busy, matchedDn: '', diagnostic: 'later', controls: {} } as const;

    assert.deepEqual(readBindResult(done), { kind: 'unclear', detail: 'the bind: busy later' });
  });
});
