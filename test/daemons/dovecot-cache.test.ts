import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { type Dovecot, startDovecot } from './dovecot.ts';
import { DOVECOT_VERSIONS, type DovecotVersion } from './dovecot-host.ts';
import { ImapClient } from './mail/imap-client.ts';
import { pop3Login } from './mail/pop3-client.ts';
import { type Script, type ScriptedService, startScriptedService } from './scripted-service.ts';

describe('the auth cache', { concurrency: DOVECOT_VERSIONS.length }, () => {
  for (const version of DOVECOT_VERSIONS)
    describe(`of a Dovecot ${version}, switched on`, { concurrency: 1 }, () => useCache(version));
  describe('of a Dovecot 2.3, switched on without a key of its own', () => {
    it('makes no password right by a lookup that knows none', async () => {
      await using service = await startScriptedService();
      service.setScript(knowing('right'));
      await using dovecot = await startDovecot({
        version: '2.3',
        url: service.url,
        secret: 'dovecot:secret',
        protocols: ['imap'],
        lines: ['auth_cache_size = 1M'],
      });
      const { exitCode } = await dovecot.doveadm('auth', 'lookup', 'alice@example.test');
      const client = await ImapClient.open(dovecot.ports.imap);
      const wrong = await client.login('alice@example.test', 'wrong');
      client.close();

      assert.equal(exitCode, 0);
      assert.equal(wrong.isOk, false);
    });
  });
});

function useCache(version: DovecotVersion): void {
  let service: ScriptedService;
  let dovecot: Dovecot;
  let count = 0;
  let user = '';
  before(async () => {
    service = await startScriptedService();
    dovecot = await startDovecot({
      version,
      url: service.url,
      secret: 'dovecot:secret',
      protocols: ['imap', 'pop3'],
      // What the guide says for 2.3; 2.4 asks the script.
      cacheKey: '%u%s%r%{real_rip}%c%k%m%w',
      lines: ['auth_cache_size = 1M'],
    });
  });
  after(async () => {
    await dovecot?.[Symbol.asyncDispose]();
    await service?.[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    user = `user${++count}@example.test`;
    service.setScript(knowing('right'));
  });

  async function login(password: string, from?: string): Promise<boolean> {
    const client = await ImapClient.open(dovecot.ports.imap, undefined, from);
    const { isOk } = await client.login(user, password);
    client.close();
    return isOk;
  }

  it('spares the second question about the same login', async () => {
    const first = await login('right');
    const second = await login('right');

    assert.deepEqual([first, second], [true, true]);
    assert.equal(service.requests.length, 1);
  });

  it('answers no login from another address or over another protocol', async () => {
    await login('right');
    await login('right', '127.0.0.2');
    await pop3Login(dovecot.ports.pop3, { user, password: 'right' });

    assert.equal(service.requests.length, 3);
  });

  it('lets nobody in with another password, and asks about each', async () => {
    await login('right');
    const wrong = await login('wrong');
    const wrongAgain = await login('wrong');

    assert.deepEqual([wrong, wrongAgain], [false, false]);
    assert.equal(service.requests.length, 3);
  });

  it('lets in with a new password, also after a wrong one', async () => {
    await login('right');
    service.setScript(knowing('new'));
    const wrong = await login('wrong');
    const changed = await login('new');

    assert.deepEqual([wrong, changed], [false, true]);
  });

  it('makes no password right by a lookup that knows none', async () => {
    const { exitCode } = await dovecot.doveadm('auth', 'lookup', '-x', 'service=imap', '-x', 'rip=127.0.0.1', user);
    const wrong = await login('wrong');

    assert.equal(exitCode, 0);
    assert.equal(wrong, false);
  });

  it('keeps nothing of a disabled account or a temporary failure', async () => {
    service.setScript(refusing('disabled'));
    const disabled = await login('right');
    service.setScript((response) => response.writeHead(500).end());
    const failed = await login('right');
    service.setScript(knowing('right'));
    const later = await login('right');

    assert.deepEqual([disabled, failed, later], [false, false, true]);
  });
}

const refusing =
  (result: string): Script =>
  (response) =>
    response.writeHead(403).end(JSON.stringify({ ok: false, dovecot: { result } }));

const knowing =
  (password: string): Script =>
  (response, request, body) => {
    const isRight = request.url?.includes('mode=no-auth') || body.includes(`"password":"${password}"`);
    if (isRight) response.end('{"ok":true,"dovecot":{"passdb":{},"userdb":{}}}');
    else refusing('mismatch')(response, request, body);
  };
