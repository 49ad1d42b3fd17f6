import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Attempt } from '../login/attempt.ts';
import type { Decision, Verdict } from '../login/verdict.ts';
import { Secret } from '../login/secret.ts';
import { anAccount, accountName } from '../../test/support/accounts.ts';
import { aLookUp, anAttempt } from '../../test/support/attempts.ts';
import { renderDecisionLine } from './decision-line.ts';

const REFUSED: Verdict = { kind: 'refuse', reason: 'wrong-password', backend: 'ldap', account: accountName('bob') };
const DEFERRED: Verdict = { kind: 'defer', cause: 'backend-unavailable', detail: 'no route to ldap1', backend: 'ldap' };

function decisionOf(verdict: Verdict): Decision {
  return {
    verdict,
    ms: 1.23456,
    trail: [
      { step: 'one', ms: 0.5 },
      { step: 'two', ms: 0.7345678 },
    ],
  };
}

function render(attempt: Attempt, verdict: Verdict, showName = (name: string) => name): string {
  return renderDecisionLine({ attempt, decision: decisionOf(verdict), reason: 'a-reason', showName });
}

function parse(line: string): Record<string, unknown> {
  assert.equal(line.indexOf('\n'), line.length - 1);
  return JSON.parse(line) as Record<string, unknown>;
}

describe('the line of a decision', () => {
  it('tells which rule held, by how much and until when', () => {
    const rule = { rule: 'address', effect: 'refused', network: '192.0.2.1/32', count: 20, limit: 20 } as const;
    const decision: Decision = {
      verdict: { kind: 'refuse', reason: 'blocked', waitSeconds: 60 },
      ms: 1,
      trail: [
        { step: 'one', ms: 0 },
        {
          step: 'check-guesses',
          ms: 1,
          rules: [
            { ...rule, untilMs: Date.UTC(2030, 0, 1) },
            { rule: 'b', effect: 'observed' },
          ],
        },
      ],
    };
    const line = renderDecisionLine({ attempt: anAttempt(), decision, reason: 'blocked', showName: (name) => name });

    const {
      wait_seconds,
      rule: name,
      rule_effect,
      rule_network,
      rule_count,
      rule_limit,
      rule_until,
      rules,
    } = parse(line);
    assert.deepEqual(
      [wait_seconds, name, rule_effect, rule_network, rule_count, rule_limit, rule_until],
      [60, 'address', 'refused', '192.0.2.1/32', 20, 20, '2030-01-01T00:00:00.000Z'],
    );
    assert.deepEqual(rules, [
      { ...rule, until: rule_until },
      { rule: 'b', effect: 'observed' },
    ]);
  });

  it('tells all that is known', () => {
    const attempt = anAttempt({
      session: 'S1',
      loginName: 'al',
      clientAddress: '192.0.2.1' as Attempt['clientAddress'],
      clientPort: 40_000,
      localAddress: '::1' as Attempt['localAddress'],
      localPort: 993,
      tls: {
        protocol: 'TLSv1.3',
        cipher: 'AES',
        clientVerify: 'SUCCESS',
        clientCommonName: 'Al',
        clientSubject: 's'.repeat(300),
        clientIssuer: 'CN=CA',
        clientSerial: '0A',
        fingerprint: 'ab',
      },
      externalSession: 'E1',
      clientId: 'TB',
      userAgent: 'Dovecot/2.3',
      loginAttempt: 2,
    });
    const { time, ...line } = parse(render(attempt, { kind: 'accept', account: anAccount() }));

    assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.deepEqual(line, {
      level: 'info',
      session: 'S1',
      caller: 'a-mail-server',
      mode: 'authenticate',
      protocol: 'default',
      mechanism: 'plain',
      login_name: 'al',
      account: 'alice@example.test',
      client_ip: '192.0.2.1',
      client_port: 40_000,
      local_ip: '::1',
      local_port: 993,
      tls: 'TLSv1.3',
      tls_cipher: 'AES',
      tls_client_verify: 'SUCCESS',
      tls_client_cn: 'Al',
      tls_client_subject: 's'.repeat(256),
      tls_client_issuer: 'CN=CA',
      tls_client_serial: '0A',
      tls_client_fingerprint: 'ab',
      external_session: 'E1',
      client_id: 'TB',
      user_agent: 'Dovecot/2.3',
      login_attempt: 2,
      outcome: 'accept',
      reason: 'a-reason',
      backend: 'memory',
      ms: 1.235,
      steps: { one: 0.5, two: 0.735 },
      msg: 'login accepted',
    });
  });

  it('leaves out what is not known', () => {
    const line = parse(render(aLookUp('x'), { kind: 'refuse', reason: 'unknown-user' }));

    assert.equal(line['tls'], false);
    for (const field of ['account', 'client_ip', 'client_port', 'backend', 'detail', 'user_agent']) {
      assert.equal(field in line, false, field);
    }
  });

  it('names who was refused, and why it was deferred', () => {
    assert.equal(parse(render(anAttempt(), REFUSED))['account'], 'bob');
    assert.equal(parse(render(anAttempt(), DEFERRED))['detail'], 'no route to ldap1');
  });

  it('is as important as its verdict', () => {
    const bug: Verdict = { kind: 'defer', cause: 'internal-error', detail: 'a stack' };
    const levels = [REFUSED, DEFERRED, bug].map((verdict) => parse(render(anAttempt(), verdict))['level']);

    assert.deepEqual(levels, ['info', 'warn', 'error']);
  });

  it('has a message for each mode and outcome', () => {
    const accepted: Verdict = { kind: 'accept', account: anAccount() };
    const messages = [anAttempt(), aLookUp('x')].flatMap((attempt) =>
      [accepted, REFUSED, DEFERRED].map((verdict) => parse(render(attempt, verdict))['msg']),
    );

    assert.equal(new Set(messages).size, 6);
  });

  it('shows names as it is told to, and nothing else of them', () => {
    const line = render(anAttempt({ loginName: 'alice' }), { kind: 'accept', account: anAccount() }, () => 'HIDDEN');

    assert.doesNotMatch(line, /alice/);
    assert.equal(parse(line)['account'], 'HIDDEN');
  });

  it('is one line of JSON that orders no terminal about, whatever clients send', () => {
    const text = fc.string({ unit: 'binary', maxLength: 30 });
    const verdict = fc.oneof(
      fc.record({
        kind: fc.constant('defer' as const),
        cause: fc.constant('internal-error' as const),
        detail: text,
        backend: text,
      }),
      fc.record({ kind: fc.constant('refuse' as const), reason: fc.constant('unknown-user' as const), backend: text }),
    );
    const changes = fc.record({
      loginName: text,
      caller: text,
      mechanism: text,
      clientId: text,
      userAgent: text,
      externalSession: text,
      tls: fc.record({ protocol: text, cipher: text, clientVerify: text, clientCommonName: text }),
    });
    fc.assert(
      fc.property(changes, verdict, (changed, own) => {
        const line = render(anAttempt(changed), own);
        const { tls } = changed;
        const parsed = parse(line);
        assert.doesNotMatch(line.slice(0, -1), /\p{Cc}/u);
        assert.deepEqual(
          [parsed['login_name'], parsed['caller'], parsed['mechanism'], parsed['client_id'], parsed['user_agent']],
          [changed.loginName, changed.caller, changed.mechanism, changed.clientId, changed.userAgent],
        );
        assert.deepEqual([parsed['tls'], parsed['tls_cipher']], [tls.protocol, tls.cipher]);
        assert.equal(parsed['backend'], own.backend);
      }),
      { numRuns: 500 },
    );
  });

  it('is valid for half a surrogate pair, also where a long name is cut within one', () => {
    for (const loginName of ['\ud800', 'a\udc00', `${'x'.repeat(255)}😀`])
      parse(render(anAttempt({ loginName }), REFUSED));
  });

  it('is not made long by a long name or detail', () => {
    const long = 'x'.repeat(100_000);

    assert.ok(render(anAttempt({ loginName: long }), { ...DEFERRED, detail: long } as Verdict).length < 6000);
  });

  it('never shows the password', () => {
    const attempt = anAttempt({ password: Secret.fromText('hunter2') });

    for (const verdict of [REFUSED, DEFERRED]) assert.doesNotMatch(render(attempt, verdict), /hunter2|redacted/);
  });
});
