import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { anAttempt } from '../../../../test/support/attempts.ts';
import type { Protocol } from '../../../login/protocol.ts';
import type { RefusalReason } from '../../../login/verdict.ts';
import { NginxAnswers } from './nginx-answer.ts';

const answers = new NginxAnswers({
  waitSeconds: 3,
  maxAttempts: 4,
  hasResponseCodes: true,
  isForXclient: false,
  backendLogin: undefined,
});

function headersOf({ headers }: { readonly headers: readonly string[] }): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  for (let i = 0; i < headers.length; i += 2) pairs.set(headers[i] ?? '', headers[i + 1] ?? '');
  return pairs;
}

/** What each protocol is told of a refusal: the code of SMTP, and of IMAP and POP3 that the text begins with. */
const REFUSALS: Readonly<Record<RefusalReason, readonly [smtp: string, imap: string, pop3: string, text: string]>> = {
  'wrong-password': ['535 5.7.8', 'AUTHENTICATIONFAILED', 'AUTH', 'Invalid login or password'],
  'unknown-user': ['535 5.7.8', 'AUTHENTICATIONFAILED', 'AUTH', 'Invalid login or password'],
  'account-disabled': ['535 5.7.8', 'AUTHENTICATIONFAILED', 'AUTH', 'Account not enabled'],
  'account-locked': ['535 5.7.8', 'AUTHENTICATIONFAILED', 'AUTH', 'Invalid login or password'],
  'password-expired': ['535 5.7.8', 'EXPIRED', 'AUTH', 'Password expired'],
  'password-must-change': ['535 5.7.8', 'EXPIRED', 'AUTH', 'Password must be changed'],
  'invalid-name': ['535 5.7.8', 'AUTHENTICATIONFAILED', 'AUTH', 'Invalid login or password'],
  'empty-password': ['535 5.7.8', 'AUTHENTICATIONFAILED', 'AUTH', 'Invalid login or password'],
  'unusable-password': ['535 5.7.8', 'AUTHENTICATIONFAILED', 'AUTH', 'Invalid login or password'],
  blocked: ['535 5.7.8', 'AUTHENTICATIONFAILED', 'AUTH', 'Invalid login or password'],
  'tls-required': ['538 5.7.11', 'PRIVACYREQUIRED', 'AUTH', 'Encrypted connection required'],
  'foreign-domain': ['535 5.7.8', 'AUTHENTICATIONFAILED', 'AUTH', 'Invalid login or password'],
};

describe('what nginx is told', () => {
  for (const [reason, [smtp, imap, pop3, text]] of Object.entries(REFUSALS))
    it(`of the refusal ${reason} is right for each protocol`, () => {
      const told = (protocol: string) => {
        const attempt = anAttempt({ protocol: protocol as Protocol });
        const headers = headersOf(answers.refused(attempt, { kind: 'refuse', reason: reason as RefusalReason }));
        return [headers.get('Auth-Status'), headers.get('Auth-Error-Code')];
      };

      for (const protocol of ['smtp', 'smtps', 'submission', 'submissions'])
        assert.deepEqual(told(protocol), [text, smtp]);
      for (const protocol of ['imap', 'imaps']) assert.deepEqual(told(protocol), [`[${imap}] ${text}`, undefined]);
      for (const protocol of ['pop3', 'pop3s']) assert.deepEqual(told(protocol), [`[${pop3}] ${text}`, undefined]);
      assert.deepEqual(told('sieve'), [text, undefined]);
    });

  for (const [attempt, asked, wait] of [
    [undefined, 0, '3'],
    [0, 0, '3'],
    [1, 0, '3'],
    [1, 9, '9'],
    [3, 0, '3'],
    [4, 0, undefined],
    [4, 9, undefined],
    [999_999, 0, undefined],
  ] as const)
    it(`after try ${attempt} is to wait ${wait ?? 'no more'}, where the protection asks for ${asked} s`, () => {
      const refusal = { kind: 'refuse', reason: 'wrong-password', waitSeconds: asked } as const;
      const headers = headersOf(answers.refused(anAttempt({ loginAttempt: attempt }), refusal));

      assert.equal(headers.get('Auth-Wait'), wait);
    });

  for (const [protocol, reason, code, text] of [
    ['smtp', 'login', '454 4.7.0', ''],
    ['smtp', 'system', '451 4.3.0', ''],
    ['imap', 'login', undefined, '[UNAVAILABLE] '],
    ['imap', 'system', undefined, '[UNAVAILABLE] '],
    ['pop3', 'login', undefined, '[SYS/TEMP] '],
  ] as const)
    it(`of a ${protocol} login that cannot be decided is a temporary failure, and ends the connection (${reason})`, () => {
      const headers = headersOf(answers.later('S', protocol, reason));

      assert.equal(headers.get('Auth-Status'), `${text}Temporary server problem, try again later`);
      assert.equal(headers.get('Auth-Error-Code'), code);
      assert.equal(headers.get('Auth-Wait'), undefined);
    });
});
