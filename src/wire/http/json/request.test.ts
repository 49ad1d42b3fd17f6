import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Attempt, Mode } from '../../../login/attempt.ts';
import { isProblem, parseAttempt } from './request.ts';

interface Context {
  readonly mode?: Mode;
  readonly isLatin1?: boolean;
}

function parse(fields: Readonly<Record<string, unknown>>, { mode = 'authenticate', isLatin1 = false }: Context = {}) {
  const body = { username: 'alice', password: 'secret', ...fields };
  const context = {
    session: 's',
    mode,
    caller: 'mx',
    externalSession: 'from-header',
    userAgent: 'Dovecot/2.3',
    isLatin1,
  };
  const parsed = parseAttempt(body, { ...context, hasUnicodeEscapes: true });
  // Without escapes there is a shorter way to the same.
  const isWellFormed = Object.values(body).every((value) => typeof value !== 'string' || value.isWellFormed());
  if (isWellFormed)
    assert.deepEqual(shown(parseAttempt(body, { ...context, hasUnicodeEscapes: false })), shown(parsed));
  return parsed;
}

function shown(parsed: ReturnType<typeof parseAttempt>): unknown {
  return isProblem(parsed) ? parsed : { ...parsed, password: parsed.password?.reveal().toString() };
}

function attempt(fields: Readonly<Record<string, unknown>>, context: Context = {}): Attempt {
  const parsed = parse(fields, context);
  assert.ok(!isProblem(parsed), JSON.stringify(parsed));
  return parsed;
}

function problemWith(fields: Readonly<Record<string, unknown>>, context: Context = {}): string {
  const parsed = parse(fields, context);
  assert.ok(isProblem(parsed), `${JSON.stringify(fields).slice(0, 100)} was taken`);
  return parsed.field;
}

describe('a request', () => {
  it('with all fields becomes an attempt with all of them', () => {
    const { password, ...rest } = attempt({
      client_ip: '::FFFF:192.0.2.1',
      client_port: '40000',
      client_id: '"name" "Thunderbird"',
      external_session_id: 'abc',
      user_agent: 'webmail/1',
      local_ip: '2001:DB8:0::1',
      local_port: 993,
      protocol: 'IMAP',
      service: 'pop3',
      method: 'PLAIN',
      ssl: '1',
      ssl_protocol: 'TLSv1.3',
      ssl_cipher: 'TLS_AES_256_GCM_SHA384',
      ssl_client_verify: 'SUCCESS',
      ssl_client_cn: 'Alice',
      ssl_client_dn: 'CN=Alice,O=Example',
      ssl_issuer: 'CN=CA',
      ssl_serial: '0A',
      ssl_fingerprint: 'ab:cd',
      auth_login_attempt: 2,
    });

    assert.deepEqual(password?.reveal(), Buffer.from('secret'));
    assert.deepEqual(rest, {
      session: 's',
      mode: 'authenticate',
      caller: 'mx',
      loginName: 'alice',
      protocol: 'imap',
      mechanism: 'plain',
      clientAddress: '192.0.2.1',
      clientPort: 40_000,
      localAddress: '2001:db8::1',
      localPort: 993,
      tls: {
        protocol: 'TLSv1.3',
        cipher: 'TLS_AES_256_GCM_SHA384',
        clientVerify: 'SUCCESS',
        clientCommonName: 'Alice',
        clientSubject: 'CN=Alice,O=Example',
        clientIssuer: 'CN=CA',
        clientSerial: '0A',
        fingerprint: 'ab:cd',
      },
      externalSession: 'abc',
      clientId: '"name" "Thunderbird"',
      userAgent: 'webmail/1',
      loginAttempt: 2,
    });
  });

  it('with the least becomes an attempt with what is assumed', () => {
    const { protocol, mechanism, tls, clientAddress, clientPort, externalSession, userAgent, loginAttempt } = attempt(
      {},
    );

    assert.deepEqual(
      [protocol, mechanism, tls, clientAddress, clientPort, externalSession, userAgent, loginAttempt],
      ['default', '', undefined, undefined, undefined, 'from-header', 'Dovecot/2.3', undefined],
    );
  });

  it('takes empty text and null as not sent', () => {
    for (const nothing of ['', null]) {
      const names = [
        'client_ip',
        'client_port',
        'local_ip',
        'local_port',
        'protocol',
        'ssl',
        'ssl_cipher',
        'external_session_id',
        'user_agent',
        'auth_login_attempt',
        'client_id',
        'method',
      ];
      assert.deepEqual(
        { ...attempt(Object.fromEntries(names.map((name) => [name, nothing]))), password: undefined },
        { ...attempt({}), password: undefined },
      );
    }
  });

  it('takes the protocol from protocol, else from service', () => {
    assert.equal(attempt({ service: 'imap' }).protocol, 'imap');
    assert.equal(attempt({ service: 'imap', protocol: '' }).protocol, 'imap');
    assert.equal(attempt({ service: 'imap', protocol: 'pop3' }).protocol, 'pop3');
    assert.equal(problemWith({ service: 'a b' }), 'service');
    assert.equal(problemWith({ service: 'imap', protocol: 'x'.repeat(33) }), 'protocol');
  });

  it('tells TLS by what ssl means', () => {
    for (const ssl of ['1', 'on', 'true', 'YES', 'TLS', 'tls', 'ssl', 'secured', 1, true]) {
      assert.notEqual(attempt({ ssl }).tls, undefined, String(ssl));
    }
    for (const ssl of ['', '0', 'off', 'False', 'NO', 0, false, null]) {
      assert.equal(attempt({ ssl, ssl_protocol: 'TLS' }).tls, undefined, String(ssl));
    }
    for (const ssl of ['perhaps', '2', 'onn', ' on', 2]) assert.equal(problemWith({ ssl }), 'ssl');
  });

  it('takes whole numbers where text is meant', () => {
    assert.equal(attempt({ client_port: 143 }).clientPort, 143);
    assert.equal(attempt({ client_port: '0' }).clientPort, 0);
    assert.equal(attempt({ client_port: 0 }).clientPort, 0);
    assert.equal(attempt({ username: 42 }).loginName, '42');
    assert.deepEqual(attempt({ password: 123_456 }).password?.reveal(), Buffer.from('123456'));
  });

  it('takes no number that is not whole and exact', () => {
    for (const password of [1.5, 1e21, 2 ** 53, -0, Number.POSITIVE_INFINITY]) {
      assert.equal(problemWith({ password }), 'password');
    }
  });

  it('takes keys in any case, but each once', () => {
    assert.equal(attempt({ Client_IP: '::1' }).clientAddress, '::1');
    assert.equal(problemWith({ Username: 'bob' }), 'username');
    assert.equal(problemWith({ client_ip: '', CLIENT_IP: '::1' }), 'client_ip');
  });

  it('ignores fields that it does not know', () => {
    const strange = JSON.parse(
      '{"__proto__":{"mode":"look-up"},"realm":["a"],"constructor":null,"toString":1}',
    ) as object;

    assert.deepEqual({ ...attempt({ ...strange }), password: undefined }, { ...attempt({}), password: undefined });
    assert.equal(attempt(strange as Record<string, unknown>).mode, 'authenticate');
  });

  it('needs a name, and a password where one is to be proven', () => {
    assert.equal(problemWith({ username: '' }), 'username');
    assert.equal(problemWith({ username: null }), 'username');
    assert.equal(problemWith({ password: null }), 'password');
    assert.equal(attempt({ password: '' }).password?.isEmpty, true);
    assert.equal(attempt({ password: null }, { mode: 'look-up' }).password, undefined);
    assert.equal(attempt({}, { mode: 'look-up' }).password, undefined);
  });
});

describe('a field of a request', () => {
  it('has a type', () => {
    for (const value of [true, false, [], ['a'], {}, { toString: 'x' }]) {
      for (const field of ['username', 'password', 'client_ip', 'protocol', 'auth_login_attempt', 'ssl_cipher']) {
        assert.equal(problemWith({ [field]: value }), field);
      }
    }
    assert.equal(problemWith({ ssl: [] }), 'ssl');
  });

  it('has a length', () => {
    const limits: Readonly<Record<string, number>> = {
      username: 8192,
      password: 8192,
      client_id: 1024,
      client_hostname: 512,
      user_agent: 512,
      external_session_id: 256,
      oidc_cid: 256,
      method: 64,
      ssl_session_id: 256,
      ssl_client_dn: 2048,
      ssl_client_cn: 512,
      ssl_issuer: 2048,
      ssl_client_notbefore: 64,
      ssl_client_notafter: 64,
      ssl_subject_dn: 2048,
      ssl_issuer_dn: 2048,
      ssl_client_subject_dn: 2048,
      ssl_client_issuer_dn: 2048,
      ssl_client_verify: 128,
      ssl_protocol: 64,
      ssl_cipher: 128,
      ssl_serial: 256,
      ssl_fingerprint: 256,
    };
    for (const [field, limit] of Object.entries(limits)) {
      attempt({ [field]: 'x'.repeat(limit) });
      assert.equal(problemWith({ [field]: 'x'.repeat(limit + 1) }), field);
    }
    for (const field of [
      'client_ip',
      'local_ip',
      'client_port',
      'local_port',
      'protocol',
      'service',
      'ssl',
      'auth_login_attempt',
    ]) {
      assert.equal(problemWith({ [field]: '1'.repeat(100) }), field);
    }
  });

  it('has a meaning', () => {
    for (const address of ['localhost', '1.2.3', '1.2.3.4.5', '::g', '1.2.3.4 ', 'N/A', '0']) {
      assert.equal(problemWith({ client_ip: address }), 'client_ip');
      assert.equal(problemWith({ local_ip: address }), 'local_ip');
    }
    for (const port of ['65536', '-1', 'x', '1.5', '0x50', ' 25', '１', 65_536, -1]) {
      assert.equal(problemWith({ client_port: port }), 'client_port');
      assert.equal(problemWith({ local_port: port }), 'local_port');
    }
    for (const count of ['-1', 'one', '1000000', -1, 1.5]) {
      assert.equal(problemWith({ auth_login_attempt: count }), 'auth_login_attempt');
    }
  });

  it('is never half a surrogate pair, which no bytes could be', () => {
    for (const field of ['username', 'password', 'client_id']) assert.equal(problemWith({ [field]: 'a\ud800' }), field);
  });
});

describe('a request whose bytes are no UTF-8', () => {
  const latin1 = { isLatin1: true };
  const bytesOf = (text: string) => Buffer.from(text, 'utf8').toString('latin1');

  it('has each field read as UTF-8 where that field is', () => {
    assert.equal(attempt({ username: bytesOf('müller') }, latin1).loginName, 'müller');
    assert.equal(attempt({ username: 'm\u00fcller' }, latin1).loginName, 'müller');
    assert.equal(attempt({ client_id: 'x€' }, latin1).clientId, 'x€');
  });

  it('has a password with the bytes that were sent among its forms', () => {
    for (const raw of ['p\u00e4', bytesOf('pä'), '\u00ff\u0000\u0080']) {
      const forms = attempt({ password: raw }, latin1).password?.revealForms() ?? [];
      assert.ok(forms.some((form) => form.equals(Buffer.from(raw, 'latin1'))));
    }
  });
});
