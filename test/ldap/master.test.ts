import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createDecide } from '../../src/decision/authenticate.ts';
import { Secret } from '../../src/login/secret.ts';
import { anAttempt } from '../support/attempts.ts';
import { startSlapd } from '../daemons/slapd.ts';
import { openTestBackend, settingsFor, type TestedBackend } from './support/ldap-backend.ts';

const MASTER = { base_dn: 'dc=example,dc=test', filter: '(&(nauthilusAccount=%{user})(nauthilusDovecotMaster=TRUE))' };
const OFF = `
dn: cn=former,ou=services,dc=example,dc=test
objectClass: applicationProcess
objectClass: nauthilusMasterUser
cn: former
nauthilusAccount: former
nauthilusDovecotMaster: TRUE
nauthilusEnabled: FALSE
userPassword: former-pw
`;

/** Login names, passwords, and what comes of them: the outcome, the account and the master. */
const LOGINS = [
  ['alice@example.test*admin', 'master-pw', 'accept', 'alice@example.test', 'admin'],
  ['frank.alias@example.test*admin', 'master-pw', 'accept', 'frank@example.test', 'admin'],
  ['alice@example.test*erin@example.test', 'erin-pw', 'accept', 'alice@example.test', 'erin@example.test'],
  ['alice@example.test*admin', 'alice-pw', 'wrong-password', 'alice@example.test', 'admin'],
  ['alice@example.test*admin', '', 'empty-password', undefined, undefined],
  ['alice@example.test*carol@example.test', 'carol-pw', 'unknown-user', undefined, undefined],
  ['alice@example.test*nobody', 'master-pw', 'unknown-user', undefined, undefined],
  ['nobody@example.test*admin', 'master-pw', 'unknown-user', undefined, undefined],
  ['alice@example.test*former', 'former-pw', 'wrong-password', 'alice@example.test', 'former'],
  ['bob@example.test*admin', 'master-pw', 'account-disabled', 'bob@example.test', undefined],
  ['alice@example.test**', 'master-pw', 'unknown-user', undefined, undefined],
  ['admin', 'master-pw', 'unknown-user', undefined, undefined],
] as const;

for (const check of ['bind', 'compare'] as const) {
  describe(`a master user, proved by ${check}`, () => {
    const opened = new AsyncDisposableStack();
    let tested: TestedBackend;
    let withFilter: TestedBackend;
    before(async () => {
      const slapd = opened.use(await startSlapd({ access: check, ldif: OFF }));
      const settings = { password_check: check, master: MASTER };
      tested = opened.use(await openTestBackend(settingsFor([slapd], settings)));
      const disabled = { filter: '(nauthilusEnabled=FALSE)' };
      withFilter = opened.use(await openTestBackend(settingsFor([slapd], { ...settings, disabled })));
    });
    after(() => opened.disposeAsync());

    for (const [loginName, password, outcome, account, master] of LOGINS) {
      it(`as ${loginName} with ${password === '' ? 'no password' : password} comes to ${outcome}`, async () => {
        for (const { backend } of [tested, withFilter]) {
          const decide = createDecide({
            backends: [backend],
            answersDisabledLookups: new Set(),
            deadline: () => new AbortController().signal,
            now: () => 0,
          });

          const { verdict } = await decide({ ...anAttempt(), loginName, password: Secret.fromText(password) });

          assert.ok(verdict.kind !== 'defer', JSON.stringify(verdict));
          assert.equal(verdict.kind === 'accept' ? 'accept' : verdict.reason, outcome);
          assert.equal(verdict.kind === 'accept' ? verdict.account.name : verdict.account, account);
          assert.equal(verdict.master, master);
        }
      });
    }
  });
}
