import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { parseProtocol } from '../../src/login/protocol.ts';
import { accountName } from '../support/accounts.ts';
import { type Slapd, startSlapd } from '../daemons/slapd.ts';
import { type LdapSettings, openTestBackend, settingsFor, type TestedBackend } from './support/ldap-backend.ts';

const PEOPLE = 'ou=people,dc=example,dc=test';
/** Somebody who shares an address with alice, and two whose entries lack what makes an account. */
const FURTHER = `
dn: uid=twin,${PEOPLE}
objectClass: inetOrgPerson
objectClass: nauthilusMailbox
uid: twin
cn: Twin
sn: Twin
mail: alice@example.test
nauthilusAccount: twin@example.test
nauthilusEnabled: FALSE
jpegPhoto:: /9j/4AAQ
description: not an account name

dn: ou=example.org,dc=example,dc=test
objectClass: organizationalUnit
ou: example.org

dn: uid=heidi,ou=example.org,dc=example,dc=test
objectClass: inetOrgPerson
objectClass: nauthilusMailbox
uid: heidi
cn: Heidi
sn: Heidi
nauthilusAccount: heidi@example.org
userPassword: heidi-pw
`;

for (const check of ['bind', 'compare'] as const) {
  describe(`accounts whose passwords are proved by ${check}`, () => {
    const opened = new AsyncDisposableStack();
    let slapd: Slapd;
    before(async () => {
      slapd = opened.use(await startSlapd({ access: check, ldif: FURTHER }));
    });
    after(() => opened.disposeAsync());

    const open = (settings: LdapSettings = {}) =>
      openTestBackend(settingsFor([slapd], { password_check: check, ...settings }));

    async function attributesOf(tested: TestedBackend, name: string) {
      const result = await tested.lookUp(name);
      assert.equal(result.kind, 'found', name);
      return result.account.attributes;
    }

    it('are not let in by a name of two entries, which is told', async () => {
      await using tested = await open({ filters: { user: '(mail=%{user})' } });

      const login = await tested.verify('alice@example.test', 'alice-pw');
      const lookUp = await tested.lookUp('alice@example.test');

      assert.equal(login.kind, 'unavailable');
      assert.match(login.detail, /ambiguous/);
      assert.equal(lookUp.kind, 'unavailable');
      assert.deepEqual(tested.events.told, Array(2).fill('ambiguous alice@example.test 2'));
    });

    it('are searched for each protocol in its own way', async () => {
      const user = '(|(nauthilusAccount=%{user})(nauthilusMailAlias=%{user}))';
      const smtp = { filter: `(&${user}(!(nauthilusOverQuota=TRUE)))`, attributes: ['cn'] };
      await using tested = await open({ filters: { user }, attributes: ['mail'], protocols: { smtp } });
      const protocol = parseProtocol('smtp') as NonNullable<ReturnType<typeof parseProtocol>>;

      const overQuota = await tested.lookUp('frank@example.test', { protocol });
      const alice = await tested.lookUp('alice@example.test', { protocol });

      assert.equal(overQuota.kind, 'unknown-user');
      assert.equal((await tested.lookUp('frank@example.test')).kind, 'found');
      assert.equal(alice.kind, 'found');
      assert.deepEqual(alice.account.attributes, { cn: ['Alice Example'] });
    });

    it('deliver binary values as base64, renamed ones under their name, and absent ones as they are set', async () => {
      const attributes = [
        'jpegPhoto',
        { from: 'nauthilusQuota', as: 'quota', absent: [''] },
        { from: 'nauthilusEnabled', as: 'enabled', replace: { FALSE: 'no' } },
      ];
      await using tested = await open({ attributes });

      assert.deepEqual(await attributesOf(tested, 'twin@example.test'), {
        'jpegPhoto;binary': ['/9j/4AAQ'],
        quota: [''],
        enabled: ['no'],
      });
    });

    it('are switched off by a filter as by an attribute', async () => {
      for (const disabled of [
        { attribute: 'nauthilusEnabled', values: [false] },
        { filter: '(nauthilusEnabled=FALSE)' },
      ]) {
        await using tested = await open({ disabled });
        const bob = await tested.verify('bob@example.test', 'bob-pw');
        const alice = await tested.verify('alice@example.test', 'alice-pw');

        assert.equal(bob.kind === 'verified' && bob.account.isDisabled, true);
        assert.equal(alice.kind === 'verified' && !alice.account.isDisabled, true);
      }
      await using tested = await open({ disabled: { filter: '(nauthilusEnabled=FALSE)' }, list_disabled: false });
      assert.equal((await tested.list()).includes('bob@example.test'), false);
    });

    it('know their groups by memberOf and by search, to a depth', async () => {
      const bySearch = { strategy: 'search', base_dn: 'ou=groups,dc=example,dc=test', filter: '(member=%{user_dn})' };
      for (const strategy of [{ strategy: 'member_of' }, bySearch]) {
        for (const [nested_depth, expected] of [
          [0, ['staff']],
          [1, ['staff', 'company']],
          [2, ['staff', 'company', 'everyone']],
          [9, ['staff', 'company', 'everyone']],
        ] as const) {
          await using tested = await open({ groups: { ...strategy, nested_depth, as: 'groups' }, attributes: [] });

          assert.deepEqual(await attributesOf(tested, 'carol@example.test'), { groups: expected });
          const login = await tested.verify('carol@example.test', 'carol-pw');
          assert.deepEqual(login.kind === 'verified' && login.account.attributes, { groups: expected });
        }
      }
    });

    it('end a search for groups that hold each other', async () => {
      await slapd.modify(
        'dn: cn=staff,ou=groups,dc=example,dc=test\nchangetype: modify\nadd: member\nmember: cn=everyone,ou=groups,dc=example,dc=test\n',
      );
      await using tested = await open({ groups: { nested_depth: 32, as: 'groups' }, attributes: [] });

      assert.deepEqual(await attributesOf(tested, 'carol@example.test'), { groups: ['staff', 'company', 'everyone'] });
    });

    it('can be below a place that the name gives, and of an unknown place nobody is', async () => {
      const base_dn = 'ou=%{domain},dc=example,dc=test';
      await using tested = await open({ base_dn, filters: { user: '(uid=%{username})' } });

      assert.equal((await tested.verify('heidi@example.org', 'heidi-pw')).kind, 'verified');
      for (const name of ['heidi@nowhere.test', 'heidi', 'heidi@', 'heidi@example.org,dc=x', 'heidi@people+cn=x'])
        assert.equal((await tested.verify(name, 'heidi-pw')).kind, 'unknown-user', name);
      assert.equal(tested.backend.health().isReady, true);
    });

    it('are unavailable where an entry cannot be an account', async () => {
      for (const account_attribute of ['description', 'telephoneNumber']) {
        await using tested = await open({ account_attribute });

        assert.equal((await tested.lookUp('twin@example.test')).kind, 'unavailable');
      }
    });

    it('are asked for by the names of their domains only', async () => {
      await using tested = await open({ domains: ['Example.Test', ''], master: { filter: '(uid=%{user})' } });
      const { backend } = tested;

      for (const [name, isServed] of [
        ['alice@example.test', true],
        ['alice@EXAMPLE.test', true],
        ['alice', true],
        ['alice@example.org', false],
        ['alice@example.test*root@example.org', true],
        ['alice@example.org*root@example.test', false],
      ] as const)
        assert.equal(backend.servesName?.(accountName(name)), isServed, name);
    });

    it('are not listed by a backend without a filter for that', async () => {
      await using tested = await open({ filters: { user: '(uid=%{user})' } });

      await assert.rejects(tested.list(), { code: 'backend-unavailable', message: /has no filters\.list/ });
    });

    it('are listed in pages of any size, beyond what one search gives', async () => {
      for (const page_size of [1, 3, 1000]) {
        await using tested = await open({ list: { page_size, base_dn: 'dc=example,dc=test' } });

        assert.equal((await tested.list()).length, 10);
      }
    });
  });
}
