import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { type Dovecot24, startDovecot24 } from './dovecot-24.ts';
import { ImapClient } from './mail/imap-client.ts';
import { LineConnection } from './mail/line-connection.ts';
import { pop3Login } from './mail/pop3-client.ts';
import { type RelayStub, startRelayStub } from './mail/relay-stub.ts';
import { SmtpClient } from './mail/smtp-client.ts';
import { Trixie } from './trixie.ts';

// Asks the test's own HTTP server for the account's password, and answers the rest from a table.
const SCRIPT = `
local json = require('cjson')
local result = dovecot.auth
local FIELDS = { ['alice@example.test'] = { quota_storage_size = '5M', mail_path = '~/elsewhere' } }
local settings, client

function script_init(given)
  settings = given
  client = dovecot.http.client({
    request_timeout = '5s', request_absolute_timeout = '5s', connect_timeout = '1s',
    request_max_attempts = 1, max_idle_time = '30s', auto_redirect = 'no',
  })
end

function auth_password_verify(request, password)
  if request.skip_password_check then return result.PASSDB_RESULT_OK, {} end
  local question = client:request({ url = settings.url, method = 'POST' })
  question:add_header('Content-Type', 'application/json')
  question:set_payload(json.encode({
    user = request.user, password = password, protocol = request.protocol, mechanism = request.mechanism,
    remote_ip = request.remote_ip, secured = request.secured, client_id = request.client_id,
  }))
  local answer = question:submit()
  if answer:status() == 403 then return result.PASSDB_RESULT_PASSWORD_MISMATCH, nil end
  if answer:status() ~= 200 then return result.PASSDB_RESULT_INTERNAL_FAILURE, 'status ' .. answer:status() end
  return result.PASSDB_RESULT_OK, { user = answer:header('auth-user') }
end

function auth_userdb_lookup(request)
  local fields = FIELDS[request.user]
  if not fields then return result.USERDB_RESULT_USER_UNKNOWN, nil end
  return result.USERDB_RESULT_OK, fields
end

function auth_userdb_iterate()
  local users = {}
  for user in pairs(FIELDS) do users[#users + 1] = user end
  return users
end
`;

const ALICE = { user: 'alice@example.test', password: 'alice-pw' } as const;

interface Question {
  readonly user: string;
  readonly password: string;
  readonly [name: string]: string;
}

class Asked {
  readonly questions: Question[] = [];
  readonly #server: Server;

  constructor() {
    this.#server = createServer(async (request, response) => {
      const question = JSON.parse(await text(request)) as Question;
      this.questions.push(question);
      const status = question.user === 'broken@example.test' ? 500 : question.password === ALICE.password ? 200 : 403;
      response.writeHead(status, { 'auth-user': ALICE.user }).end();
    });
  }

  async start(): Promise<string> {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening');
    const address = this.#server.address();
    return typeof address === 'object' ? `http://127.0.0.1:${address?.port}/` : '';
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await once(this.#server.close(), 'close');
  }
}

for (const useWorker of [true, false]) {
  describe(`a Dovecot 2.4 whose Lua script runs in ${useWorker ? 'workers' : 'the auth process'}`, () => {
    const asked = new Asked();
    let relay: RelayStub;
    let dovecot: Dovecot24;
    before(async () => {
      const url = await asked.start();
      relay = await startRelayStub();
      const relayLines = ['submission_relay_host = 127.0.0.1', `submission_relay_port = ${relay.port}`];
      dovecot = await startDovecot24({
        script: SCRIPT,
        useWorker,
        scriptSettings: { url },
        files: { masters: 'admin:{PLAIN}master-pw::::::\n' },
        lines: (folder) => [...relayLines, masterPassdb(`${folder}/masters`)],
      });
    });
    after(async () => {
      await dovecot?.[Symbol.asyncDispose]();
      await relay?.[Symbol.asyncDispose]();
      await asked.stop();
    });

    async function login(user: string, password: string): Promise<string> {
      const client = await ImapClient.open(dovecot.ports.imap);
      await client.command('ID ("name" "probe")');
      const { text: answer } = await client.login(user, password);
      client.close();
      return answer;
    }

    it('is of the version that Debian 13 ships', async () => {
      const trixie = await Trixie.open();

      assert.match(await trixie.run(['dovecot', '--version']), /^2\.4\./);
    });

    it('logs in over IMAP when the HTTP server that the script asks says so, and refuses when it does not', async () => {
      assert.match(await login('Postmaster@example.test', ALICE.password), /^OK .*Logged in$/);
      assert.match(await login(ALICE.user, 'wrong'), /^NO \[AUTHENTICATIONFAILED\]/);
      assert.match(await login('broken@example.test', ALICE.password), /^NO \[UNAVAILABLE\]/);
    });

    it('tells the script by its names for 2.4 who asks for what', async () => {
      asked.questions.length = 0;

      await login(ALICE.user, ALICE.password);

      assert.deepEqual(asked.questions, [
        {
          ...ALICE,
          protocol: 'imap',
          mechanism: 'PLAIN',
          remote_ip: '127.0.0.1',
          secured: 'secured',
          client_id: '"name" "probe"',
        },
      ]);
    });

    it('tells the script of a login by a master user, whose password it has proved itself', async () => {
      asked.questions.length = 0;

      assert.match(await login(`${ALICE.user}*admin`, 'master-pw'), /^OK/);
      assert.match(await login(`${ALICE.user}*admin`, ALICE.password), /^NO \[AUTHENTICATIONFAILED\]/);
      assert.equal(asked.questions.length, 0);
    });

    it('gives the userdb fields and the list of accounts to doveadm', async () => {
      const known = await dovecot.doveadm('user', ALICE.user);
      const unknown = await dovecot.doveadm('user', 'nobody@example.test');
      const all = await dovecot.doveadm('user', '*');

      assert.match(known.stdout, /^quota_storage_size\t5M$/m);
      assert.match(known.stdout, /^mail_path\t.*\/alice@example\.test\/elsewhere$/m);
      assert.equal(unknown.exitCode, 67);
      assert.deepEqual([all.exitCode, all.stdout], [0, `${ALICE.user}\n`]);
    });

    it('takes logins over POP3, submission and ManageSieve, and mail over LMTP', async () => {
      const { pop3, lmtp } = dovecot.ports;
      const submission = await SmtpClient.open(dovecot.ports.submission);
      const delivery = await SmtpClient.open(lmtp, 'LHLO');

      assert.match(await pop3Login(pop3, ALICE), /^\+OK/);
      assert.match(await submission.authPlain(ALICE.user, ALICE.password), /^235/);
      assert.match(await sieveLogin(dovecot.ports.sieve, ALICE.password), /^OK/);
      assert.match(await sieveLogin(dovecot.ports.sieve, 'wrong'), /^NO/);
      assert.match(await delivery.deliver('sender@example.net', ALICE.user), /^250/);
      submission.close();
      delivery.close();
    });
  });
}

function masterPassdb(file: string): string {
  return `passdb master {
  driver = passwd-file
  passwd_file_path = ${file}
  passdb_master = yes
  passdb_result_success = continue
}`;
}

/** Greeting and answer of ManageSieve (RFC 5804) end in a line that begins with OK, NO or BYE. */
async function sieveLogin(port: number, password: string): Promise<string> {
  const connection = await LineConnection.open(port);
  const answer = async () => {
    for (;;) {
      const line = await connection.line();
      if (/^(OK|NO|BYE)/.test(line)) return line;
    }
  };
  await answer();
  const message = Buffer.from(`\0${ALICE.user}\0${password}`).toString('base64');
  connection.send(`AUTHENTICATE "PLAIN" "${message}"`);
  const outcome = await answer();
  connection.close();
  return outcome;
}
