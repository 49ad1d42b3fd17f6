import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Instance } from '../operating/support/instance.ts';

const SETTINGS = [
  'protection:',
  '  tls: { mode: enforce }',
  '  shared_addresses: { accounts: 0 }',
  '  accounts: { from_new_networks: 50 }',
  '  networks: [{ name: address, window: 10m, limit: 3, block: 15m, longest_block: 1d, ipv4_prefix: 32 }]',
  '  overrides:',
  '    - { name: scanner, accounts: [bob@example.test], tls: off, exempt_from_network_rules: true }',
];

function logIn(instance: Instance, [username, password]: readonly [string, string], address: string, ssl = 'yes') {
  const body = { username, password, protocol: 'imap', client_ip: address, ssl };
  return instance.ask('POST', '/api/v1/auth/json', body, 'mx');
}

describe('other rules for some accounts', () => {
  it('let one account log in without TLS, and nobody else', async () => {
    await using instance = await Instance.start(SETTINGS);

    assert.equal((await logIn(instance, ['bob@example.test', 'bob-pw'], '192.0.2.1', '')).status, 200);
    assert.equal((await logIn(instance, ['alice@example.test', 'alice-pw'], '192.0.2.1', '')).status, 403);
  });

  it('let one account in from a network that is blocked, and count none of its guesses there', async () => {
    await using instance = await Instance.start(SETTINGS);
    for (let i = 0; i < 6; i += 1) await logIn(instance, ['bob@example.test', `wrong ${i}`], '192.0.2.1');
    assert.equal((await logIn(instance, ['alice@example.test', 'alice-pw'], '192.0.2.1')).status, 200);

    for (let i = 0; i < 6; i += 1) await logIn(instance, [`nobody${i}@example.test`, 'wrong'], '192.0.2.9');
    assert.equal((await logIn(instance, ['alice2@example.test', 'x'], '192.0.2.9')).status, 403);
    const asked = { client_ip: '192.0.2.9', ssl: true };
    const others = await instance.ask('POST', '/api/v1/explain', { ...asked, username: 'carol@example.test' });
    assert.match(JSON.stringify(others.body), /"rule":"address"/);
    assert.equal((await logIn(instance, ['bob@example.test', 'bob-pw'], '192.0.2.9')).status, 200);
    const explained = await instance.ask('POST', '/api/v1/explain', { ...asked, username: 'bob@example.test' });
    assert.match(JSON.stringify(explained.body), /the entry scanner of protection\.overrides/);
    assert.doesNotMatch(JSON.stringify(explained.body), /"rule":"address"/);
  });
});
