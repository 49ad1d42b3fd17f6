import assert from 'node:assert/strict';
import type { OutgoingHttpHeaders } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { type Dovecot, startDovecot } from './dovecot.ts';
import { ImapClient } from './mail/imap-client.ts';
import { type ScriptedService, type Script, startScriptedService } from './scripted-service.ts';

const USER = 'alice@example.test';
const DECIDED = {
  accepted: /^OK/,
  refused: /^NO \[AUTHENTICATIONFAILED\]/,
  'unknown now': /^NO \[UNAVAILABLE\]/,
} as const;
// Exit codes of doveadm user: sysexits.h EX_NOUSER and EX_TEMPFAIL.
const LOOKUPS = { accepted: 0, refused: 67, 'unknown now': 75 } as const;

const answer =
  (status: number, body: string, headers: OutgoingHttpHeaders = {}): Script =>
  (response) =>
    response.writeHead(status, headers).end(body);
const accepted = (
  attributes: unknown,
  headers: OutgoingHttpHeaders = { 'Auth-Status': 'OK', 'Auth-User': USER },
): Script => answer(200, JSON.stringify({ ok: true, attributes }), headers);

const ANSWERS: readonly (readonly [what: string, decided: keyof typeof DECIDED, script: Script])[] = [
  ['no headers at all', 'accepted', accepted({}, {})],
  ['no attributes', 'accepted', answer(200, '{"ok":true}', { 'Auth-User': USER })],
  ['attributes that are null', 'accepted', accepted(null)],
  ['an attribute that is null', 'accepted', accepted({ quota_rule: null })],
  ['a value that is null', 'accepted', accepted({ quota_rule: [null] })],
  ['attributes without values', 'accepted', accepted({ quota_rule: [], mail: [''] })],
  ['a value that is no array', 'accepted', accepted({ quota_rule: '*:storage=1G' })],
  ['a number', 'accepted', accepted({ uid: [5000] })],
  ['attributes nobody knows', 'accepted', accepted({ 'no login': [{ deep: [true] }] })],
  ['a value that is true', 'unknown now', accepted({ quota_rule: [true] })],
  ['a value that is an object', 'unknown now', accepted({ mail: { path: 'maildir:~/x' } })],
  ['a value with a line break', 'unknown now', accepted({ mail: ['maildir:~/x\nnologin=y'] })],
  ['a value with a NUL', 'unknown now', accepted({ mail: ['maildir:~/x\0y'] })],
  ['more fields than Dovecot can take', 'unknown now', accepted({ acl_groups: ['g'.repeat(9000)] })],
  ['attributes that are a text', 'unknown now', accepted('none')],
  ['a body that says no', 'unknown now', answer(200, '{"ok":false}')],
  ['a body that says nothing', 'unknown now', answer(200, '{}')],
  ['an empty body', 'unknown now', answer(200, '')],
  ['half a body', 'unknown now', answer(200, '{"ok":true,')],
  ['null', 'unknown now', answer(200, 'null')],
  ['an array', 'unknown now', answer(200, '[true]')],
  ['a page for people', 'unknown now', answer(200, '<html>Welcome</html>', { 'Content-Type': 'text/html' })],
  ['a body with too deep nesting', 'unknown now', answer(200, '['.repeat(5000))],
  ['nothing (204)', 'unknown now', answer(204, '')],
  ['a redirect', 'unknown now', answer(302, '', { Location: '/elsewhere', 'Auth-Status': 'OK' })],
  ['that the request is bad', 'unknown now', answer(400, '{"error":"username"}')],
  ['that the caller is unknown', 'unknown now', answer(401, '', { 'WWW-Authenticate': 'Basic' })],
  ['that there is nothing', 'unknown now', answer(404, '')],
  ['that there are too many requests', 'unknown now', answer(429, '', { 'Retry-After': '1' })],
  ['a temporary failure', 'unknown now', answer(500, '{"ok":false}', { 'Auth-Status': 'Temporary server problem' })],
  ['that it is overloaded', 'unknown now', answer(503, '')],
  ['a reset', 'unknown now', (response) => response.socket?.resetAndDestroy()],
  [
    'the end of the connection in mid-answer',
    'unknown now',
    (response) => {
      response.writeHead(200, { 'Content-Length': '1000' }).write('{"ok":true,');
      setTimeout(() => response.destroy(), 20);
    },
  ],
  ['nothing, ever', 'unknown now', () => undefined],
  ['a refusal without headers', 'refused', answer(403, '')],
  ['a refusal with an unknown text', 'refused', answer(403, 'no JSON', { 'Auth-Status': 'Password expired' })],
  ['that the account is disabled', 'refused', answer(403, '{"ok":false}', { 'Auth-Status': 'Account not enabled' })],
];

describe('a Dovecot whose service answers with', () => {
  let service: ScriptedService;
  let dovecot: Dovecot;
  before(async () => {
    service = await startScriptedService();
    dovecot = await startDovecot({
      url: service.url,
      secret: 'dovecot:secret',
      protocols: ['imap'],
      settings: 'timeout = 700, list_timeout = 700',
    });
  });
  after(async () => {
    await dovecot?.[Symbol.asyncDispose]();
    await service?.[Symbol.asyncDispose]();
  });

  for (const [what, decided, script] of ANSWERS) {
    it(`${what}: ${decided}`, async () => {
      service.setScript(script);
      const client = await ImapClient.open(dovecot.ports.imap);

      const { text } = await client.login(USER, 'x');
      const { exitCode } = await dovecot.doveadm('user', USER);

      client.close();
      assert.match(text, DECIDED[decided]);
      assert.equal(exitCode, LOOKUPS[decided]);
    });
  }

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
      ['/api/v1/auth/json'],
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
});
