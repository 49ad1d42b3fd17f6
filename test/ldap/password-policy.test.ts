import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { VerifyResult } from '../../src/backends/backend.ts';
import { type Slapd, startSlapd } from '../daemons/slapd.ts';
import { openTestBackend, settingsFor, type TestedBackend } from './support/ldap-backend.ts';

const PEOPLE = 'ou=people,dc=example,dc=test';
const POLICIES = `
dn: cn=expiring,ou=policies,dc=example,dc=test
objectClass: applicationProcess
objectClass: pwdPolicy
cn: expiring
pwdAttribute: userPassword
pwdMaxAge: 1

dn: cn=resetting,ou=policies,dc=example,dc=test
objectClass: applicationProcess
objectClass: pwdPolicy
cn: resetting
pwdAttribute: userPassword
pwdMustChange: TRUE

dn: uid=carol,${PEOPLE}
changetype: modify
add: pwdPolicySubentry
pwdPolicySubentry: cn=expiring,ou=policies,dc=example,dc=test

dn: uid=dave,${PEOPLE}
changetype: modify
add: pwdPolicySubentry
pwdPolicySubentry: cn=resetting,ou=policies,dc=example,dc=test
-
replace: userPassword
userPassword: dave-pw
-
add: pwdReset
pwdReset: TRUE

dn: uid=carol,${PEOPLE}
changetype: modify
replace: userPassword
userPassword: carol-pw
`;

function named(result: VerifyResult): string {
  return result.kind === 'refused' ? result.reason : result.kind;
}

describe('a password policy of the server', () => {
  const opened = new AsyncDisposableStack();
  let slapd: Slapd;
  let tested: TestedBackend;
  let without: TestedBackend;
  before(async () => {
    slapd = opened.use(await startSlapd({ passwordPolicy: true, ldif: POLICIES }));
    tested = opened.use(await openTestBackend(settingsFor([slapd], { password_policy: true })));
    without = opened.use(await openTestBackend(settingsFor([slapd])));
  });
  after(() => opened.disposeAsync());

  it('tells an expired password to who knows it, and to nobody else', async () => {
    await new Promise((resolve) => setTimeout(resolve, 2100));

    assert.equal(named(await tested.verify('carol@example.test', 'wrong')), 'wrong-password');
    assert.equal(named(await tested.verify('carol@example.test', 'carol-pw')), 'password-expired');
    assert.equal(named(await without.verify('carol@example.test', 'carol-pw')), 'wrong-password');
  });

  it('tells a password that must be changed to who knows it, and to nobody else', async () => {
    assert.equal(named(await tested.verify('dave@example.test', 'wrong')), 'wrong-password');
    assert.equal(named(await tested.verify('dave@example.test', 'dave-pw')), 'password-must-change');
  });

  it('locks an account after wrong passwords, each of which the server counts once', async () => {
    for (let guess = 1; guess <= 4; guess += 1)
      assert.equal(named(await tested.verify('frank@example.test', 'wrong')), 'wrong-password', String(guess));
    assert.equal(named(await tested.verify('frank@example.test', 'frank-pw')), 'verified');
    for (let guess = 1; guess <= 5; guess += 1) await tested.verify('frank@example.test', 'wrong');

    assert.equal(named(await tested.verify('frank@example.test', 'frank-pw')), 'account-locked');
    assert.equal(named(await tested.verify('frank@example.test', 'wrong')), 'account-locked');
    assert.equal(named(await without.verify('frank@example.test', 'frank-pw')), 'wrong-password');
  });

  it('counts nothing against anybody for a name that is not known', async () => {
    for (let guess = 1; guess <= 8; guess += 1) await tested.verify('nobody@example.test', 'wrong');

    assert.equal((await tested.verify('plain@example.test', 'plain-pw')).kind, 'verified');
    assert.equal((await tested.lookUp('plain@example.test')).kind, 'found');
  });
});
