import assert from 'node:assert/strict';
import { it } from 'node:test';
import { canonicalName, canonicalSubject } from './distinguished-name.ts';

it('reads the same name alike in whatever way it is written', () => {
  for (const [written, subject] of [
    ['CN=mx1,OU=Mail,O=Example', 'O=Example\nOU=Mail\nCN=mx1'],
    ['cn = mx1 , ou = Mail , o = Example', 'O=Example\nOU=Mail\nCN=mx1'],
    ['CN=M\\C3\\BCller\\, Mail', 'CN=Müller\\, Mail'],
    ['CN=Müller\\2C Mail', 'CN=Müller\\, Mail'],
    ['UID=7+CN=mx1', 'CN=mx1 + UID=7'],
    ['CN=a\\+b', 'CN=a\\+b'],
    ['2.5.4.97=x', '2.5.4.97=x'],
  ] as const) {
    assert.equal(canonicalName(written), canonicalSubject(subject), written);
    assert.notEqual(canonicalName(written), undefined, written);
  }
});

it('takes no name for another', () => {
  for (const [one, other] of [
    ['CN=mx1', 'CN=mx2'],
    ['CN=mx1', 'CN=MX1'],
    ['CN=mx1', 'OU=mx1'],
    ['CN=mx1', 'CN=mx1,O=Example'],
    ['CN=mx1,O=Example', 'O=Example,CN=mx1'],
    ['CN=mx1\\,O=Example', 'CN=mx1,O=Example'],
    ['CN=a+UID=b', 'CN=a,UID=b'],
  ] as const) {
    assert.notEqual(canonicalName(one), canonicalName(other), `${one} and ${other}`);
  }
});

it('takes nothing that is no name', () => {
  for (const text of ['', 'mx1', 'CN=', 'CN=a,', '=a', 'CN=a,,O=b']) assert.equal(canonicalName(text), undefined, text);
});
