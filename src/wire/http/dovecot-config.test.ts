import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aDovecotConfig } from '../../../test/support/dovecot-settings.ts';

test('fields that would let somebody in as another are refused, and so are fields where a form brings its own', () => {
  for (const fields of [
    ['passdb.nopassword'],
    ['passdb.nopassword=y'],
    ['passdb.password'],
    ['passdb.user'],
    ['userdb.user=bob'],
  ])
    assert.throws(
      () => aDovecotConfig({ attributes: { x: { fields } } }),
      /attributes\.x\.fields\[0\]: .* is never delivered/,
    );
  assert.throws(
    () => aDovecotConfig({ attributes: { x: { dovecot24: ['passdb.user'] } } }),
    /attributes\.x\.dovecot24\[0\]/,
  );
  assert.throws(
    () => aDovecotConfig({ attributes: { x: { form: 'quota', fields: ['userdb.q'] } } }),
    /brings its own fields/,
  );
});

test('a rule replaces the known one for its attribute and leaves the others', () => {
  const { rules } = aDovecotConfig({ attributes: { home: { fields: ['userdb.mail_home'] } } });

  assert.deepEqual(rules.get('home')?.targets.dovecot24, [{ database: 'userdb', name: 'mail_home', value: undefined }]);
  assert.equal(rules.get('rnsMSQuota')?.form, 'quota');
  assert.equal([...rules.keys()][0], 'home');
});
