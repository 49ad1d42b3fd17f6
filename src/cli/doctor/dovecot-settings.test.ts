import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DovecotSettings } from './dovecot-settings.ts';

const PRINTED_23 = `# 2.3.19.1 (9b53102964): /etc/dovecot/dovecot.conf
# Pigeonhole version 0.5.19 (4eae2f79)
auth_cache_size = 10 M
auth_username_format = %Lu
auth_worker_max_count = 30
default_internal_user = dovecot
passdb {
  args = /etc/dovecot/master-users
  driver = passwd-file
  master = yes
}
passdb {
  args = "file=/etc/dovecot/nauthilus.lua blocking=no cache_key=%u%s%r"
  driver = lua
}
service auth {
  unix_listener auth-client {
    mode = 0600
    user = $default_internal_user
  }
  user = $default_internal_user
}
ssl_client_ca_file = /etc/dovecot/nauthilus-ca.pem
userdb {
  driver = prefetch
}
userdb {
  args = file=/etc/dovecot/nauthilus.lua blocking=yes
  driver = lua
}
`;

const PRINTED_24 = `# 2.4.1-4 (7d8c0e5759): /etc/dovecot/dovecot.conf
# 4 default setting changes since version 2.4.0
dovecot_config_version = 2.4.0
auth_cache_size = 0
ssl_client_ca_file = 
passdb masters {
  driver = passwd-file
  master = yes
}
passdb lua {
  lua_file = /etc/dovecot/nauthilus.lua
  lua_settings {
    url = https://auth.example.test:9443/api/v1/auth/json
  }
  use_worker = no
}
userdb prefetch {
}
userdb lua {
  lua_file = /etc/dovecot/nauthilus.lua
}
ssl_client {
  ca_file = /etc/dovecot/nauthilus-ca.pem
}
service auth-worker {
  process_limit = 60
}
`;

describe('settings that doveconf printed', () => {
  for (const [generation, printed] of [
    ['2.3', PRINTED_23],
    ['2.4', PRINTED_24],
  ] as const)
    it(`are read in the form of ${generation}`, () => {
      const dovecot = new DovecotSettings(printed);

      const [master, lua] = dovecot.databases('passdb');
      assert.equal(dovecot.generation, generation);
      assert.equal(dovecot.get('ssl_client_ca_file'), '/etc/dovecot/nauthilus-ca.pem');
      assert.equal(dovecot.authUser, 'dovecot');
      assert.equal(dovecot.workerUser, 'root');
      assert.equal(dovecot.isAboveZero('auth_cache_size'), generation === '2.3');
      assert.deepEqual([master?.driver, master?.isMaster], ['passwd-file', true]);
      assert.deepEqual([lua?.driver, lua?.isMaster, lua?.usesWorkers], ['lua', false, false]);
      assert.equal(lua?.script, '/etc/dovecot/nauthilus.lua');
      assert.deepEqual(
        dovecot.databases('userdb').map(({ driver, usesWorkers }) => [driver, usesWorkers]),
        [
          ['prefetch', true],
          ['lua', true],
        ],
      );
    });

  it('tell the cache key of 2.3 and the settings of 2.4 that stand at the passdb', () => {
    assert.equal(new DovecotSettings(PRINTED_23).databases('passdb')[1]?.cacheKey, '%u%s%r');
    assert.deepEqual(
      [...(new DovecotSettings(PRINTED_24).databases('passdb')[1]?.luaSettings ?? [])],
      [['url', 'https://auth.example.test:9443/api/v1/auth/json']],
    );
    assert.equal(new DovecotSettings(PRINTED_24).ofService('auth-worker', 'process_limit'), '60');
  });

  it('tell older versions from newer ones', () => {
    const dovecot = new DovecotSettings(PRINTED_23);

    assert.ok(dovecot.isBefore(2, 3, 20) && dovecot.isBefore(2, 4));
    assert.ok(!dovecot.isBefore(2, 3, 19) && !dovecot.isBefore(2, 3, 9));
  });

  it('are empty where doveconf printed none', () => {
    assert.equal(new DovecotSettings('').versionText, '');
    assert.deepEqual(new DovecotSettings('}\n}\npassdb {').databases('userdb'), []);
  });
});
