import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { escapeFilterValue } from '../client/filter/escape.ts';
import { parseFilter } from '../client/filter/filter.ts';
import { NameFilter } from './name-filter.ts';
import {
  GROUP_FIELDS,
  LOGIN_FIELDS,
  type NameFacts,
  NameTemplateError,
  parseNameTemplate,
  renderDn,
  renderFilter,
  splitName,
  templateTexts,
} from './name-template.ts';

function login(user: string, more: Partial<NameFacts> = {}): NameFacts {
  return { user, protocol: 'imap', client_ip: '192.0.2.1', local_ip: '2001:db8::1', ...more };
}

const ALICE = login('Alice@Example.test', { account: 'alice', user_dn: 'uid=alice,dc=test' });

describe('a placeholder', () => {
  for (const [text, value] of [
    ['%{user}', 'Alice@Example.test'],
    ['%{username}', 'Alice'],
    ['%{domain}', 'Example.test'],
    ['%{protocol}', 'imap'],
    ['%{client_ip}', '192.0.2.1'],
    ['%{local_ip}', '2001:db8::1'],
    ['%{user_dn}', 'uid=alice,dc=test'],
    ['%{account}', 'alice'],
    ['%u', 'Alice@Example.test'],
    ['%n', 'Alice'],
    ['%d', 'Example.test'],
    ['%Lu', 'alice@example.test'],
    ['%Un', 'ALICE'],
    ['%L{user}', 'alice@example.test'],
    ['%U{domain}', 'EXAMPLE.TEST'],
    ['%{user|lower}', 'alice@example.test'],
    ['%{username|upper}', 'ALICE'],
    ['100%%', '100%'],
    ['%%{user}', '%{user}'],
    ['%%%u', '%Alice@Example.test'],
    ['%n at %d', 'Alice at Example.test'],
    ['none', 'none'],
    ['', ''],
  ]) {
    it(`gives what it names: ${JSON.stringify(text)}`, () => {
      const template = parseNameTemplate(String(text), GROUP_FIELDS);
      const values = templateTexts(template, ALICE);
      const joined = template.pieces.map((piece) => (typeof piece === 'string' ? piece : values[piece.value]));

      assert.equal(joined.join(''), value);
    });
  }

  for (const [text, position] of [
    ['(uid=%{usr})', 5],
    ['%{}', 0],
    ['%{user', 0],
    ['100%', 3],
    ['a%x', 1],
    ['%s', 0],
    ['%X{user}', 0],
    ['%LU{user}', 0],
    ['%L{user|lower}', 0],
    ['%{user|reverse}', 0],
    ['%{user|}', 0],
    ['%{user|lower|upper}', 0],
    ['%{user_dn}', 0],
    ['%{toString}', 0],
    ['%{user|constructor}', 0],
    ['%{USER}', 0],
    ['%lu', 0],
  ] as const) {
    it(`that is none is refused, with its place and what is allowed: ${text}`, () => {
      assert.throws(
        () => parseNameTemplate(text, LOGIN_FIELDS),
        (error) =>
          error instanceof NameTemplateError && error.position === position && /%\{username\}/.test(error.message),
      );
    });
  }

  it('that means two things in two programs is refused with what to write', () => {
    assert.throws(() => parseNameTemplate('%s'), /write %\{user\} or %\{protocol\}/);
  });

  it('has no place where no login is known', () => {
    assert.throws(() => parseNameTemplate('(uid=%u)', []), /none may stand here/);
  });

  it('is one value however often it stands there', () => {
    const template = parseNameTemplate('(|(uid=%n)(cn=%{username})(mail=%Ln@%d))');

    assert.deepEqual(templateTexts(template, ALICE), ['Alice', 'alice', 'Example.test']);
  });
});

describe('a name', () => {
  for (const [name, username, domain] of [
    ['alice', 'alice', ''],
    ['alice@example.test', 'alice', 'example.test'],
    ['a@b@example.test', 'a@b', 'example.test'],
    ['alice@', 'alice', ''],
    ['@example.test', '', 'example.test'],
    ['@', '', ''],
    ['', '', ''],
  ] as const) {
    it(`has its local part before the last @: ${JSON.stringify(name)}`, () => {
      assert.deepEqual(splitName(name), { username, domain });
    });
  }
});

describe('a template for a DN', () => {
  const template = parseNameTemplate('uid=%{username|lower},o=%d,dc=test');

  it('holds values that cannot add to it', () => {
    assert.equal(renderDn(template, ALICE), 'uid=alice,o=Example.test,dc=test');
    assert.equal(renderDn(template, login('x,ou=admins@a+b=c')), 'uid=x\\2cou\\3dadmins,o=a\\2bb\\3dc,dc=test');
  });

  it('leads nowhere where a value is empty', () => {
    assert.equal(renderDn(template, login('alice')), undefined);
    assert.equal(renderDn(template, login('@example.test')), undefined);
  });

  it('may hold a DN that was found', () => {
    assert.equal(renderDn(parseNameTemplate('cn=x,%{user_dn}', GROUP_FIELDS), ALICE), 'cn=x,uid=alice,dc=test');
  });
});

describe('a filter with placeholders', () => {
  const source = '(&(objectClass=person)(|(uid=%{user})(mail=%{username}@%{domain|lower})(cn=%n*)))';
  const filter = NameFilter.parse(source, LOGIN_FIELDS);

  it('is the same bytes as its escaped text, whatever the name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }), (user) => {
        // An empty value beside a star is a text that is no filter.
        fc.pre(splitName(user).username !== '');
        const facts = login(user);

        assert.deepEqual(filter.encode(facts), parseFilter(renderFilter(filter.template, facts)));
      }),
    );
  });

  for (const hostile of ['*', ')(', 'a)(uid=*', '\0', '\\2a', '%{user}', '%u', '*)(objectClass=*']) {
    it(`takes a name as nothing but a name: ${JSON.stringify(hostile)}`, () => {
      const encoded = NameFilter.parse('(uid=%u)', LOGIN_FIELDS).encode(login(hostile));

      assert.deepEqual(encoded, parseFilter(`(uid=${escapeFilterValue(hostile)})`));
      assert.ok(encoded.includes(Buffer.from(hostile)));
    });
  }

  it('has a percent sign where two were written', () => {
    assert.deepEqual(NameFilter.parse('(cn=100%%)', []).encode(ALICE), parseFilter('(cn=100%)'));
  });
});
