import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { accountOf } from './passwd-account.ts';
import { type LineRules, type PasswdEntry, parsePasswdLine, splitPasswdLine } from './passwd-line.ts';

const RULES: LineRules = { defaultScheme: 'CRYPT', lowerCase: true };

function entryOf(line: string, rules: Partial<LineRules> = {}): PasswdEntry {
  const parsed = parsePasswdLine(line, { ...RULES, ...rules });
  assert.equal(parsed.kind, 'entry', JSON.stringify(parsed));
  return parsed;
}

function problemOf(line: string): string {
  const parsed = parsePasswdLine(line, RULES);
  assert.equal(parsed.kind, 'problem', line);
  return parsed.reason;
}

describe('a line of a passwd-file', () => {
  it('holds no account where it is empty, a comment, or has no name', () => {
    for (const line of ['', '# comment', '#a:{PLAIN}pw', ':{PLAIN}pw', '::::::::']) {
      assert.equal(parsePasswdLine(line, RULES).kind, 'no-account', line);
    }
  });

  it('has its fields in order, the missing ones empty', () => {
    const full = entryOf('al:{PLAIN}pw:1:2:Al A:/home:/sh:a=1 b');
    const short = entryOf('al');

    assert.deepEqual(
      [full.name, full.uid, full.gid, full.gecos, full.home, full.shell, full.extra],
      [
        'al',
        '1',
        '2',
        'Al A',
        '/home',
        '/sh',
        [
          ['a', '1'],
          ['b', ''],
        ],
      ],
    );
    assert.equal(full.hash?.profile, 'PLAIN');
    assert.deepEqual([short.name, short.hash, short.uid, short.shell, short.extra], ['al', undefined, '', '', []]);
  });

  const extras: readonly (readonly [string, readonly (readonly [string, string])[]])[] = [
    ['', []],
    ['   ', []],
    ['a=1', [['a', '1']]],
    [
      'a=1 b=2',
      [
        ['a', '1'],
        ['b', '2'],
      ],
    ],
    [
      '  a=1 \t b=2  ',
      [
        ['a', '1'],
        ['b', '2'],
      ],
    ],
    [
      'a=1 a=2',
      [
        ['a', '1'],
        ['a', '2'],
      ],
    ],
    ['a=', [['a', '']]],
    ['a', [['a', '']]],
    ['a=b=c', [['a', 'b=c']]],
    ['mail=maildir:~/x:INDEX=y', [['mail', 'maildir:~/x:INDEX=y']]],
    ['userdb_mail=mbox:~/m', [['userdb_mail', 'mbox:~/m']]],
    [':/var/mail/a:b', [['userdb_mail', '/var/mail/a:b']]],
    [':', [[':', '']]],
  ];
  for (const [text, fields] of extras) {
    it(`has ${fields.length} extra fields in ${JSON.stringify(text)}`, () => {
      assert.deepEqual(entryOf(`a:::::::${text}`).extra, fields);
    });
  }

  const disabled: readonly (readonly [string, boolean])[] = [
    ['a:{PLAIN}pw', false],
    ['a:!{PLAIN}pw', true],
    ['a:!!', true],
    ['a:!*', true],
    ['a:*', false],
    ['a:', false],
    ['a:{PLAIN}!pw', false],
    ['a:{PLAIN}pw::::::disabled', true],
    ['a:{PLAIN}pw::::::disabled=yes', true],
    ['a:{PLAIN}pw::::::disabled=', true],
    ['a:{PLAIN}pw::::::disabled=until-paid', true],
    ['a:{PLAIN}pw::::::disabled=no', false],
    ['a:{PLAIN}pw::::::disabled=0', false],
    ['a:{PLAIN}pw::::::disabled=False', false],
    ['a:{PLAIN}pw::::::userdb_disabled=yes', true],
    ['a:{PLAIN}pw::::::nologin', true],
    ['a:{PLAIN}pw::::::nologin=gone', true],
    ['a:{PLAIN}pw::::::nologin=no', true],
    ['a:{PLAIN}pw::::::enabled=no', false],
  ];
  for (const [line, isDisabled] of disabled) {
    it(`${isDisabled ? 'switches its account off' : 'leaves its account on'} with ${line}`, () => {
      assert.equal(entryOf(line).isDisabled, isDisabled);
    });
  }

  it('has a password only where something can be checked', () => {
    for (const line of ['a', 'a:', 'a:*', 'a:!', 'a:!!', 'a:!*', 'a:{PLAIN}', 'a:{}', 'a:!{SSHA}']) {
      assert.equal(entryOf(line).hash, undefined, line);
    }
  });

  it('reads the marks that libpam-pwdfile puts behind hashes', () => {
    assert.equal(entryOf('a:0cc175b9c0f1b6a831c399e269772661[34]').hash?.algorithm.name, 'PLAIN-MD5');
    assert.equal(entryOf('a:ab1CvrRLhzq4k[13]', { defaultScheme: 'PLAIN' }).hash?.algorithm.name, 'DES-CRYPT');
    assert.equal(entryOf('a:{PLAIN}x[34]').hash?.profile, 'PLAIN');
  });

  const problems: readonly (readonly [string, RegExp])[] = [
    ['a b:{PLAIN}pw', /^"a b" is no account name; a name has at most 1024 bytes/],
    ['a*(b):x', /is no account name/],
    [`${'x'.repeat(1025)}:x`, /^"x{80}…" is no account name/],
    ['a:{NOPE}x', /^account a: the password scheme .*supported/],
    ['a:{PLAIN', /^account a: .*brace/],
    ['a:x', /^account a: /],
    ['a:{ARGON2ID}$argon2id$nonsense', /^account a: .*Argon2/],
    ['a:{PLAIN}pw::::::=x', /^account a: an extra field has no name/],
    ['a:{PLAIN}pw::::::userdb_=x', /^account a: an extra field has no name/],
    ['a:{PLAIN}pw::::::user=b', /^account a: .*alias=name instead/],
    ['a:{PLAIN}pw::::::password=b', /^account a: .*second field/],
    ['a:{PLAIN}pw::::::alias=', /^account a: "" can be no alias/],
    ['a:{PLAIN}pw::::::alias', /^account a: "" can be no alias/],
    ['a:{PLAIN}pw::::::alias=b"c', /can be no alias/],
    ['a:{PLAIN}pw::::::alias=b:c', /can be no alias/],
    ['a:{PLAIN}pw::::::alias=A', /^account a: the alias a is there already/],
    ['a:{PLAIN}pw::::::alias=b alias=B', /^account a: the alias b is there already/],
    ['a:{PLAIN}pw\0', /NUL/],
    ['{PLAIN}sesame', /^the text before the first colon is no account name/],
  ];
  for (const [line, reason] of problems) {
    it(`is broken as ${JSON.stringify(line.slice(0, 40))}, and says why`, () => {
      assert.match(problemOf(line), reason);
    });
  }

  it('never throws, and never shows a password in what is wrong', () => {
    const part = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(':', '{PLAIN}', '!', '=', ' ', 'alias=', '$2y$', '%'),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), (parts) => {
        parsePasswdLine(parts.join(''), RULES);
      }),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 10 }), (parts) => {
        const parsed = parsePasswdLine(`a:{NOPE}sesame-open${parts.join('')}`, RULES);
        assert.ok(parsed.kind === 'problem' && !parsed.reason.includes('sesame-open'));
      }),
    );
  });

  it('gives back what it was made of', () => {
    const text = fc.stringMatching(/^[a-z0-9/.~ -]{0,20}$/);
    const key = fc
      .stringMatching(/^[a-z][a-z0-9_]{0,12}$/)
      .filter((name) => !/^(user|password|alias|userdb_)$/.test(name));
    const value = fc.stringMatching(/^[!-~]{0,20}$/);
    fc.assert(
      fc.property(fc.array(text, { minLength: 5, maxLength: 5 }), fc.array(fc.tuple(key, value)), (placed, extra) => {
        fc.pre(!extra.some(([name]) => /^(userdb_)?(user|password|alias)?$/.test(name)));
        const line = ['a', '{PLAIN}pw', ...placed, extra.map(([name, word]) => `${name}=${word}`).join(' ')].join(':');

        const entry = entryOf(line);

        assert.deepEqual([entry.uid, entry.gid, entry.gecos, entry.home, entry.shell], placed);
        assert.deepEqual(entry.extra, extra);
        assert.deepEqual(splitPasswdLine(line).placed, placed);
      }),
    );
  });
});

describe('the value of an extra field', () => {
  const values: readonly (readonly [string, string])[] = [
    ['%u', 'Al@X.test'],
    ['%n/%d', 'Al/X.test'],
    ['%Lu-%Ln-%Ld', 'al@x.test-al-x.test'],
    ['%{user}-%{username}-%{domain}', 'Al@X.test-Al-X.test'],
    ['+10%%', '+10%'],
    ['%%u', '%u'],
    ['50%', '50%'],
    ['%h/%{home}/%Uu', '%h/%{home}/%Uu'],
  ];
  for (const [value, expanded] of values) {
    it(`${value} becomes ${expanded}`, () => {
      const entry = entryOf(`Al@X.test:{PLAIN}pw::::/home/%u::f=${value}`, { lowerCase: false });

      const { attributes } = accountOf(entry, { name: 'x', attributes: new Map() });

      assert.deepEqual(attributes['f'], [expanded]);
      assert.deepEqual(attributes['home'], ['/home/%u']);
    });
  }
});
