import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  type DeliveredAttribute,
  deliverAttributes,
  type FoundAttribute,
  isNeverDelivered,
  requestedAttributes,
} from './attribute-map.ts';

function found(attributes: Readonly<Record<string, readonly (string | Buffer)[]>>): FoundAttribute[] {
  return Object.entries(attributes).map(([name, values]) => ({
    name,
    values: values.map((value) => Buffer.from(value)),
  }));
}

function rule(from: string, more: Partial<DeliveredAttribute> = {}): DeliveredAttribute {
  return { from, as: from, absent: undefined, replace: new Map(), ...more };
}

describe('the attributes of an account', () => {
  it('are those that were asked for, under the names that were asked for, in any case of the server', () => {
    const entry = found({ MAIL: ['a@example.test', 'b@example.test'], nauthilusquota: ['1024'], sn: ['A'] });

    assert.deepEqual(deliverAttributes([rule('mail'), rule('nauthilusQuota', { as: 'rnsMSQuota' })], entry), {
      mail: ['a@example.test', 'b@example.test'],
      rnsMSQuota: ['1024'],
    });
  });

  it('may have one LDAP attribute under two names', () => {
    const rules = [rule('uid'), rule('uid', { as: 'login' })];

    assert.deepEqual(deliverAttributes(rules, found({ uid: ['a'] })), { uid: ['a'], login: ['a'] });
  });

  it('keep a name for entries without a value, with whatever the operator chose', () => {
    const rules = [
      rule('a'),
      rule('b', { absent: [] }),
      rule('c', { as: 'rnsMSDovecotMaster', absent: [''] }),
      rule('d', { absent: ['x', 'y'] }),
    ];

    assert.deepEqual(deliverAttributes(rules, found({ c: [] })), { b: [], rnsMSDovecotMaster: [''], d: ['x', 'y'] });
    assert.deepEqual(deliverAttributes(rules, found({ c: ['TRUE'] }))['rnsMSDovecotMaster'], ['TRUE']);
  });

  it('may have values that stand for others', () => {
    const rules = [rule('flag', { replace: new Map([['FALSE', '']]) })];

    assert.deepEqual(deliverAttributes(rules, found({ flag: ['FALSE', 'TRUE'] })), { flag: ['', 'TRUE'] });
  });

  it('come with an option only where it was asked for', () => {
    const entry = found({ 'cn;lang-de': ['Erich'], 'CN;LANG-FR': ['Eric'] });

    assert.deepEqual(deliverAttributes([rule('cn')], entry), {});
    assert.deepEqual(deliverAttributes([rule('cn;lang-fr', { as: 'french' })], entry), { french: ['Eric'] });
  });

  it('are base64 under name;binary where a value is no text, all values alike', () => {
    const entry = found({ photo: ['text', Buffer.of(0xff, 0xd8)], guid: [Buffer.of(0x41, 0x00)] });

    assert.deepEqual(deliverAttributes([rule('photo', { as: 'p' }), rule('guid')], entry), {
      'p;binary': ['dGV4dA==', '/9g='],
      'guid;binary': ['QQA='],
    });
  });

  it('are base64 where the server marks them as binary, whether or not the operator did', () => {
    for (const [asked, given] of [
      ['userCertificate', 'userCertificate;binary'],
      ['userCertificate;binary', 'usercertificate;BINARY'],
      ['userCertificate;x;binary', 'userCertificate;binary;x'],
    ] as const) {
      const delivered = deliverAttributes([rule(asked, { as: 'cert' })], found({ [given]: ['0'] }));

      assert.deepEqual(delivered, { 'cert;binary': ['MA=='] }, given);
    }
    assert.deepEqual(deliverAttributes([rule('a;binaryish')], found({ 'a;binaryish': ['x'] })), {
      'a;binaryish': ['x'],
    });
  });

  it('are never broken text, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 20 }), { minLength: 1, maxLength: 3 }), (bytes) => {
        const values = bytes.map((value) => Buffer.from(value));
        const delivered = deliverAttributes([rule('a')], [{ name: 'a', values }]);
        const back =
          delivered['a']?.map((text) => Buffer.from(text)) ??
          delivered['a;binary']?.map((text) => Buffer.from(text, 'base64'));

        assert.deepEqual(back, values);
      }),
    );
  });

  it('never hold a password, not even one that was asked for', () => {
    const entry = found({ userPassword: ['{SSHA}x'], 'userPassword;lang-de': ['y'] });

    assert.deepEqual(deliverAttributes([rule('userPassword'), rule('USERPASSWORD;LANG-DE')], entry), {});
  });

  for (const name of [
    'userPassword',
    'USERPASSWORD',
    'userPassword;binary',
    '2.5.4.35',
    'authPassword',
    'sambaNTPassword',
    'sambaLMPassword',
    'krbPrincipalKey',
    'pwdHistory',
    'unicodePwd',
  ]) {
    it(`never hold ${name}`, () => assert.ok(isNeverDelivered(name)));
  }

  it('may hold what is only named like a password', () => {
    for (const name of ['mail', 'pwdChangedTime', 'userPasswordHint', 'passwordSelfResetBackupEmail', '']) {
      assert.ok(!isNeverDelivered(name), name);
    }
  });

  it('may be called whatever an object has of itself', () => {
    const delivered = deliverAttributes(
      [rule('a', { as: '__proto__' }), rule('b', { as: 'toString' })],
      found({ a: ['1'] }),
    );

    assert.deepEqual(Object.entries(delivered), [['__proto__', ['1']]]);
  });

  it('are asked for once each', () => {
    assert.deepEqual(requestedAttributes([rule('mail'), rule('Mail', { as: 'x' }), rule('cn')], ['mail', 'memberOf']), [
      'Mail',
      'memberOf',
      'cn',
    ]);
  });
});
