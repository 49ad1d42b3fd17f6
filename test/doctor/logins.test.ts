import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { after, afterEach, before, describe, it } from 'node:test';
import { DOVECOT_VERSIONS } from '../daemons/dovecot-host.ts';
import { runCommand, TestMailHost } from './mail-host.ts';
import { startService, type TestService } from './services.ts';

/** What old scripts do: whoever has a name that Dovecot rewrites is taken for a master. */
const FAULTY = `function auth_password_verify(request, password)
  if request.auth_user ~= request.user then return dovecot.auth.PASSDB_RESULT_OK, {} end
  return dovecot.auth.PASSDB_RESULT_PASSWORD_MISMATCH, ''
end
function auth_userdb_lookup(request) return dovecot.auth.USERDB_RESULT_OK, {} end
function auth_userdb_iterate() return {} end
function script_init() return 0 end
function script_deinit() end
`;

const ALICE = ['--account', 'alice@example.test'] as const;

describe('the doctor with a running Dovecot', { concurrency: 2 }, () => {
  let service: TestService;
  before(async () => {
    service = await startService();
  });
  after(async () => {
    await service?.[Symbol.asyncDispose]();
  });

  for (const version of DOVECOT_VERSIONS)
    describe(version, { concurrency: 1 }, () => {
      let host: TestMailHost;
      before(async () => {
        host = await TestMailHost.open(version, service.folder);
      });
      afterEach(async () => {
        await host?.stop();
        await host?.restore();
      });
      after(async () => {
        await host?.[Symbol.asyncDispose]();
      });

      async function levels(more: readonly string[], password: string): Promise<Record<string, string>> {
        const { findings } = await host.examine(more, password);
        return Object.fromEntries(findings.map(({ check, level }) => [check, level]));
      }

      it('finds nothing wrong with what generate writes, nor with a login', async () => {
        await host.start();

        const found = await levels([...ALICE, '--probe'], 'alice-pw');

        assert.deepEqual([...new Set(Object.values(found))], ['ok'], JSON.stringify(found));
      });

      it('says that an account cannot log in with another password', async () => {
        await host.start();

        const found = await levels(ALICE, 'wrong');

        assert.deepEqual([found['login'], found['probe']], ['fail', 'skipped']);
      });

      it('says that a Dovecot does not run', async () => {
        const { findings } = await host.examine(ALICE, 'alice-pw');

        const login = findings.find(({ check }) => check === 'login');
        assert.equal(login?.level, 'fail');
        assert.match(login?.text ?? '', /does not run/);
      });

      it('gets in with a wrong password where a script takes rewritten names for masters', async () => {
        await writeFile(host.path('glue'), FAULTY);
        await host.addLines(`auth_username_format = ${version === '2.3' ? '%Ln' : '%{user | username | lower}'}`);
        await host.start();

        const found = await levels([...ALICE, '--probe'], 'alice-pw');

        assert.deepEqual([found['probe'], found['master-login']], ['fail', 'fail']);
      });
    });

  it('wants an account to try wrong passwords for', async () => {
    assert.equal((await runCommand(['doctor', 'dovecot', '--probe'])).exitCode, 2);
    assert.equal((await runCommand(['doctor', 'dovecot', '--no-such'])).exitCode, 2);
  });

  it('prints a line for each check, and a 1 where there is no Dovecot', async () => {
    const { exitCode, out } = await runCommand(['doctor', 'dovecot', '--doveconf', '/nowhere/doveconf']);

    assert.equal(exitCode, 1);
    assert.match(out, /^FAIL doveconf +doveconf does not print the settings: .*\. To mend: /);
    assert.match(out, /\n- {4}version +not tried, because of "doveconf"\n/);
  });
});
