import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { anAccount } from '../../../../test/support/accounts.ts';
import { aDovecotConfig } from '../../../../test/support/dovecot-settings.ts';
import type { Attributes } from '../../../login/account.ts';
import { Secret } from '../../../login/secret.ts';
import type { DovecotConfig } from '../dovecot-config.ts';
import { type FieldValues, makeFields } from './dovecot-fields.ts';
import type { Dialect } from './dovecot-fields-rules.ts';

interface Made {
  readonly passdb: FieldValues;
  readonly userdb: FieldValues;
}

function make(attributes: Attributes, dialect: Dialect = 'dovecot23', config = aDovecotConfig()): Made {
  const outcome = makeFields(anAccount({ attributes }), config, dialect);
  assert(outcome.kind === 'fields', outcome.kind === 'undeliverable' ? outcome.detail : '');
  const { user, ...passdb } = outcome.passdb;
  assert.equal(user, 'alice@example.test');
  return { passdb, userdb: outcome.userdb };
}

function refuse(attributes: Attributes, dialect: Dialect = 'dovecot23', config = aDovecotConfig()): string {
  const outcome = makeFields(anAccount({ attributes }), config, dialect);
  assert(outcome.kind === 'undeliverable');
  return outcome.detail;
}

const BY_DEFAULT: readonly (readonly [attributes: Attributes, dovecot23: Partial<Made>, dovecot24: Partial<Made>])[] = [
  [{}, {}, {}],
  [{ shoeSize: ['44'], constructor: ['x'] }, {}, {}],
  [
    { home: ['/srv/a'], uid: ['5000'], gid: ['mail'] },
    userdb({ home: '/srv/a', uid: '5000', gid: 'mail' }),
    userdb({ home: '/srv/a', uid: '5000', gid: 'mail' }),
  ],
  [{ home: ['', '/b'] }, userdb({ home: '/b' }), userdb({ home: '/b' })],
  [{ mail: ['maildir:~/M'] }, userdb({ mail: 'maildir:~/M' }), userdb({ mail_driver: 'maildir', mail_path: '~/M' })],
  [{ rnsMSMailPath: ['sdbox:~/d'] }, userdb({ mail: 'sdbox:~/d' }), userdb({ mail_driver: 'sdbox', mail_path: '~/d' })],
  [{ rnsMSQuota: ['1024'] }, userdb({ quota_rule: '*:bytes=1024' }), userdb({ quota_storage_size: '1024B' })],
  [
    { quota_rule: ['*:storage=1M'], rnsMSQuota: ['9'] },
    userdb({ quota_rule: '*:storage=1M' }),
    userdb({ quota_storage_size: '1048576B' }),
  ],
  [
    { quota_storage_size: ['5M'] },
    userdb({ quota_rule: '*:bytes=5242880' }),
    userdb({ quota_storage_size: '5242880B' }),
  ],
  [{ quota_rule2: ['Trash:storage=+1M'] }, userdb({ quota_rule2: 'Trash:storage=+1M' }), {}],
  [{ rnsMSOverQuota: ['TRUE'] }, userdb({ quota_over_flag: 'TRUE' }), userdb({ quota_over_status_current: 'TRUE' })],
  [
    { 'ACL-Groups': ['staff', 'testers'] },
    userdb({ acl_groups: 'staff,testers' }),
    userdb({ acl_groups: 'staff,testers' }),
  ],
  [
    { allow_nets: ['10.0.0.0/8', '::1'] },
    passdb({ allow_nets: '10.0.0.0/8,::1' }),
    passdb({ allow_nets: '10.0.0.0/8,::1' }),
  ],
  [{ proxy: [''], host: ['mx2'] }, passdb({ proxy: 'y', host: 'mx2' }), passdb({ proxy: 'y', host: 'mx2' })],
  [{ proxy: ['no'], nodelay: ['TRUE'] }, passdb({ nodelay: 'y' }), passdb({ nodelay: 'y' })],
  [{ 'Proxy-Host': ['mx2'] }, passdb({ host: 'mx2', proxy_maybe: 'y' }), passdb({ host: 'mx2', proxy_maybe: 'y' })],
  [
    { 'Proxy-Host': ['mx2'], rnsMSDovecotMaster: [''] },
    passdb({ host: 'mx2', proxy_maybe: 'y' }),
    passdb({ host: 'mx2', proxy_maybe: 'y' }),
  ],
  [
    { 'Proxy-Host': ['mx2'], rnsMSDovecotMaster: ['FALSE'] },
    passdb({ host: 'mx2', proxy_maybe: 'y' }),
    passdb({ host: 'mx2', proxy_maybe: 'y' }),
  ],
  [
    { 'Proxy-Host': ['mx2'], port: ['143'], allow_nets: ['::1'], rnsMSDovecotMaster: ['alice'] },
    passdb({ allow_nets: '::1' }),
    passdb({ allow_nets: '::1' }),
  ],
];

function userdb(fields: FieldValues): Partial<Made> {
  return { userdb: fields };
}

function passdb(fields: FieldValues): Partial<Made> {
  return { passdb: fields };
}

describe('the fields of an account for Dovecot', () => {
  for (const [attributes, dovecot23, dovecot24] of BY_DEFAULT) {
    it(`of ${JSON.stringify(attributes)} have the names and forms of each version`, () => {
      const none = { passdb: {}, userdb: {} };

      assert.deepEqual(make(attributes, 'dovecot23'), { ...none, ...dovecot23 });
      assert.deepEqual(make(attributes, 'dovecot24'), { ...none, ...dovecot24 });
    });
  }

  it('follow the rules of the configuration before those that are known, and instead of them', () => {
    const config = aDovecotConfig({
      attributes: {
        mailHost: { fields: ['passdb.host', 'passdb.proxy=y', 'passdb.proxy_timeout=30'] },
        mailQuota: { form: 'quota', unit: 'MiB' },
        home: {},
        welcome: { fields: ['userdb.welcome/x'], dovecot24: ['userdb.welcome_24'] },
      },
    });
    const attributes = {
      mailHost: ['mx3'],
      mailQuota: ['1'],
      home: ['/x'],
      rnsMSQuota: ['5'],
      welcome: ['a=b'],
      host: ['z'],
    };
    const proxied = { host: 'mx3', proxy: 'y', proxy_timeout: '30' };

    assert.deepEqual(make(attributes, 'dovecot23', config), {
      passdb: proxied,
      userdb: { quota_rule: '*:bytes=1048576', 'welcome/x': 'a=b' },
    });
    assert.deepEqual(make(attributes, 'dovecot24', config), {
      passdb: proxied,
      userdb: { quota_storage_size: '1048576B', welcome_24: 'a=b' },
    });
  });

  it('can be all other attributes too, but never another user', () => {
    const config = aDovecotConfig({ other_attributes: 'userdb', master_attribute: 'isMaster' });
    const attributes = { sieve: ['~/x'], 'not a name': ['x'], user: ['mallory'], empty: [''], isMaster: ['FALSE'] };

    assert.deepEqual(make(attributes, 'dovecot24', config), { passdb: {}, userdb: { sieve: '~/x' } });
  });

  it('have the proxy master where a login is sent on, and nowhere else', () => {
    const proxyMaster = { user: 'proxy', password: Secret.fromText('pr0xy') };
    const config: DovecotConfig = { ...aDovecotConfig(), proxyMaster };

    assert.deepEqual(make({ 'Proxy-Host': ['mx2'] }, 'dovecot23', config).passdb, {
      host: 'mx2',
      proxy_maybe: 'y',
      master: 'proxy',
      pass: 'pr0xy',
    });
    assert.deepEqual(make({ home: ['/x'] }, 'dovecot23', config).passdb, {});
    assert.deepEqual(make({ 'Proxy-Host': ['mx2'], rnsMSDovecotMaster: ['a'] }, 'dovecot23', config).passdb, {});
  });

  it('are none where one attribute cannot be understood; what is said of it holds no value', () => {
    assert.equal(refuse({ rnsMSQuota: ['lots'] }), 'attribute rnsMSQuota is no size that a quota can have');
    assert.equal(refuse({ home: ['/a\tb'] }), 'attribute home holds a control character');
    assert.equal(refuse({ proxy: ['perhaps'] }), 'attribute proxy is neither TRUE nor FALSE');
    assert.match(
      refuse({ mail: ['maildir:~/m:UTF-8'] }, 'dovecot24'),
      /^attribute mail is a mail location with a part/,
    );
    assert.equal(make({ mail: ['maildir:~/m:UTF-8'] }).userdb['mail'], 'maildir:~/m:UTF-8');
  });

  it('are none where they take more bytes than may be, counted as Dovecot passes them on', () => {
    // user=alice@example.test and userdb_home=…, each with what parts it from the next.
    const bytes = 4 + 18 + 2 + 7 + 4 + 2;
    const config = { ...aDovecotConfig(), fieldsLimit: bytes + 2 };

    assert.deepEqual(make({ home: ['ü'] }, 'dovecot23', config).userdb, { home: 'ü' });
    assert.equal(
      refuse({ home: ['üb'] }, 'dovecot23', config),
      `fields of ${bytes + 3} bytes are more than the ${bytes + 2} that Dovecot may be given`,
    );
  });
});
