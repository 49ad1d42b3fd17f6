import type { RefusalReason, Verdict } from '../../../login/verdict.ts';
import { REFUSAL_TEXTS, TEMPORARY_TEXT } from '../../http/answer.ts';
import { bytesOfText } from '../byte-text.ts';
import { encodeBase64 } from './base64.ts';
import { escapeTabs } from './tab-escapes.ts';

/** Why a login failed as far as clients may know it: for Dovecot up to 2.2 a flag, from 2.3 on a code. */
type FailCode = '' | '\tuser_disabled\tcode=user_disabled' | '\tpass_expired\tcode=pass_expired';

const DISABLED: FailCode = '\tuser_disabled\tcode=user_disabled';
const EXPIRED: FailCode = '\tpass_expired\tcode=pass_expired';
const TEMPORARY = `\treason=${TEMPORARY_TEXT}\ttemp\tcode=temp_fail\n`;

const FAIL_CODES = {
  'wrong-password': '',
  'unknown-user': '',
  'account-disabled': DISABLED,
  'account-locked': '',
  'password-expired': EXPIRED,
  'password-must-change': EXPIRED,
  'invalid-name': '',
  'empty-password': '',
  'unusable-password': '',
  blocked: '',
  'tls-required': '',
  'foreign-domain': '',
} as const satisfies Record<RefusalReason, FailCode>;

/** An answer to a request, as its line and as metrics have it. */
export interface SaslAnswer {
  readonly kind: 'ok' | 'fail' | 'temporary' | 'continue';
  readonly line: string;
}

/** @param loginName as the client typed it */
export function renderVerdict(id: number, verdict: Verdict, loginName: string): SaslAnswer {
  switch (verdict.kind) {
    case 'accept':
      return { kind: 'ok', line: `OK\t${id}\tuser=${parameter(verdict.account.name)}\n` };
    case 'refuse': {
      const text = REFUSAL_TEXTS[verdict.reason];
      const line = `FAIL\t${id}\tuser=${parameter(loginName)}\treason=${text}${FAIL_CODES[verdict.reason]}\n`;
      return { kind: 'fail', line };
    }
    case 'defer':
      return { kind: 'temporary', line: `FAIL\t${id}\tuser=${parameter(loginName)}${TEMPORARY}` };
  }
}

/** Somebody wants in as another and may not: without a look at the password, and whether it is right. */
export function renderForeign(id: number, loginName: string): SaslAnswer {
  const user = `user=${parameter(loginName)}`;
  return {
    kind: 'fail',
    line: `FAIL\t${id}\t${user}\treason=${REFUSAL_TEXTS['invalid-name']}\tauthz\tcode=authz_fail\n`,
  };
}

export function renderChallenge(id: number, bytes: string): SaslAnswer {
  return { kind: 'continue', line: `CONT\t${id}\t${encodeBase64(bytes)}\n` };
}

/** A request that no decision is made about. */
export function renderRefusal(id: number, reason: string): SaslAnswer {
  return { kind: 'fail', line: `FAIL\t${id}\treason=${reason}\n` };
}

/** A request that no decision can be made about now. */
export function renderTemporary(id: number): SaslAnswer {
  return { kind: 'temporary', line: `FAIL\t${id}${TEMPORARY}` };
}

function parameter(text: string): string {
  return escapeTabs(bytesOfText(text));
}
