import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { awayDirectory } from './away-directory.ts';
import { freePort } from './free-port.ts';
import { smtpLogin } from './mail/smtp-client.ts';
import { type Nauthilus, startNauthilus } from './nauthilus.ts';
import { type Postfix, startPostfix } from './postfix.ts';
import { askSaslauthd } from './saslauthd.ts';

const ACCOUNTS = `alice@example.test:{PLAIN}alice-pw
bob@example.test:{PLAIN}bob-pw::::::disabled=yes
grace@example.test:{PLAIN}pässwörd € &%+"
`;
const RIGHT = '235 2.7.0 Authentication successful';
const WRONG = '535 5.7.8 Error: authentication failed: authentication failure';
const LATER = '454 4.7.0 Temporary authentication failure: generic failure';

describe('clients of Cyrus SASL, and no saslauthd', { concurrency: 1 }, () => {
  let folder: string;
  let socket: string;
  let service: Nauthilus;
  let postfix: Postfix;
  let smtp: number;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nauthilus-mux-'));
    await chmod(folder, 0o755);
    socket = join(folder, 'mux');
    service = await startNauthilus({
      accounts: ACCOUNTS,
      backends: [{ name: 'accounts', type: 'file', path: 'accounts.passwd' }, await awayDirectory()],
      settings: [
        'line_listeners:',
        `  - { name: postfix, protocol: saslauthd, clients_have_tls: true, unix: { path: ${socket}, group: postfix, mode: '0660' } }`,
      ],
    });
    smtp = await freePort();
    postfix = await startPostfix({
      main: {
        smtpd_sasl_auth_enable: 'yes',
        smtpd_sasl_type: 'cyrus',
        smtpd_sasl_path: 'smtpd',
        smtpd_error_sleep_time: '0',
      },
      services: [`127.0.0.1:${smtp} inet n - n - - smtpd`],
      ports: [smtp],
      files: {
        'config/sasl/smtpd.conf': `pwcheck_method: saslauthd\nsaslauthd_path: ${socket}\nmech_list: PLAIN LOGIN\n`,
      },
    });
  });
  after(async () => {
    await postfix?.[Symbol.asyncDispose]();
    await service?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  for (const [what, user, realm, password, answer] of [
    ['is told OK for a right password', 'alice@example.test', '', 'alice-pw', 'OK'],
    ['is told OK for a name in a realm', 'alice', 'example.test', 'alice-pw', 'OK'],
    ['is told OK for a password that is not ASCII', 'grace', 'example.test', 'pässwörd € &%+"', 'OK'],
    ['is told NO for a wrong password', 'alice', 'example.test', 'wrong', 'NO'],
    ['is told NO for a password that saslauthd has no room for', 'alice', 'example.test', '@'.repeat(1000), 'NO'],
    ['is told NO for a disabled account', 'bob', 'example.test', 'bob-pw', 'NO'],
    ['is told nothing where nobody can know now', 'nobody', 'away.test', 'alice-pw', ''],
  ] as const)
    it(`testsaslauthd ${what}`, async () => {
      assert.equal(await askSaslauthd(socket, { user, realm, password }), answer);
    });

  for (const way of ['authPlain', 'authLogin'] as const)
    it(`Postfix tells by ${way} who may log in, who may not, and what is not known now`, async () => {
      assert.equal(await smtpLogin(smtp, way, 'alice@example.test', 'alice-pw'), RIGHT);
      assert.equal(await smtpLogin(smtp, way, 'alice@example.test', 'wrong'), WRONG);
      assert.equal(await smtpLogin(smtp, way, 'bob@example.test', 'bob-pw'), WRONG);
      assert.equal(await smtpLogin(smtp, way, 'nobody@away.test', 'alice-pw'), LATER);
    });

  it('are one caller, by the name of the listener, and only who may use the socket can ask', async () => {
    const line = await service.logLine(/"login_name":"alice@example\.test".*"outcome":"accept"/);

    assert.match(line, /"caller":"postfix".*"protocol":"smtp"/);
    assert.equal((await stat(socket)).mode & 0o777, 0o660);
  });

  it('are told of an outage of the service as a temporary failure, and go on when it is back', async () => {
    await service.stop();
    try {
      assert.equal(await smtpLogin(smtp, 'authPlain', 'alice@example.test', 'alice-pw'), LATER);
    } finally {
      await service.start();
    }
    assert.equal(await smtpLogin(smtp, 'authPlain', 'alice@example.test', 'alice-pw'), RIGHT);
  });
});
