import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Instance } from '../../operating/support/instance.ts';

const DOOR = '/api/v1/auth/wforce';
const SETTINGS = ['wforce: { message: Try again later }', 'protection: { exempt_networks: [192.0.2.99] }'];

let service: Instance;
before(async () => {
  service = await Instance.start(SETTINGS);
});
after(() => service[Symbol.asyncDispose]());

function tell(command: string, tuple: object, by = 'dovecot', path = DOOR) {
  return service.ask('POST', `${path}?command=${command}`, { login: 'alice@example.test', ...tuple }, by);
}

async function fail(count: number, remote: string, more: object = {}): Promise<void> {
  for (let i = 0; i < count; i += 1)
    await tell('report', { remote, pwhash: `${i}`, success: false, policy_reject: false, ...more });
}

async function mayTry(remote: string, login = 'somebody@example.test'): Promise<object> {
  const { status, body } = await tell('allow', { remote, pwhash: 'another', login });
  assert.equal(status, 200);
  return body;
}

const OPEN = { status: 0, msg: '', r_attrs: {} };
const KEPT_OUT = { status: -1, msg: 'Try again later', r_attrs: {} };

describe('the door of weakforced’s API', () => {
  it('answers at both of its paths', async () => {
    for (const path of ['/', DOOR]) {
      assert.deepEqual((await tell('allow', { remote: '192.0.2.1' }, 'dovecot', path)).body, OPEN);
      assert.deepEqual((await tell('report', { remote: '192.0.2.1', success: true }, 'dovecot', path)).body, {
        status: 'ok',
      });
      assert.deepEqual((await service.ask('GET', `${path}?command=ping`, undefined, 'dovecot')).body, { status: 'ok' });
    }
  });

  it('takes the caller’s credential in X-API-Key, too', async () => {
    const key = Buffer.from('dovecot:dovecot').toString('base64');
    const ping = (headers: Record<string, string>) => fetch(`${service.app.urls[0]}/?command=ping`, { headers });

    assert.equal((await ping({ 'X-API-Key': key })).status, 200);
    assert.equal((await ping({ 'X-API-Key': 'nonsense!' })).status, 401);
    assert.equal((await ping({ 'X-API-Key': Buffer.from('dovecot:x').toString('base64') })).status, 401);
    assert.equal((await ping({})).status, 401);
  });

  it('takes it with questions, too', async () => {
    const key = Buffer.from('dovecot:dovecot').toString('base64');
    for (const [command, expected] of [
      ['allow', OPEN],
      ['report', { status: 'ok' }],
    ] as const) {
      const ask = (headers: Record<string, string>) =>
        fetch(`${service.app.urls[0]}/?command=${command}`, {
          method: 'POST',
          headers: { ...headers, 'Content-Type': 'application/json' },
          body: JSON.stringify({ login: 'alice@example.test', remote: '192.0.2.1', success: true }),
        });

      const answer = await ask({ 'X-API-Key': key });
      assert.equal(answer.status, 200, command);
      assert.deepEqual(await answer.json(), expected);
      assert.equal((await ask({ 'X-API-Key': Buffer.from('dovecot:x').toString('base64') })).status, 401);
      assert.equal((await ask({ Authorization: 'Basic eDp5', 'X-API-Key': key })).status, 401);
    }
  });

  it('keeps out who has failed too often, with the message that is set, and nobody else', async () => {
    for (let i = 0; i < 20; i += 1) await fail(1, '192.0.2.2', { login: `user${i}@example.test` });

    assert.deepEqual(await mayTry('192.0.2.2'), KEPT_OUT);
    assert.deepEqual(await mayTry('192.0.2.3'), OPEN);
  });

  it('does not count what it has kept out itself, what was an outage, and what comes from exempt networks', async () => {
    await fail(25, '192.0.2.20', { policy_reject: true });
    await fail(25, '192.0.2.20', { fail_type: 'internal' });
    await fail(25, '192.0.2.20', { fail_type: '', mechanism: 'plain' });
    await fail(25, '192.0.2.20', { fail_type: 'policy' });
    await fail(25, '192.0.2.99');

    assert.deepEqual(await mayTry('192.0.2.20'), OPEN);
    assert.deepEqual(await mayTry('192.0.2.99'), OPEN);
  });

  it('counts each failure where the password was not seen, and one password once where it was', async () => {
    const same = { pwhash: 'the same', login: 'carol@example.test' };
    await fail(25, '192.0.2.30', { ...same, mechanism: 'PLAIN' });
    assert.deepEqual(await mayTry('192.0.2.30'), OPEN);
    await fail(25, '192.0.2.30', { ...same, mechanism: 'SCRAM-SHA-256', fail_type: '' });
    assert.deepEqual(await mayTry('192.0.2.30'), KEPT_OUT);
  });

  it('tells to wait where several passwords have failed', async () => {
    await fail(6, '192.0.2.40', { login: 'bob@example.test', fail_type: 'credentials' });

    const { status } = (await mayTry('192.0.2.41', 'bob@example.test')) as { status: number };
    assert.ok(status > 0 && status <= 10, `${status} s`);
  });

  for (const [what, method, path, body, status, reason] of [
    ['no command', 'POST', DOOR, {}, 404, /without a command/],
    ['an unknown command', 'POST', `${DOOR}?command=syncDBs`, {}, 404, /no command "syncDBs"/],
    ['two commands', 'POST', `${DOOR}?command=allow&command=report`, {}, 400, /given twice/],
    ['another method', 'GET', `${DOOR}?command=allow`, undefined, 405, /sent by POST/],
    ['no login', 'POST', `${DOOR}?command=allow`, { remote: '::1' }, 400, /login: is required/],
    ['no address', 'POST', `${DOOR}?command=allow`, { login: 'a', remote: 'x' }, 400, /remote: must be an/],
    ['a login that is no text', 'POST', `${DOOR}?command=allow`, { login: 1 }, 400, /login: must be text/],
    ['a flag that is none', 'POST', `${DOOR}?command=report`, { login: 'a', success: 'yes' }, 400, /true or false/],
  ] as const) {
    it(`refuses ${what} in weakforced’s form`, async () => {
      const answer = await service.ask(method, path, body, 'dovecot');
      const told = answer.body as { status?: string; reason?: string };

      assert.deepEqual([answer.status, told.status], [status, 'failure']);
      assert.match(told.reason ?? '', reason);
    });
  }

  it('serves callers with its own scope only, and orders those of operators', async () => {
    for (const [command, by] of [
      ['allow', 'mx'],
      ['report', 'ops'],
      ['reset', 'dovecot'],
      ['addBLEntry', 'mx'],
    ] as const) {
      const { status, body } = await tell(command, { remote: '192.0.2.1' }, by);
      assert.deepEqual([status, (body as { status?: string }).status], [401, 'failure'], `${command} by ${by}`);
    }
  });
});

describe('orders by weakforced’s API', () => {
  const order = (command: string, body?: object) =>
    service.ask(body === undefined ? 'GET' : 'POST', `/?command=${command}`, body, 'ops');
  const listed = async () => (await order('getBL')).body['bl_entries'] as unknown as readonly Record<string, string>[];

  it('block and let in again, as our own do', async () => {
    assert.equal((await order('addBLEntry', { ip: '198.51.100.1', expire_secs: 3600, reason: 'a test' })).status, 200);
    assert.equal((await order('addBLEntry', { netmask: '203.0.113.0/24' })).status, 200);
    assert.equal((await order('addBLEntry', { login: 'dave@example.test', expire_secs: 60 })).status, 200);

    assert.deepEqual(await mayTry('198.51.100.1'), KEPT_OUT);
    assert.deepEqual(await mayTry('203.0.113.77'), KEPT_OUT);
    assert.deepEqual(await mayTry('198.51.100.2', 'dave@example.test'), KEPT_OUT);
    const whose = (await listed()).map(({ ip, netmask, login }) => ip ?? netmask ?? login);
    for (const one of ['198.51.100.1', '203.0.113.0/24', 'dave@example.test']) assert.ok(whose.includes(one), one);

    await order('delBLEntry', { ip: '198.51.100.1' });
    await order('delBLEntry', { netmask: '203.0.113.0/24' });
    await order('delBLEntry', { login: 'dave@example.test' });
    assert.deepEqual(await mayTry('198.51.100.1'), OPEN);
    assert.deepEqual(await mayTry('203.0.113.77'), OPEN);
    assert.deepEqual(await mayTry('198.51.100.2', 'dave@example.test'), OPEN);
  });

  it('forget what was counted of an address', async () => {
    for (let i = 0; i < 21; i += 1) await fail(1, '198.51.100.50', { login: `other${i}@example.test` });
    assert.deepEqual(await mayTry('198.51.100.50'), KEPT_OUT);

    assert.deepEqual((await order('reset', { ip: '198.51.100.50' })).body, { status: 'ok' });

    assert.deepEqual(await mayTry('198.51.100.50'), OPEN);
  });

  it('need somebody whom they are about', async () => {
    for (const [command, body] of [
      ['reset', {}],
      ['addBLEntry', { reason: 'x' }],
      ['addBLEntry', { ip: '192.0.2.1', login: 'a' }],
      ['addBLEntry', { ip: '192.0.2.1', netmask: '192.0.2.0/24' }],
      ['addBLEntry', { netmask: '192.0.2.0/23' }],
      ['addBLEntry', { ip: '192.0.2.1', expire_secs: -1 }],
      ['delBLEntry', { ip: 'nonsense' }],
    ] as const)
      assert.equal((await order(command, body)).status, 400, `${command} ${JSON.stringify(body)}`);
  });
});
