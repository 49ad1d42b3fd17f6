import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isProblem } from '../json/request.ts';
import { parseForm } from './form-question.ts';

const CONTEXT = { session: 'S', caller: 'mx', userAgent: 'saslauthd' } as const;
const RIGHT = { username: 'alice', password: 'secret' } as const;

const parse = (fields: Readonly<Record<string, string>>) => parseForm(new Map(Object.entries(fields)), CONTEXT);

function attemptOf(fields: Readonly<Record<string, string>>) {
  const attempt = parse(fields);
  if (isProblem(attempt)) throw new Error(`${attempt.field}: ${attempt.message}`);
  return attempt;
}

describe('the login name of a form', () => {
  for (const [username, realm, name] of [
    ['alice', '', 'alice'],
    ['alice', 'example.test', 'alice@example.test'],
    ['alice@example.test', '', 'alice@example.test'],
    ['alice@example.test', 'example.test', 'alice@example.test'],
    ['alice@EXAMPLE.test', 'example.TEST', 'alice@EXAMPLE.test'],
    ['alice@example.test', 'other.test', 'alice@example.test@other.test'],
    ['alice', '\xc3\xa4.test', 'alice@\u00e4.test'],
    ['\xfcser', 'example.test', '\u00fcser@example.test'],
  ] as const)
    it(`of ${JSON.stringify(username)} in the realm ${JSON.stringify(realm)} is ${JSON.stringify(name)}`, () => {
      assert.equal(attemptOf({ ...RIGHT, username, realm }).loginName, name);
    });

  it('is not a realm alone', () => {
    assert.deepEqual(parse({ password: 'x', realm: 'example.test', username: '' }), {
      kind: 'problem',
      field: 'username',
      message: 'is required and must not be empty',
    });
  });
});

describe('a form', () => {
  it('is a login with its fields as the structured doors have them', () => {
    const attempt = attemptOf({
      ...RIGHT,
      service: 'SMTP',
      client_ip: '192.0.2.7',
      method: 'PLAIN',
      port: '587',
      tls: 'on',
      security: 'TLSv1.3',
    });

    assert.deepEqual(
      [attempt.mode, attempt.caller, attempt.protocol, attempt.clientAddress, attempt.mechanism, attempt.localPort],
      ['authenticate', 'mx', 'smtp', '192.0.2.7', 'plain', 587],
    );
    assert.deepEqual([attempt.tls?.protocol, attempt.userAgent], ['TLSv1.3', 'saslauthd']);
  });

  it('names the service of POP3 as SASL does', () => {
    assert.equal(attemptOf({ ...RIGHT, service: 'pop' }).protocol, 'pop3');
  });

  it('has a password in UTF-8 as that, and one in Latin-1 in both forms', () => {
    const forms = (password: string) =>
      attemptOf({ ...RIGHT, password })
        .password?.revealForms()
        .map((form) => form.toString('hex'));

    assert.deepEqual(forms('p\xc3\xa4'), ['70c3a4', '70c383c2a4']);
    assert.deepEqual(forms('p\xe4'), ['70c3a4', '70e4']);
  });

  it('never takes the credential of the caller, or the realm, for a part of the question', () => {
    const attempt = attemptOf({ ...RIGHT, caller: 'mx', caller_secret: 'hidden', realm: 'r.test' });

    assert.equal(JSON.stringify(attempt).includes('hidden'), false);
  });

  for (const [what, fields, field] of [
    ['no password', { username: 'alice' }, 'password'],
    ['an address that is none', { ...RIGHT, client_ip: 'x' }, 'client_ip'],
    ['one field by both of its names', { ...RIGHT, port: '1', local_port: '1' }, 'port'],
    ['a protocol that is none', { ...RIGHT, protocol: '/' }, 'protocol'],
    ['a name beyond its limit', { ...RIGHT, username: 'x'.repeat(8193) }, 'username'],
  ] as const)
    it(`with ${what} is refused, and the field is named`, () => {
      const problem = parse(fields);

      assert.equal(isProblem(problem) && problem.field, field);
    });
});
