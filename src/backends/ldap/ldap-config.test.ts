import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { TSchema } from 'typebox';
import type Type from 'typebox';
import { readSettings } from '../../config/read-settings.ts';
import { openResolveContext } from '../../config/resolve-context.ts';
import { factsOf, isValueShape, shapeOf } from '../../config/setting-shape.ts';
import { parseYamlSource } from '../../config/yaml-source.ts';
import { disabledFilter } from './ldap-account-config.ts';
import {
  attributesToRequest,
  LdapBackendSchema,
  type LdapBackendConfig,
  resolveLdapBackend,
  searchFor,
  servesDomainOf,
} from './ldap-config.ts';

const LEAST = `
type: ldap
name: directory
servers: [ldap://127.0.0.1]
base_dn: ou=people,dc=example,dc=test
account_attribute: mail
filters: { user: '(mail=%{user})' }
`;

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nauthilus-ldap-config-'));
  await writeFile(join(folder, 'ldap.secret'), 'hidden\n', { mode: 0o600 });
});
after(() => rm(folder, { recursive: true }));

interface Read {
  /** Problems and warnings with the setting they are about. */
  readonly problems: string[];
  readonly warnings: string[];
  readonly config: LdapBackendConfig | undefined;
}

function read(yaml: string): Read {
  const source = parseYamlSource(yaml, {});
  assert.ok(source.kind !== 'problems', JSON.stringify(source));
  const problems: string[] = [];
  const warnings: string[] = [];
  const settings = readSettings(source.root, LdapBackendSchema, {
    place: () => undefined,
    problem: (path, _, message) => problems.push(`${path}: ${message}`),
  });
  if (problems.length > 0) return { problems, warnings, config: undefined };
  const context = openResolveContext(folder, {
    problem: (path, message) => problems.push(`${path}: ${message}`),
    warning: (path, message) => warnings.push(`${path}: ${message}`),
  });
  const config = resolveLdapBackend(settings as Type.Static<typeof LdapBackendSchema>, context);
  return { problems, warnings, config };
}

function sound(yaml: string): LdapBackendConfig {
  const { problems, config } = read(yaml);
  assert.deepEqual(problems, []);
  assert.ok(config);
  return config;
}

describe('the settings of an LDAP backend', () => {
  it('need no more than servers, base DN, filter and the attribute with the name', () => {
    const config = sound(LEAST);

    assert.deepEqual(config.servers, [{ kind: 'ldap', url: 'ldap://127.0.0.1', host: '127.0.0.1', port: 389 }]);
    assert.deepEqual(config.identity, { kind: 'anonymous' });
    assert.equal(config.passwordCheck, 'bind');
    assert.equal(config.startTls, false);
    assert.equal(config.list, undefined);
    assert.equal(config.search.scope, 'sub');
    assert.deepEqual(config.pools.lookup, { connections: 4, inFlight: 32, queue: 1000 });
    assert.equal(config.timeouts.searchMs, 1500);
    assert.deepEqual(config.negativeCache, { ttlMs: 5000, size: 10_000 });
    assert.deepEqual(attributesToRequest(config, config.search), ['mail']);
  });

  it('say for each protocol only what differs', () => {
    const config = sound(`${LEAST}
attributes: [mail, { from: nauthilusQuota, as: rnsMSQuota }]
protocols:
  smtp: { filter: '(&(mail=%{user})(smtp=TRUE))', scope: one }
  lmtp: { attributes: [], base_dn: 'o=%{domain},dc=test' }
`);

    const [imap, smtp, lmtp] = ['imap', 'smtp', 'lmtp'].map((protocol) => searchFor(config, protocol));
    assert.equal(imap, config.search);
    assert.equal(smtp?.filter.source, '(&(mail=%{user})(smtp=TRUE))');
    assert.equal(smtp?.scope, 'one');
    assert.deepEqual(smtp?.attributes, config.search.attributes);
    assert.deepEqual(lmtp?.attributes, []);
    assert.equal(lmtp?.scope, 'sub');
    assert.equal(lmtp?.filter, config.search.filter);
  });

  it('ask the server for what tells the state and the groups of an account too', () => {
    const config = sound(`${LEAST}
attributes: [{ from: Mail, as: address }]
disabled: { attribute: nauthilusEnabled, values: [FALSE] }
groups: { as: groups }
`);

    assert.deepEqual(attributesToRequest(config, config.search), ['Mail', 'nauthilusEnabled', 'memberOf']);
  });

  it('deliver the names that LDAP forbids, and keep a name present', () => {
    const { attributes } = sound(`${LEAST}
attributes:
  - { from: nauthilusAclGroups, as: ACL-Groups }
  - { from: nauthilusDovecotMaster, as: rnsMSDovecotMaster, absent: [''], replace: { FALSE: '' } }
  - { from: cn, absent: [] }
`).search;

    assert.deepEqual(attributes, [
      { from: 'nauthilusAclGroups', as: 'ACL-Groups', absent: undefined, replace: new Map() },
      { from: 'nauthilusDovecotMaster', as: 'rnsMSDovecotMaster', absent: [''], replace: new Map([['FALSE', '']]) },
      { from: 'cn', as: 'cn', absent: [], replace: new Map() },
    ]);
  });

  it('take the service account with its password from a file, and never show the password', () => {
    const { identity } = sound(`${LEAST}\nbind: { dn: 'cn=reader', password: { file: ldap.secret } }`);

    assert.equal(identity.kind === 'simple' && identity.password.reveal().toString(), 'hidden');
    assert.doesNotMatch(JSON.stringify(identity), /hidden/);
    assert.deepEqual(sound(`${LEAST}\nbind: { sasl: external }`).identity, { kind: 'external' });
  });

  it('route by domain without regard to case, names without a domain by an empty one', () => {
    const config = sound(`${LEAST}\ndomains: [Example.Test, '']`);

    assert.ok(servesDomainOf(config, 'alice@EXAMPLE.test'));
    assert.ok(servesDomainOf(config, 'alice'));
    assert.ok(!servesDomainOf(config, 'alice@example.org'));
    assert.ok(servesDomainOf(sound(LEAST), 'alice@anywhere'));
  });

  it('leave disabled accounts out of the list by its filter', () => {
    const list = `filters: { user: '(uid=%u)', list: '(objectClass=person)' }`;
    const yaml = `${LEAST.replace(/filters.*/, list)}list_disabled: false\n`;
    const filterOf = (disabled: string): string | undefined =>
      sound(`${yaml}disabled: ${disabled}`).list?.filter.source;

    assert.equal(
      filterOf('{ attribute: enabled, values: [FALSE, "no*"] }'),
      '(&(objectClass=person)(!(|(enabled=FALSE)(enabled=no\\2a))))',
    );
    assert.equal(filterOf('{ attribute: locked }'), '(&(objectClass=person)(!(locked=*)))');
    assert.equal(filterOf("{ filter: '(a:1.2.3:=2)' }"), '(&(objectClass=person)(!(a:1.2.3:=2)))');
  });

  it('compare a disabling value in any case', () => {
    const { disabled } = sound(`${LEAST}\ndisabled: { attribute: state, values: [Locked, true] }`);

    assert.deepEqual(disabled, { kind: 'attribute', attribute: 'state', values: new Set(['locked', 'true']) });
    assert.ok(disabled && disabledFilter(disabled) === '(|(state=locked)(state=TRUE))');
  });

  it('warn where passwords would cross the network unencrypted', () => {
    const remote = LEAST.replace('ldap://127.0.0.1', 'ldap://ldap.example.test, "ldap://[::1]:3890"');

    assert.match(
      read(remote).warnings.join('\n'),
      /^starttls: passwords go to ldap:\/\/ldap\.example\.test unencrypted[^\n]*$/,
    );
    assert.deepEqual(read(`${remote}\nstarttls: required`).warnings, []);
    assert.deepEqual(read(LEAST.replace('ldap://127.0.0.1', 'ldaps://ldap.example.test')).warnings, []);
  });
});

describe('a wrong setting of an LDAP backend', () => {
  for (const [what, yaml, problem] of [
    [
      'a password that is to be delivered',
      'attributes: [mail, userPassword]',
      /^attributes\[1\]: userPassword is never/,
    ],
    [
      'one by another name',
      "attributes: [{ from: '2.5.4.35;x', as: h }]",
      /^attributes\[0\]\.from: 2\.5\.4\.35;x is never/,
    ],
    ['a password as state', 'disabled: { attribute: userPassword }', /^disabled\.attribute: userPassword is never/],
    ['all attributes', "attributes: ['*']", /^attributes\[0\]: found "\*"/],
    [
      'two attributes under one name',
      'attributes: [mail, { from: cn, as: mail }]',
      /^attributes\[1\]: another attribute/,
    ],
    [
      'an unknown placeholder',
      "protocols: { imap: { filter: '(uid=%{usr})' } }",
      /^protocols\.imap\.filter: .*%\{usr\} is no placeholder; allowed: %\{user\}/,
    ],
    ['a filter that is none', "master: { filter: '(uid=%u' }", /^master\.filter: cannot be read: .*position 7$/],
    ['a placeholder that is not known there', "master: { filter: '(member=%{user_dn})' }", /^master\.filter: /],
    ['a login in a disabling filter', "disabled: { filter: '(uid=%u)' }", /^disabled\.filter: .*none may stand here/],
    ['disabled without a rule', 'disabled: { values: [x] }', /^disabled\.attribute: is missing/],
    ['two rules for disabled', "disabled: { attribute: a, filter: '(a=b)' }", /^disabled\.filter: cannot stand beside/],
    ['a DN without password', 'bind: { dn: cn=reader }', /^bind\.password: is missing/],
    ['a password without DN', 'bind: { password: { file: ldap.secret } }', /^bind\.dn: is missing/],
    ['two identities', 'bind: { dn: cn=reader, sasl: external }', /^bind\.dn: cannot stand beside sasl/],
    ['a certificate without key', 'tls: { certificate: a.pem }', /^tls\.key: is missing/],
    ['a deadline of nothing', 'timeouts: { search: 0s }', /^timeouts\.search: must be more than 0/],
    ['a policy without a bind', 'password_policy: true\npassword_check: compare', /^password_policy: needs/],
    ['an unknown key', 'timeouts: { serach: 1s }', /^timeouts\.serach: unknown key.*"search"/],
    ['a letter as separator', "master: { separator: a, filter: '(a=%u)' }", /^master\.separator: /],
  ] as const) {
    it(`is told with its place: ${what}`, () => {
      const { problems } = read(`${LEAST}\n${yaml}`);

      assert.equal(problems.length, 1, problems.join('\n'));
      assert.match(problems[0] ?? '', problem);
    });
  }

  for (const url of [
    'http://x',
    'ldap://',
    'ldap://h:0',
    'ldap://h:99999',
    'ldap://h/dc=test',
    'ldap://u@h',
    'ldapi://rel',
    'ldapi://%',
  ]) {
    it(`is told with its place: the server ${url}`, () => {
      assert.match(read(LEAST.replace('ldap://127.0.0.1', `'${url}'`)).problems.join('\n'), /^servers\[0\]: /);
    });
  }

  it('is told once where a base DN cannot be listed, and the list may have its own', () => {
    const templated = LEAST.replace('ou=people,dc=example,dc=test', "'o=%d,dc=test'").replace(
      '%{user})',
      "%{user})', list: '(mail=*)",
    );

    assert.match(read(templated).problems.join('\n'), /^list\.base_dn: is missing[^\n]*$/);
    assert.equal(sound(`${templated}\nlist: { base_dn: dc=test }`).list?.baseDn, 'dc=test');
  });

  it('leaves the path of a socket to be given in an encoded form', () => {
    const socket = (url: string): unknown => sound(LEAST.replace('ldap://127.0.0.1', url)).servers[0];

    assert.deepEqual(socket('ldapi://%2Frun%2Fldapi'), {
      kind: 'ldapi',
      url: 'ldapi://%2Frun%2Fldapi',
      path: '/run/ldapi',
    });
    assert.deepEqual(socket('ldapi:///'), { kind: 'ldapi', url: 'ldapi:///', path: '/var/run/slapd/ldapi' });
    assert.deepEqual(socket('"ldaps://[2001:db8::1]"'), {
      kind: 'ldaps',
      url: 'ldaps://[2001:db8::1]',
      host: '2001:db8::1',
      port: 636,
    });
  });
});

describe('the schema of an LDAP backend', () => {
  it('describes every setting', () => {
    assert.deepEqual(lacking(LdapBackendSchema, 'ldap'), []);
  });

  function lacking(schema: TSchema, path: string): string[] {
    const facts = factsOf(schema);
    const shape = shapeOf(schema);
    const own = facts.description === undefined ? [`${path} has no description`] : [];
    if (isValueShape(shape)) return own;
    switch (shape.kind) {
      case 'section':
        return [...own, ...[...shape.keys].flatMap(([key, { schema: inner }]) => lacking(inner, `${path}.${key}`))];
      case 'list':
        return [...own, ...lacking(shape.items, `${path}[]`)];
      case 'mapping':
        return [...own, ...lacking(shape.values, `${path}.*`)];
      case 'variants':
        return [...own, ...[...shape.variants.values()].flatMap((inner) => lacking(inner, path))];
      case 'forms':
        return [...own, ...shape.forms.flatMap((inner) => lacking(inner, path))];
    }
  }
});
