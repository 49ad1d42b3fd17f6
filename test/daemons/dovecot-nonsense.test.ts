import assert from 'node:assert/strict';
import type { OutgoingHttpHeaders } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { type Dovecot, startDovecot } from './dovecot.ts';
import { DOVECOT_VERSIONS, type DovecotVersion } from './dovecot-host.ts';
import { ImapClient } from './mail/imap-client.ts';
import { type ScriptedService, type Script, startScriptedService } from './scripted-service.ts';

const USER = 'alice@example.test';
/** What a login comes to: for the client, and in Dovecot's log; doveadm user ends with 67 for no user, 75 for a temporary failure. */
const OUTCOMES = {
  ok: { client: /^OK/, log: 'login accepted: ', lookup: 0 },
  mismatch: { client: /^NO \[AUTHENTICATIONFAILED\]/, log: 'login refused (mismatch): ', lookup: 67 },
  unknown: { client: /^NO \[AUTHENTICATIONFAILED\]/, log: 'login refused (unknown): ', lookup: 67 },
  disabled: { client: /^NO \[AUTHENTICATIONFAILED\]/, log: 'user disabled', lookup: 67 },
  expired: { client: /^NO \[EXPIRED\]/, log: 'password expired', lookup: 75 },
  'temporary failure': { client: /^NO \[UNAVAILABLE\]/, log: 'login not decided, ', lookup: 75 },
} as const;

/** What `doveadm auth test` says of a login. */
const TOLD = {
  ok: { exitCodes: { '2.3': 0, '2.4': 0 }, says: /auth succeeded/ },
  mismatch: { exitCodes: { '2.3': 77, '2.4': 77 }, says: /auth failed(?![^]*code=)/ },
  unknown: { exitCodes: { '2.3': 77, '2.4': 77 }, says: /auth failed(?![^]*code=)/ },
  disabled: { exitCodes: { '2.3': 77, '2.4': 77 }, says: /^\s*code=user_disabled$/m },
  expired: {
    exitCodes: { '2.3': 77, '2.4': 77 },
    says: /^\s*code=pass_expired$[^]*^\s*reason=Password expired$|^\s*reason=Password expired$[^]*^\s*code=pass_expired$/m,
  },
  'temporary failure': { exitCodes: { '2.3': 77, '2.4': 75 }, says: /^\s*code=temp_fail$/m },
} as const;

const answer =
  (status: number, body: string, headers: OutgoingHttpHeaders = {}): Script =>
  (response) =>
    response.writeHead(status, headers).end(body);
const accepted = (userdb: unknown, passdb: unknown = {}): Script =>
  answer(200, JSON.stringify({ ok: true, attributes: {}, dovecot: { passdb, userdb } }));
const refused = (dovecot: unknown, headers?: OutgoingHttpHeaders): Script =>
  answer(403, JSON.stringify({ ok: false, dovecot }), headers);

const ANSWERS: readonly (readonly [what: string, outcome: keyof typeof OUTCOMES, script: Script])[] = [
  ['an account', 'ok', accepted({}, { user: USER })],
  ['an account without a name', 'ok', accepted({})],
  [
    'fields of its own',
    'ok',
    accepted({ quota_rule: '*:storage=1G', 'no such_field': '' }, { user: USER, nodelay: 'y' }),
  ],
  ['a delay', 'ok', accepted({}, { user: USER, delay_until: String(Math.floor(Date.now() / 1000) - 5) })],
  ['a network that the client is in', 'ok', accepted({}, { user: USER, allow_nets: '192.0.2.0/24,127.0.0.0/8' })],
  ['that the password is wrong', 'mismatch', refused({ result: 'mismatch' })],
  ['that there is no such user', 'unknown', refused({ result: 'unknown' })],
  ['that the account is disabled', 'disabled', refused({ result: 'disabled', reason: 'Account not enabled' })],
  ['that the password has expired', 'expired', refused({ result: 'expired', reason: 'Password expired' })],
  ['that it cannot tell now', 'temporary failure', answer(500, '{"ok":false,"dovecot":{"result":"tempfail"}}')],
  ['a refusal without a body', 'temporary failure', answer(403, '')],
  ['a refusal in a page for people', 'temporary failure', answer(403, '<html>Forbidden</html>')],
  ['a refusal that does not say why', 'temporary failure', answer(403, '{"ok":false}', { 'Auth-Status': 'No' })],
  ['a refusal for a reason that nobody knows', 'temporary failure', refused({ result: 'because' })],
  ['a refusal that is a tempfail', 'temporary failure', refused({ result: 'tempfail' })],
  ['no fields', 'temporary failure', answer(200, '{"ok":true,"attributes":{}}')],
  ['fields that are null', 'temporary failure', accepted(null)],
  ['a field that is null', 'temporary failure', accepted({ mail: null })],
  ['a field that is true', 'temporary failure', accepted({ quota_rule: true })],
  ['a field that is a number', 'temporary failure', accepted({ uid: 5000 })],
  ['a field that is an object', 'temporary failure', accepted({ mail: { path: 'maildir:~/x' } })],
  ['a field with a line break', 'temporary failure', accepted({ mail: 'maildir:~/x\nnologin=y' })],
  ['a field with a NUL', 'temporary failure', accepted({ mail: 'maildir:~/x\0y' })],
  ['a field without a name', 'temporary failure', accepted({ '': 'x' })],
  ['a field of a list', 'temporary failure', accepted(['x'])],
  ['more fields than Dovecot can take', 'temporary failure', accepted({ acl_groups: 'g'.repeat(9000) })],
  ['fields that are a text', 'temporary failure', accepted('none')],
  ['an account whose name is a number', 'temporary failure', accepted({}, { user: 7 })],
  ['an account whose name is empty', 'temporary failure', accepted({}, { user: '' })],
  ['a body that says no', 'temporary failure', answer(200, '{"ok":false,"dovecot":{"passdb":{},"userdb":{}}}')],
  ['a body that says nothing', 'temporary failure', answer(200, '{}')],
  ['an empty body', 'temporary failure', answer(200, '')],
  ['half a body', 'temporary failure', answer(200, '{"ok":true,')],
  ['null', 'temporary failure', answer(200, 'null')],
  ['an array', 'temporary failure', answer(200, '[true]')],
  ['a page for people', 'temporary failure', answer(200, '<html>Welcome</html>', { 'Content-Type': 'text/html' })],
  ['a body with too deep nesting', 'temporary failure', answer(200, '['.repeat(5000))],
  ['nothing (204)', 'temporary failure', answer(204, '')],
  ['a redirect', 'temporary failure', answer(302, '', { Location: '/elsewhere', 'Auth-Status': 'OK' })],
  ['that the request is bad', 'temporary failure', answer(400, '{"error":"username"}')],
  ['that the caller is unknown', 'temporary failure', answer(401, '', { 'WWW-Authenticate': 'Basic' })],
  ['that there is nothing', 'temporary failure', answer(404, '')],
  ['that there are too many requests', 'temporary failure', answer(429, '', { 'Retry-After': '1' })],
  ['that it is overloaded', 'temporary failure', answer(503, '')],
  ['a reset', 'temporary failure', (response) => response.socket?.resetAndDestroy()],
  [
    'the end of the connection in mid-answer',
    'temporary failure',
    (response) => {
      response.writeHead(200, { 'Content-Length': '1000' }).write('{"ok":true,');
      setTimeout(() => response.destroy(), 20);
    },
  ],
  ['nothing, ever', 'temporary failure', () => undefined],
];

describe('a Dovecot', { concurrency: DOVECOT_VERSIONS.length }, () => {
  for (const version of DOVECOT_VERSIONS)
    describe(`${version} whose service answers with`, { concurrency: 1 }, () => take(version));
});

function nameOf(i: number): string {
  return `case${i}@example.test`;
}

const answerByName: Script = (response, request, body) => {
  const i = Number(/case(\d+)@/.exec(body)?.[1]);
  ANSWERS[i]?.[2](response, request, body);
};

function take(version: DovecotVersion): void {
  let service: ScriptedService;
  let dovecot: Dovecot;
  before(async () => {
    service = await startScriptedService();
    dovecot = await startDovecot({
      version,
      url: service.url,
      secret: 'dovecot:secret',
      protocols: ['imap'],
      settings: 'timeout = 2000, list_timeout = 2000',
    });
  });
  after(async () => {
    await dovecot?.[Symbol.asyncDispose]();
    await service?.[Symbol.asyncDispose]();
  });

  describe('for an account', { concurrency: 4 }, () => {
    before(() => service.setScript(answerByName));
    for (const [i, [what, outcome]] of ANSWERS.entries()) {
      it(`${what}: ${outcome}`, async () => {
        const user = nameOf(i);
        const client = await ImapClient.open(dovecot.ports.imap);

        const { text } = await client.login(user, 'x');
        const { exitCode } = await dovecot.doveadm('user', user);

        client.close();
        assert.match(text, OUTCOMES[outcome].client);
        await dovecot.logged(new RegExp(`${RegExp.escape(OUTCOMES[outcome].log)}.*user=<${RegExp.escape(user)}>`));
        assert.equal(exitCode, OUTCOMES[outcome].lookup);
      });
    }
  });

  it('a refusal: doveadm tells which', async () => {
    service.setScript(answerByName);
    for (const [outcome, told] of Object.entries(TOLD)) {
      const user = nameOf(ANSWERS.findIndex(([, one]) => one === outcome));

      const { exitCode, stdout, stderr } = await dovecot.doveadm('auth', 'test', user, 'x');

      assert.equal(exitCode, told.exitCodes[version], `${outcome}: ${stdout}${stderr}`);
      assert.match(stdout + stderr, told.says, outcome);
    }
  });

  it('words for the mail user: they reach him', async () => {
    service.setScript(accepted({}, { user: USER, nologin: 'y', reason: 'Moved to mail.example.net' }));
    const client = await ImapClient.open(dovecot.ports.imap);

    const { text } = await client.login(USER, 'x');

    client.close();
    assert.equal(text.replace(/ \[[^\]]*\]$/, ''), 'NO [CONTACTADMIN] Moved to mail.example.net');
  });

  it('a reset: the login is tried twice at most', async () => {
    service.setScript((response) => response.socket?.resetAndDestroy());
    const client = await ImapClient.open(dovecot.ports.imap);

    await client.login(USER, 'x');

    client.close();
    assert.equal(service.requests.length, 2);
  });

  it('a redirect: the password goes nowhere else', async () => {
    service.setScript(answer(307, '', { Location: '/elsewhere' }));
    const client = await ImapClient.open(dovecot.ports.imap);

    await client.login(USER, 'x');

    client.close();
    assert.deepEqual(
      service.requests.map((request) => request.url),
      [`/api/v1/auth/json?fields=dovecot${version.replace('.', '')}`],
    );
  });

  for (const [what, script] of [
    ['a failure', answer(500, '')],
    ['no JSON', answer(200, 'alice@example.test')],
    ['null', answer(200, 'null')],
    ['an object', answer(200, '{"accounts":["alice@example.test"]}')],
    ['an empty object', answer(200, '{}')],
    ['half an array', answer(200, '["alice@example.test",')],
    ['what is no name', answer(200, '["alice@example.test",7]')],
    ['a refusal', answer(403, '')],
    ['a reset', (response) => response.socket?.resetAndDestroy()],
  ] as const satisfies readonly (readonly [string, Script])[]) {
    it(`${what} instead of a list: doveadm fails, and lists nobody`, async () => {
      service.setScript(script);

      const { exitCode, stdout } = await dovecot.doveadm('user', '*');

      assert.notEqual(exitCode, 0);
      assert.equal(stdout, '');
    });
  }

  it('an empty list: doveadm lists nobody, and does not fail', async () => {
    service.setScript(answer(200, '[]'));

    const { exitCode, stdout } = await dovecot.doveadm('user', '*');

    assert.equal(exitCode, 0);
    assert.equal(stdout, '');
  });

  it('nonsense: no error of the script, panic or fatal line is left in the log', async () => {
    assert.doesNotMatch(await dovecot.log(), /attempt to |bad argument|Panic:|Fatal:/);
  });
}
