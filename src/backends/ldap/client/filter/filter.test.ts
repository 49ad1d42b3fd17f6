import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { BerWriter, FilterParser } from 'ldapts';
import { escapeDnValue, escapeFilterValue } from './escape.ts';
import { compileFilter, parseFilter } from './filter.ts';
import { FilterError } from './filter-error.ts';

const USER = { value: 0, source: '%{user}' };
const DOMAIN = { value: 1, source: '%{domain}' };

function byLdapts(text: string): Buffer {
  const writer = new BerWriter();
  FilterParser.parseString(text).write(writer);
  return writer.buffer;
}

/** Equality with bytes written out by hand: RFC 4511 4.5.1, `[3] { attribute, value }`, all lengths below 128. */
function equality(attribute: string, value: Uint8Array): Buffer {
  const name = Buffer.from(attribute);
  const head = Buffer.of(0xa3, 4 + name.length + value.length, 4, name.length);
  return Buffer.concat([head, name, Buffer.of(4, value.length), value]);
}

describe('an LDAP filter', () => {
  for (const text of [
    '(uid=joe)',
    '(uid=)',
    '(&(objectClass=inetOrgPerson)(|(uid=joe)(mail=joe@example.test)))',
    '(!(loginDisabled=TRUE))',
    '(cn=*)',
    '(cn=a*)',
    '(cn=*z)',
    '(cn=a*b*c)',
    '(cn=*b*)',
    '(uidNumber>=1000)',
    '(uidNumber<=2000)',
    '(cn~=jo)',
    '(cn:caseExactMatch:=Joe)',
    '(ou:dn:=people)',
    '(:2.5.13.2:=Joe)',
    '(cn:dn:2.4.6.8.10:=Joe)',
    '(memberOf:1.2.840.113556.1.4.1941:=cn=all,dc=example,dc=test)',
    `(|${'(mail=someone@a.very.long.example.test)'.repeat(2000)})`,
    '(cn=Jörg)',
  ]) {
    it(`has the bytes that another library gives: ${text.slice(0, 70)}`, () => {
      assert.deepEqual(parseFilter(text), byLdapts(text));
    });
  }

  it('takes attribute options and escaped bytes', () => {
    assert.deepEqual(
      parseFilter('(userCertificate;binary=\\30\\82)'),
      equality('userCertificate;binary', Buffer.of(0x30, 0x82)),
    );
    assert.deepEqual(parseFilter('(cn=J\\c3\\b6rg \\28x\\29 \\2a \\5c)'), equality('cn', Buffer.from('Jörg (x) * \\')));
  });

  it('may be the empty conjunction or disjunction (RFC 4526)', () => {
    assert.equal(parseFilter('(&)').toString('hex'), 'a000');
    assert.equal(parseFilter('(|(&)(|))').toString('hex'), 'a104a000a100');
  });

  for (const [text, position] of [
    ['', 0],
    ['uid=joe', 0],
    ['(uid=joe', 8],
    ['(uid=joe))', 9],
    ['(uid=a(b)', 6],
    ['(uid=a\\2)', 6],
    ['(uid=a**b)', 7],
    ['(uid>=a*)', 7],
    ['(=a)', 1],
    ['(u d=a)', 2],
    ['(!)', 2],
    ['(&(uid=a)x)', 9],
    ['(::=x)', 2],
    ['(:=x)', 3],
    ['(uid=a\0)', 6],
    [`${'(&'.repeat(60)}(a=b)${')'.repeat(60)}`, 100],
  ] as const) {
    it(`is refused with the place of the mistake: ${JSON.stringify(text.slice(0, 20))}`, () => {
      assert.throws(
        () => parseFilter(text),
        (error) => error instanceof FilterError && error.position === position,
      );
    });
  }

  it('counts positions in the text as the operator wrote it', () => {
    assert.throws(
      () => compileFilter(['(&(uid=', USER, ')(mail', DOMAIN, '=x))']),
      (error) => error instanceof FilterError && error.position === 20 && /placeholder/.test(error.message),
    );
    assert.throws(
      () => compileFilter(['(&(uid=', USER, ')(mail=x)']),
      (error) => error instanceof FilterError && error.position === 23,
    );
  });

  it('never throws anything else, whatever the text', () => {
    const character = fc.constantFrom(
      '(',
      ')',
      '&',
      '|',
      '!',
      '=',
      '*',
      '\\',
      ':',
      '<',
      '>',
      '~',
      'a',
      '0',
      '2',
      '\0',
      'ö',
    );
    fc.assert(
      fc.property(fc.array(character, { maxLength: 40 }), (characters) => {
        try {
          parseFilter(characters.join(''));
        } catch (error) {
          assert.ok(error instanceof FilterError);
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe('a value in a filter', () => {
  it('is the same bytes whether escaped into text or put into a compiled filter', () => {
    const compiled = compileFilter(['(&(objectClass=person)(|(uid=', USER, ')(mail=', USER, '@', DOMAIN, ')))']);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 300 }), (user, domain) => {
        const [u, d] = [escapeFilterValue(user), escapeFilterValue(domain)];
        const text = `(&(objectClass=person)(|(uid=${u})(mail=${u}@${d})))`;

        assert.deepEqual(compiled([user, domain]), parseFilter(text));
      }),
    );
  });

  it('never leaves its place, whatever its bytes', () => {
    const compiled = compileFilter(['(uid=', USER, ')']);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (value) => {
        assert.deepEqual(parseFilter(`(uid=${escapeFilterValue(value)})`), equality('uid', value));
        assert.deepEqual(compiled([value]), equality('uid', value));
      }),
    );
  });

  for (const hostile of ['*', ')(', 'a)(uid=*', '\0', '\\2a', '*)(&', 'ö\u{1f600}']) {
    it(`stays a value: ${JSON.stringify(hostile)}`, () => {
      const bytes = Buffer.from(hostile);

      assert.deepEqual(compileFilter(['(uid=', USER, ')'])([bytes]), equality('uid', bytes));
      assert.deepEqual(parseFilter(`(uid=${escapeFilterValue(hostile)})`), equality('uid', bytes));
    });
  }

  it('may stand beside a star of the template', () => {
    const compiled = compileFilter(['(mail=', USER, '@*)']);

    assert.deepEqual(compiled([Buffer.from('a*b')]), byLdapts('(mail=a\\2ab@*)'));
  });

  it('is escaped for a DN so that it cannot add to it', () => {
    assert.equal(escapeDnValue('joe'), 'joe');
    assert.equal(escapeDnValue('joe,ou=admins'), 'joe\\2cou\\3dadmins');
    assert.equal(escapeDnValue(' #"+;<>\\\0ö'), '\\20\\23\\22\\2b\\3b\\3c\\3e\\5c\\00\\c3\\b6');
    assert.equal(escapeFilterValue(Buffer.of(0xff, 0x41)), '\\ffA');
  });
});
