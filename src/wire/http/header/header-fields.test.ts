import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { someRequestHeaders } from '../../../../test/support/request-headers.ts';
import type { Attempt } from '../../../login/attempt.ts';
import { type FieldProblem, isProblem } from '../json/request.ts';
import { HeaderFields } from './header-fields.ts';

const CONTEXT = { session: 'S', mode: 'authenticate', caller: 'mx', userAgent: undefined } as const;

function fieldsFor(settings: object): HeaderFields {
  return new HeaderFields(someRequestHeaders(settings));
}

const usual = fieldsFor({});

function parse(headers: Record<string, string>, fields = usual): Attempt | FieldProblem {
  return fields.parse({ 'auth-user': 'alice', 'auth-pass': 'pw', ...headers }, CONTEXT);
}

function attempt(headers: Record<string, string>, fields = usual): Attempt {
  const parsed = parse(headers, fields);
  assert.ok(!isProblem(parsed), isProblem(parsed) ? `${parsed.field}: ${parsed.message}` : '');
  return parsed;
}

const passwordOf = (headers: Record<string, string>) => attempt(headers).password?.reveal().toString('utf8');

describe('request headers', () => {
  it('of nginx are taken', () => {
    const { protocol, mechanism, clientAddress, loginAttempt, tls } = attempt({
      'auth-protocol': 'IMAP',
      'auth-method': 'plain',
      'auth-login-attempt': '3',
      'client-ip': '::ffff:192.0.2.7',
      'client-host': '[UNAVAILABLE]',
      'auth-ssl': 'on',
      'auth-ssl-protocol': 'TLSv1.3',
      'auth-ssl-verify': 'SUCCESS',
      'auth-ssl-fingerprint': 'ab12',
    });

    assert.deepEqual([protocol, mechanism, clientAddress, loginAttempt], ['imap', 'plain', '192.0.2.7', 3]);
    assert.equal(tls?.protocol, 'TLSv1.3');
    assert.equal(tls?.clientVerify, 'SUCCESS');
    assert.equal(tls?.fingerprint, 'ab12');
  });

  it('of the family that begins with X- are taken, and go first', () => {
    const { tls, externalSession, localPort } = attempt({
      'x-ssl': '1',
      'auth-ssl': 'off',
      'x-ssl-protocol': 'TLSv1.2',
      'x-ssl-client-cn': 'alice',
      'x-external-session-id': 'outer',
      'x-auth-port': '993',
    });

    assert.deepEqual(
      [tls?.protocol, tls?.clientCommonName, externalSession, localPort],
      ['TLSv1.2', 'alice', 'outer', 993],
    );
  });

  it('that are empty give way to another of the same meaning', () => {
    assert.equal(attempt({ 'x-ssl': '', 'auth-ssl': 'on' }).tls !== undefined, true);
  });

  it('can have other names', () => {
    const fields = fieldsFor({ username: ['X-User', 'X-Login'], ssl: [] });

    assert.equal(attempt({ 'x-login': 'bob', 'auth-user': 'alice' }, fields).loginName, 'bob');
    assert.equal(attempt({ 'x-login': 'bob', 'auth-ssl': 'on' }, fields).tls, undefined);
  });

  const names: readonly (readonly [string, string])[] = [
    ['alice%40example.test', 'alice@example.test'],
    ['100%', '100%'],
    ['%zz%4', '%zz%4'],
    ['%C3%BC', 'ü'],
    ['\u00c3\u00bc', 'ü'],
    ['%FC', 'ü'],
  ];
  for (const [sent, name] of names)
    it(`say ${JSON.stringify(sent)} for the name ${name}`, () => {
      assert.equal(attempt({ 'auth-user': sent }).loginName, name);
    });

  it('carry every password, percent-encoded or as base64', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }), (password) => {
        const bytes = Buffer.from(password, 'utf8');
        const encoded = { 'auth-pass': bytes.toString('base64url'), 'x-auth-password-encoded': '1' };

        assert.equal(passwordOf({ 'auth-pass': encodeURIComponent(password) }), password);
        assert.equal(passwordOf(encoded), password);
        assert.equal(passwordOf({ ...encoded, 'auth-pass': bytes.toString('base64') }), password);
      }),
    );
  });

  it('carry base64 as it is where it is not marked', () => {
    assert.equal(passwordOf({ 'auth-pass': 'cHc', 'x-auth-password-encoded': '0' }), 'cHc');
  });

  const wrong: readonly (readonly [Record<string, string>, string])[] = [
    [{ 'auth-user': '' }, 'Auth-User'],
    [{ 'client-ip': 'nowhere' }, 'Client-IP'],
    [{ 'x-client-port': '99999' }, 'X-Client-Port'],
    [{ 'auth-ssl': 'perhaps' }, 'X-SSL'],
    [{ 'auth-pass': 'no*base64', 'x-auth-password-encoded': '1' }, 'Auth-Pass'],
    [{ 'auth-user': 'x'.repeat(8193) }, 'Auth-User'],
    [{ 'auth-login-attempt': 'first' }, 'Auth-Login-Attempt'],
  ];
  for (const [headers, field] of wrong)
    it(`that are wrong are named: ${field} of ${JSON.stringify(headers).slice(0, 60)}`, () => {
      const parsed = parse(headers);

      assert.ok(isProblem(parsed));
      assert.equal(parsed.field.toLowerCase(), field.toLowerCase());
    });

  it('without a password are no login, but a look-up', () => {
    const headers = { 'auth-user': 'alice' };
    const parsed = usual.parse(headers, CONTEXT);

    assert.ok(isProblem(parsed));
    assert.equal(isProblem(usual.parse(headers, { ...CONTEXT, mode: 'look-up' })), false);
  });
});
