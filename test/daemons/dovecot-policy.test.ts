import assert from 'node:assert/strict';
import { request } from 'node:https';
import { after, before, describe, it } from 'node:test';
import type { Dovecot } from './dovecot.ts';
import { DOVECOT_VERSIONS } from './dovecot-host.ts';
import { ImapClient } from './mail/imap-client.ts';
import { type Nauthilus, startNauthilus } from './nauthilus.ts';
import { nauthilus, startPolicyDovecot } from './policy-dovecot.ts';

const NAMES = ['alice', 'bob', 'carol', 'dave', 'erin'].map((name) => `${name}@example.test`);
const USERS = NAMES.map((name) => `${name}:{PLAIN}${passwordOf(name)}::::::\n`).join('');
const SETTINGS = ['protection: { exempt_networks: [127.0.50.0/24] }', 'wforce: { longest_delay: 2s }'];
const [ALICE = '', BOB = '', CAROL = '', DAVE = '', ERIN = ''] = NAMES;

function passwordOf(name: string): string {
  return `${name.split('@')[0]}-pw`;
}

for (const version of DOVECOT_VERSIONS) {
  describe(`a Dovecot ${version} that proves passwords by itself and asks for its policy`, () => {
    let service: Nauthilus;
    let dovecot: Dovecot;
    before(async () => {
      service = await startNauthilus({ accounts: `jo@example.test:{PLAIN}jo-pw\n`, settings: SETTINGS });
      dovecot = await startPolicyDovecot(version, service, USERS);
    });
    after(async () => {
      await dovecot?.[Symbol.asyncDispose]();
      await service?.[Symbol.asyncDispose]();
    });

    /** One login on a connection of its own: what it is told, and how long that took. */
    async function login(name: string, password: string, from: string) {
      const client = await ImapClient.open(dovecot.ports.imap, undefined, from);
      const begun = performance.now();
      const { text, isOk } = await client.login(name, password);
      client.close();
      return { isOk, text, ms: performance.now() - begun };
    }

    /** Guesses at names that nobody has, so that nobody is made to wait. */
    async function guess(count: number, from: string): Promise<void> {
      await Promise.all(
        Array.from({ length: count }, (_, i) => login(`nobody${i}.${from}@example.test`, `x${i}`, from)),
      );
    }

    async function isBlocked(from: string): Promise<boolean> {
      const { text } = await login(ERIN, 'erin-pw', from);
      return !text.startsWith('OK');
    }

    it('logs in who has the right password and nobody else, and each login is one line of the log', async () => {
      const right = await login(ALICE, 'alice-pw', '127.0.10.1');
      const wrong = await login(ALICE, 'wrong', '127.0.10.1');

      assert.equal(right.isOk, true, right.text);
      assert.match(wrong.text, /^NO \[AUTHENTICATIONFAILED\]/);
      const accepted = JSON.parse(await service.logLine(/"outcome":"accept"/)) as Record<string, unknown>;
      const refused = JSON.parse(await service.logLine(/"outcome":"refuse"/)) as Record<string, unknown>;
      assert.deepEqual(
        [accepted['login_name'], accepted['source'], accepted['backend'], accepted['client_ip']],
        [ALICE, 'report', 'dovecot', '127.0.10.1'],
      );
      assert.deepEqual([refused['reason'], refused['mechanism'], refused['tls']], ['wrong-password', 'plain', false]);
      await dovecot.logged(new RegExp(`session=<${RegExp.escape(String(accepted['external_session']))}>`));
      assert.equal((await service.log()).match(/"msg":"login/g)?.length, 2);
    });

    it('counts a login once, whichever of its questions are asked', async () => {
      await login(BOB, 'wrong', '127.0.11.1');
      await login(BOB, 'wrong', '127.0.11.1');
      await login(BOB, 'wrong again', '127.0.11.1');

      const { stdout: told } = await nauthilus(service, 'explain', '--account', BOB, '--address', '127.0.11.1');
      assert.match(told, /2 of 20 guesses are counted out of 127\.0\.11\.1\/32/);
    });

    it('lets nobody try from a blocked address, with the words of a wrong password, and others as before', async () => {
      const wrong = await login(CAROL, 'wrong', '127.0.20.1');
      await guess(20, '127.0.20.1');

      const right = await login(CAROL, 'carol-pw', '127.0.20.1');
      const elsewhere = await login(CAROL, 'carol-pw', '127.0.21.1');

      assert.equal(right.text, wrong.text);
      assert.equal(elsewhere.isOk, true, elsewhere.text);
      const blocks = await nauthilus(service, 'block', 'list');
      assert.match(blocks.stdout, /127\.0\.20\.1\/32/);
      const line = JSON.parse(await service.logLine(/"reason":"blocked"/)) as Record<string, unknown>;
      assert.deepEqual([line['rule'], line['rule_effect'], line['msg']], ['address', 'refused', 'login refused']);
      const why = await nauthilus(service, 'explain', String(line['session']));
      assert.match(why.stdout, /refused \(blocked\) by check-guesses: .*127\.0\.20\.1\/32/);
    });

    it('keeps to what was counted of logins that the service has decided itself', async () => {
      for (let i = 0; i < 10; i += 1) assert.equal(await askJson(service, `n${i}@example.test`, '127.0.30.1'), 403);
      await guess(10, '127.0.30.1');

      assert.equal(await isBlocked('127.0.30.1'), true);
      assert.equal(await askJson(service, 'jo@example.test', '127.0.30.1', 'jo-pw'), 403);
      assert.equal(await askJson(service, 'jo@example.test', '127.0.31.1', 'jo-pw'), 200);
    });

    it('is not kept from trying out of exempt networks', async () => {
      await guess(25, '127.0.50.1');

      assert.equal(await isBlocked('127.0.50.1'), false);
    });

    it('waits before it looks at a password where several have failed, but not for the owner', async () => {
      await login(DAVE, 'dave-pw', '127.0.60.1');
      for (let i = 0; i < 6; i += 1) await login(DAVE, `wrong ${i}`, '127.0.61.1');

      const guesser = await login(DAVE, 'wrong 7', '127.0.61.1');
      const owner = await login(DAVE, 'dave-pw', '127.0.60.1');

      assert.ok(guesser.ms >= 2000 && guesser.ms < 4000, `${guesser.ms} ms`);
      assert.equal(owner.isOk, true);
      assert.ok(owner.ms < 1500, `${owner.ms} ms`);
      assert.match(await service.logLine(/login may be tried/), /"delay_seconds":[12]\b/);
    });

    it('is not blocked for the same wrong password, however often', async () => {
      await Promise.all(Array.from({ length: 25 }, () => login(ERIN, 'an old one', '127.0.70.1')));

      assert.equal(await isBlocked('127.0.70.1'), false);
    });

    it('has each failure counted where it does not see the password', async () => {
      for (let i = 0; i < 3; i += 1) await failCramMd5(dovecot.ports.imap, ALICE, '127.0.80.1');

      const { stdout: told } = await nauthilus(service, 'explain', '--account', ALICE, '--address', '127.0.80.1');
      assert.match(told, /3 of 20 guesses are counted out of 127\.0\.80\.1\/32/);
    });

    it('goes on while the service is away', async () => {
      await service.stop();

      const right = await login(BOB, 'bob-pw', '127.0.90.1');
      const wrong = await login(BOB, 'wrong', '127.0.90.1');

      assert.equal(right.isOk, true, right.text);
      assert.match(wrong.text, /^NO \[AUTHENTICATIONFAILED\]/);
    });
  });
}

async function failCramMd5(port: number, name: string, from: string): Promise<void> {
  const client = await ImapClient.open(port, undefined, from);
  const digest = Buffer.from(`${name} ${'0'.repeat(32)}`).toString('base64');
  const { isOk } = await client.command('AUTHENTICATE CRAM-MD5', Buffer.from(digest));
  client.close();
  assert.equal(isOk, false);
}

/** Asks the service itself about a login; gives the status. */
async function askJson(service: Nauthilus, username: string, client_ip: string, password = 'wrong'): Promise<number> {
  return await new Promise((resolve, reject) => {
    const authorization = `Basic ${Buffer.from(service.credential).toString('base64')}`;
    const headers = { authorization, 'content-type': 'application/json' };
    const asked = request(service.url, { method: 'POST', headers, ca: service.ca, agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    asked.on('error', reject);
    asked.end(JSON.stringify({ username, password, client_ip, service: 'imap' }));
  });
}
