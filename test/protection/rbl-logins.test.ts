import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Instance } from '../operating/support/instance.ts';
import { startFaultyDns } from './support/faulty-dns.ts';
import { lineOf } from './support/log-lines.ts';
import { startUnbound, type Unbound } from './support/unbound.ts';

let unbound: Unbound;
before(async () => {
  unbound = await startUnbound(['rbl.test'], {
    '66.2.0.192.rbl.test': ['127.0.0.2'],
    '67.2.0.192.rbl.test': ['127.0.0.2'],
    [`1.${'0.'.repeat(23)}8.b.d.0.1.0.0.2.rbl.test`]: ['127.0.0.4'],
  });
});
after(() => unbound[Symbol.asyncDispose]());

function settings(more: string, server = unbound.address): readonly string[] {
  const lists = '[{ name: spammers, zone: rbl.test., ipv6: true }]';
  return ['protection:', `  rbl: { servers: ['${server}'], lists: ${lists}, ${more} }`];
}

function logIn(instance: Instance, address: string, username = 'alice@example.test', password = 'alice-pw') {
  return instance.logIn({ username, password, address });
}

describe('logins out of listed addresses', () => {
  it('are refused as a wrong password is, and the log tells the lists', async () => {
    await using instance = await Instance.start(settings('mode: enforce'));

    assert.equal((await logIn(instance, '192.0.2.1')).status, 200);
    const wrong = await logIn(instance, '192.0.2.1', 'bob@example.test', 'wrong');
    for (const address of ['192.0.2.66', '2001:db8::1']) {
      const refused = await logIn(instance, address, 'bob@example.test', 'bob-pw');
      assert.deepEqual([refused.status, refused.body], [wrong.status, wrong.body], address);
    }
    const line = await lineOf(instance, ({ client_ip }) => client_ip === '192.0.2.66');
    const { reason, rule, rule_effect, rule_count, rule_limit, rule_detail } = line;
    assert.deepEqual([reason, rule, rule_effect], ['blocked', 'rbl', 'refused']);
    assert.deepEqual([rule_count, rule_limit, rule_detail], [1, 1, 'spammers']);
    const explained = JSON.stringify((await instance.ask('GET', `/api/v1/explain/${String(line['session'])}`)).body);
    assert.match(explained, /"decided_by":"check-address-lists".*lists of addresses have the address \(spammers\)/);
    const metrics = await instance.app.metrics.render();
    assert.match(metrics, /nauthilus_rule_findings_total\{rule="rbl",effect="refused"\} 2/);
    assert.match(metrics, /nauthilus_address_list_answers_total\{list="spammers",answer="listed"\} 2/);
  });

  it('are let in where the account has logged in from the same network before', async () => {
    await using instance = await Instance.start(settings('mode: enforce'));

    assert.equal((await logIn(instance, '192.0.2.66')).status, 403);
    assert.equal((await logIn(instance, '192.0.2.1')).status, 200);
    assert.equal((await logIn(instance, '192.0.2.66')).status, 200);
    assert.equal((await logIn(instance, '192.0.2.66', 'bob@example.test', 'bob-pw')).status, 403);
  });

  it('are only told of by a rule that observes, and not asked about out of allowed networks', async () => {
    await using observing = await Instance.start(settings('mode: observe, allow_networks: [192.0.2.67]'));

    assert.equal((await logIn(observing, '192.0.2.66')).status, 200);
    assert.equal((await logIn(observing, '192.0.2.67', 'bob@example.test', 'bob-pw')).status, 200);
    const metrics = await observing.app.metrics.render();
    assert.match(metrics, /nauthilus_rule_findings_total\{rule="rbl",effect="observed"\} 1/);
    assert.match(metrics, /nauthilus_address_lists_remembered 1/);
  });

  it('are judged by the rules of their accounts', async () => {
    const overrides = '  overrides: [{ name: robots, domains: ["*.test"], rbl: off }]';
    await using instance = await Instance.start([...settings('mode: enforce'), overrides]);

    assert.equal((await logIn(instance, '192.0.2.66')).status, 200);
  });
});

describe('a DNS that does not answer', () => {
  it('blocks nobody, and defers only where operators want that', async () => {
    await using silent = await startFaultyDns(() => 'silence');
    const more = 'mode: enforce, deadline: 200ms';
    await using calm = await Instance.start(settings(more, silent.address));
    assert.equal((await logIn(calm, '192.0.2.66')).status, 200);

    await using strict = await Instance.start(settings(`${more}, on_failure: defer`, silent.address));
    assert.equal((await logIn(strict, '192.0.2.66')).status, 500);
    const line = await lineOf(strict, ({ outcome }) => outcome === 'defer');
    assert.deepEqual([line['reason'], line['detail']], ['lists-unavailable', 'no answer of spammers']);
  });
});
