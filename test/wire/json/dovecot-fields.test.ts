import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { aDovecotConfig } from '../../support/dovecot-settings.ts';
import { MemoryBackend } from '../../support/memory-backend.ts';
import { ask, assertAuthHeaders, login } from '../support/requests.ts';
import { ALICE, type Service, startService } from '../support/service.ts';

const LARGE = { name: 'large@example.test', password: 'pw', attributes: { home: [`/${'x'.repeat(7200)}`] } };
const NEARLY = { name: 'nearly@example.test', password: 'pw', attributes: { home: [`/${'x'.repeat(7000)}`] } };
const BOB = { name: 'bob@example.test', password: 'bob-pw', isDisabled: true };
const FRANK = {
  name: 'frank@example.test',
  password: 'frank-pw',
  attributes: { rnsMSQuota: ['1048576'], rnsMSMailPath: ['maildir:~/ü'], 'Proxy-Host': ['127.0.0.9'] },
};

describe('the JSON door that is asked for fields of Dovecot', () => {
  let service: Service;
  before(async () => {
    const backend = new MemoryBackend([ALICE, LARGE, NEARLY, BOB, FRANK]);
    service = await startService({ backends: [backend], dovecot: aDovecotConfig() });
  });
  after(() => service[Symbol.asyncDispose]());

  const asked = async (query: string, username: string, password: string) => {
    const answer = await ask(service.port, { query, body: login({ username, password }) });
    return { ...answer, json: JSON.parse(answer.body) as Readonly<Record<string, unknown>> };
  };

  it('says them in place of the attributes, in the words of each version', async () => {
    const plain = await asked('', FRANK.name, FRANK.password);
    const older = await asked('?fields=dovecot23', FRANK.name, FRANK.password);
    const newer = await asked('?fields=dovecot24', FRANK.name, FRANK.password);

    const passdb = { user: FRANK.name, host: '127.0.0.9', proxy_maybe: 'y' };
    assert.equal('dovecot' in plain.json, false);
    assert.deepEqual(older.json, {
      ok: true,
      dovecot: { passdb, userdb: { quota_rule: '*:bytes=1048576', mail: 'maildir:~/ü' } },
    });
    assert.deepEqual(newer.json, {
      ok: true,
      dovecot: { passdb, userdb: { quota_storage_size: '1048576B', mail_driver: 'maildir', mail_path: '~/ü' } },
    });
    assertAuthHeaders(older);
    assert.equal(older.headers['auth-user'], plain.headers['auth-user']);
    const attributesOf = ({ headers }: typeof plain) =>
      Object.keys(headers).filter((name) => /^x-nauthilus-(?!session|memory-cache)/.test(name));
    assert.equal(attributesOf(plain).length, 3);
    assert.deepEqual(attributesOf(older), []);
  });

  it('says them for look-ups, whatever the order of the parameters', async () => {
    for (const query of ['?mode=no-auth&fields=dovecot23', '?fields=dovecot23&x=1&mode=no-auth']) {
      const { status, json } = await asked(query, ALICE.name, '');

      assert.equal(status, 200);
      assert.deepEqual(json['dovecot'], { passdb: { user: ALICE.name }, userdb: { home: '/srv/mail/alice' } });
    }
  });

  it('tells Dovecot why a login is refused, where that is not for the mail user', async () => {
    const wrong = await asked('?fields=dovecot23', ALICE.name, 'wrong');
    const unknown = await asked('?fields=dovecot23', 'nobody@example.test', 'x');
    const disabled = await asked('?fields=dovecot24', BOB.name, BOB.password);

    assert.deepEqual([wrong.status, wrong.json['dovecot']], [403, { result: 'mismatch' }]);
    assert.deepEqual([unknown.status, unknown.json['dovecot']], [403, { result: 'unknown' }]);
    assert.deepEqual(
      [disabled.status, disabled.json['dovecot']],
      [403, { result: 'disabled', reason: 'Account not enabled' }],
    );
    assert.equal(wrong.headers['auth-status'], unknown.headers['auth-status']);
  });

  it('is a temporary failure where the fields are more than Dovecot can take, and the log says whose', async () => {
    const refused = await asked('?fields=dovecot23', LARGE.name, LARGE.password);
    const nearly = await asked('?fields=dovecot23', NEARLY.name, NEARLY.password);
    const plain = await asked('', LARGE.name, LARGE.password);

    assert.deepEqual([refused.status, refused.json['dovecot']], [500, { result: 'tempfail' }]);
    assert.equal(nearly.status, 200);
    assert.equal(plain.status, 200);
    const line = service.lines.find((record) => record['reason'] === 'undeliverable-fields');
    assert.match(JSON.stringify(line), /large@example\.test/);
    assert.match(JSON.stringify(line), /fields of 72\d\d bytes are more than the 7168/);
  });

  it('refuses other values, naming what is allowed', async () => {
    for (const query of [
      '?fields=dovecot',
      '?fields=',
      '?fields=DOVECOT23',
      '?fields=dovecot23&fields=dovecot23',
      '?mode=list-accounts&fields=x',
    ]) {
      const answer = await ask(service.port, { query, body: login() });

      assert.equal(answer.status, 400, query);
      assert.deepEqual(JSON.parse(answer.body), {
        error: 'fields: must be dovecot23 or dovecot24, or be left out',
        errors: [{ field: 'fields', message: 'fields: must be dovecot23 or dovecot24, or be left out' }],
      });
    }
  });
});
