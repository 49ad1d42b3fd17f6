import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { Client } from 'ldapts';
import { LdapConnection } from '../../src/backends/ldap/client/connection.ts';
import { escapeFilterValue } from '../../src/backends/ldap/client/filter/escape.ts';
import { compileFilter, parseFilter } from '../../src/backends/ldap/client/filter/filter.ts';
import { prepareSearch, type SearchScope } from '../../src/backends/ldap/client/message/request.ts';
import type { BindOutcome, SearchDone } from '../../src/backends/ldap/client/outcome.ts';
import { searchPages } from '../../src/backends/ldap/client/paged-search.ts';
import { prepareTls, type ServerAddress, type TlsOptions } from '../../src/backends/ldap/client/server-address.ts';
import { type CertificateAuthority, createAuthority, type KeyPairFiles } from '../daemons/certificate-authority.ts';
import { generatedAccount } from '../daemons/generated-accounts.ts';
import { type Slapd, startSlapd } from '../daemons/slapd.ts';

const LIMITS = { timeoutMs: 5000 };
const HOSTILE = ['*', ')(', 'a)(uid=*', '\\2a', '\0', 'user1*', '*user1', ' user1', 'user1 ', 'USER1', 'ö'];

let folder = '';
let authority: CertificateAuthority;
let serverPair: KeyPairFiles;
let slapd: Slapd;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nauthilus-ca-'));
  authority = await createAuthority(folder);
  serverPair = await authority.issue({ name: 'server', altNames: ['DNS:localhost'] });
  slapd = await startSlapd({
    tls: { ...serverPair, ca: authority.certificate },
    accounts: 700,
    passwordPolicy: true,
    sizeLimit: 500,
  });
});
after(async () => {
  await slapd[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

async function open(address: ServerAddress): Promise<LdapConnection> {
  const outcome = await LdapConnection.open(address, LIMITS);
  assert.ok(outcome.kind === 'open', JSON.stringify(outcome));
  return outcome.connection;
}

function plain(): ServerAddress {
  return { kind: 'ldap', host: '127.0.0.1', port: slapd.port };
}

function bindAs(connection: LdapConnection, dn: string, password: string): Promise<BindOutcome> {
  return connection.bind({ kind: 'simple', dn, password: Buffer.from(password), wantsPolicy: true }, LIMITS);
}

async function openAsService(): Promise<LdapConnection> {
  const connection = await open(plain());
  const outcome = await bindAs(connection, slapd.serviceDn, slapd.servicePassword);
  assert.ok(outcome.kind === 'done' && outcome.resultCode === 0, JSON.stringify(outcome));
  return connection;
}

function comparable(done: SearchDone): unknown {
  return done.entries
    .map((entry) => ({
      dn: entry.dn,
      ...Object.fromEntries(
        entry.attributes().map(({ name, values }) => [name, values.map((value) => value.toString('hex')).sort()]),
      ),
    }))
    .sort((a, b) => a.dn.localeCompare(b.dn));
}

describe('the LDAP client against slapd', () => {
  it('finds what another library finds', async () => {
    const connection = await openAsService();
    const oracle = new Client({ url: slapd.url, timeout: 5000 });
    await oracle.bind(slapd.serviceDn, slapd.servicePassword);
    for (const [filter, scope, attributes] of [
      ['(uid=user1)', 'subtree', ['uid', 'mail', 'nauthilusQuota']],
      ['(|(uid=user3)(mail=user4@example.test))', 'subtree', []],
      ['(&(objectClass=inetOrgPerson)(uid=user1*))', 'subtree', ['uid']],
      ['(mail=*9@example.*)', 'subtree', ['mail', 'objectClass']],
      ['(&(uid=*)(!(uid=user*)))', 'subtree', ['*', '+']],
      ['(nauthilusQuota>=1049200)', 'subtree', ['nauthilusQuota']],
      ['(uid:caseExactMatch:=user5)', 'subtree', ['uid']],
      ['(ou:dn:=people)', 'one', ['1.1']],
      ['(objectClass=*)', 'base', []],
      ['(uid=nobody)', 'subtree', ['uid']],
      ['(unknownAttribute=x)', 'subtree', ['uid']],
    ] as const) {
      const search = prepareSearch({ baseDn: slapd.baseDn, scope: scope as SearchScope, attributes });
      const ours = await connection.search({ search, filter: parseFilter(filter) }, LIMITS);
      const theirs = await oracle.search(slapd.baseDn, {
        filter,
        scope: scope === 'subtree' ? 'sub' : scope,
        attributes: [...attributes],
        explicitBufferAttributes: ['jpegPhoto'],
      });

      assert.ok(ours.kind === 'done' && ours.resultCode === 0, filter);
      const expected = theirs.searchEntries
        .map(({ dn, ...rest }) => ({
          dn,
          ...Object.fromEntries(
            Object.entries(rest)
              .map(
                ([name, value]) =>
                  [
                    name,
                    [value]
                      .flat()
                      .map((one) => Buffer.from(one).toString('hex'))
                      .sort(),
                  ] as const,
              )
              .filter(([, values]) => values.length > 0),
          ),
        }))
        .sort((a, b) => a.dn.localeCompare(b.dn));
      assert.deepEqual(comparable(ours), expected, filter);
    }
    await oracle.unbind();
    connection.close();
  });

  it('gives every result code as a value', async () => {
    const connection = await openAsService();
    const search = async (baseDn: string, filter: string, sizeLimit = 0): Promise<string> => {
      const shape = prepareSearch({ baseDn, scope: 'subtree', attributes: ['uid'], sizeLimit });
      const outcome = await connection.search({ search: shape, filter: parseFilter(filter) }, LIMITS);
      return outcome.kind === 'done' ? `${outcome.resultCode} ${outcome.entries.length}` : outcome.kind;
    };

    assert.equal(await search('dc=elsewhere', '(uid=a)'), '32 0');
    assert.equal(await search(slapd.baseDn, '(uid=user*)', 2), '4 2');
    assert.equal(await search(slapd.baseDn, '(uid=user*)'), '4 500');
    assert.equal(await search('no dn', '(uid=a)'), '34 0');
    connection.close();
  });

  it('never lets a name match another account', async () => {
    const connection = await openAsService();
    const search = prepareSearch({ baseDn: slapd.baseDn, scope: 'subtree', attributes: ['uid'] });
    const compiled = compileFilter([
      '(|(uid=',
      { value: 0, source: '%u' },
      ')(mail=',
      { value: 0, source: '%u' },
      '@example.test))',
    ]);
    const find = async (filter: Buffer): Promise<(string | undefined)[]> => {
      const outcome = await connection.search({ search, filter }, LIMITS);
      assert.ok(outcome.kind === 'done', JSON.stringify(outcome));
      return outcome.entries.map((entry) => entry.text('uid'));
    };
    const check = async (name: Uint8Array): Promise<void> => {
      const found = await find(compiled([name]));
      const escaped = escapeFilterValue(name);

      assert.deepEqual(await find(parseFilter(`(|(uid=${escaped})(mail=${escaped}@example.test))`)), found);
      // slapd folds case and outer spaces of these attributes (caseIgnoreMatch), nothing else.
      const expected = Buffer.from(name).toString('utf8').trim().toLowerCase();
      for (const uid of found) assert.equal(uid, expected);
    };

    for (const hostile of HOSTILE) await check(Buffer.from(hostile));
    const fragment = fc.constantFrom(
      '*',
      '(',
      ')',
      '\\',
      '&',
      '|',
      '!',
      '=',
      '<',
      '~',
      ':',
      '\0',
      'user',
      '1',
      '2',
      ' ',
      'ö',
    );
    const names = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 20 }),
      fc.array(fragment, { minLength: 1, maxLength: 6 }).map((parts) => Buffer.from(parts.join(''))),
    );
    await fc.assert(fc.asyncProperty(names, check), { numRuns: 300 });
    connection.close();
  });

  it('never matches anybody by an empty value beside a star', async () => {
    const connection = await openAsService();
    const search = prepareSearch({ baseDn: slapd.baseDn, scope: 'subtree', attributes: ['uid'] });
    const filter = compileFilter(['(mail=', { value: 0, source: '%u' }, '*)'])([Buffer.alloc(0)]);

    const outcome = await connection.search({ search, filter }, LIMITS);

    assert.ok(
      outcome.kind === 'connection-lost' || (outcome.kind === 'done' && outcome.entries.length === 0),
      JSON.stringify(outcome),
    );
    connection.close();
  });

  it('reads a list page by page beyond the size limit of the server for one search', async () => {
    const connection = await openAsService();
    const search = prepareSearch({ baseDn: slapd.baseDn, scope: 'subtree', attributes: ['uid'] });
    const found = new Set<string>();
    const sizes: number[] = [];

    for await (const page of searchPages(
      connection,
      { search, filter: parseFilter('(uid=user*)') },
      { pageSize: 150, limits: LIMITS },
    )) {
      assert.ok(page.kind === 'done' && page.resultCode === 0, JSON.stringify(page));
      sizes.push(page.entries.length);
      for (const entry of page.entries) found.add(entry.dn);
    }

    assert.ok(found.size >= 700);
    assert.deepEqual(sizes.slice(0, 4), [150, 150, 150, 150]);
    connection.close();
  });

  it('proves passwords, and tells locked and must-change by the password policy', async () => {
    const connection = await open(plain());
    const { dn, password } = generatedAccount(9, slapd.baseDn);

    const right = await bindAs(connection, dn, password);
    const wrong = await bindAs(connection, dn, 'wrong');
    const unknown = await bindAs(connection, `uid=nobody,${slapd.baseDn}`, 'x');

    assert.deepEqual(
      [right, wrong, unknown].map((outcome) => (outcome.kind === 'done' ? outcome.resultCode : outcome)),
      [0, 49, 49],
    );
    await slapd.modify(
      `dn: ${dn}\nchangetype: modify\nreplace: pwdAccountLockedTime\npwdAccountLockedTime: 000001010000Z\n`,
    );
    const locked = await bindAs(connection, dn, password);
    assert.ok(locked.kind === 'done' && locked.resultCode === 49, JSON.stringify(locked));
    assert.deepEqual(locked.controls.passwordPolicy, { error: 'account-locked' });

    const policy = `cn=default,ou=policies,${slapd.baseDn}`;
    await slapd.modify(`dn: ${policy}\nchangetype: modify\nreplace: pwdMustChange\npwdMustChange: TRUE\n`);
    const changing = generatedAccount(10, slapd.baseDn);
    await slapd.modify(`dn: ${changing.dn}\nchangetype: modify\nreplace: pwdReset\npwdReset: TRUE\n`);
    const mustChange = await bindAs(connection, changing.dn, changing.password);
    assert.ok(mustChange.kind === 'done' && mustChange.resultCode === 0, JSON.stringify(mustChange));
    assert.deepEqual(mustChange.controls.passwordPolicy, { error: 'change-after-reset' });
    connection.close();
  });
});

describe('a secured LDAP connection', () => {
  const whoIs = async (connection: LdapConnection): Promise<string> => {
    const bind = await connection.bind({ kind: 'external' }, LIMITS);
    return bind.kind === 'done' ? `${bind.resultCode}` : bind.kind;
  };
  const tlsAddress = (kind: 'ldaps' | 'ldap+starttls', tls: TlsOptions, host = 'localhost'): ServerAddress => ({
    kind,
    host,
    port: kind === 'ldaps' ? slapd.tlsPort : slapd.port,
    tls: prepareTls(tls),
  });

  it('is had with ldaps, StartTLS and a socket, and binds as the owner of a certificate or a process', async () => {
    const client = await authority.issue({ name: 'nauthilus' });
    const tls = {
      ca: await readFile(authority.certificate),
      certificate: await readFile(client.certificate),
      key: await readFile(client.key),
    };
    const path = decodeURIComponent(slapd.socketUrl.slice('ldapi://'.length));

    for (const address of [
      tlsAddress('ldaps', tls),
      tlsAddress('ldap+starttls', tls),
      { kind: 'ldapi', path } as const,
    ]) {
      const connection = await open(address);
      assert.equal(await whoIs(connection), '0', address.kind);
      connection.close();
    }
  });

  it('is refused for a wrong name, an unknown authority and an expired certificate', async () => {
    const ca = await readFile(authority.certificate);
    const fail = async (address: ServerAddress): Promise<string> => {
      const outcome = await LdapConnection.open(address, LIMITS);
      return outcome.kind === 'open' ? 'open' : `${outcome.kind} ${outcome.detail}`;
    };

    for (const kind of ['ldaps', 'ldap+starttls'] as const) {
      assert.match(await fail(tlsAddress(kind, { ca }, '127.0.0.1')), /^connect-failed .*(altnames|IP)/);
      assert.match(await fail(tlsAddress(kind, { ca, serverName: 'elsewhere.test' })), /^connect-failed .*altnames/);
      assert.match(await fail(tlsAddress(kind, {})), /^connect-failed .*certificate/);
      assert.equal(await fail(tlsAddress(kind, { ca, serverName: 'localhost' }, '127.0.0.1')), 'open');
      assert.equal(await fail(tlsAddress(kind, { rejectUnauthorized: false }, '127.0.0.1')), 'open');
    }
    const expired = await authority.issue({ name: 'expired', altNames: ['DNS:localhost'], isExpired: true });
    await using old = await startSlapd({ tls: { ...expired, ca: authority.certificate }, tree: 'bare' });
    const address = { kind: 'ldaps', host: 'localhost', port: old.tlsPort, tls: prepareTls({ ca }) } as const;
    assert.match(await fail(address), /^connect-failed .*expired/);
  });
});
