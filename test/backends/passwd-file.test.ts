import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openFileBackend } from '../../src/backends/file/file-backend.ts';
import { defaultFileBackend } from '../../src/backends/file/file-config.ts';
import { PasswordChecks } from '../../src/passwords/password-checks.ts';
import { runTool, tryTool } from '../daemons/run-tool.ts';
import { accountName } from '../support/accounts.ts';
import { aLookUp, anAttempt } from '../support/attempts.ts';

/** Every line has a user and a group, without which Dovecot's userdb gives nothing. */
const ACCOUNTS = `# accounts

full@x.test:{PLAIN}alice-pw:1000:1001:Full Name:/home/%u:/bin/sh:userdb_mail=maildir:/m/%n:INDEX=/i/%d userdb_quota_rule=*:storage=1M
flags@x.test:{PLAIN}alice-pw:1000:1001::/h:: userdb_flag userdb_empty=  userdb_equals=a=b
old@x.test:{PLAIN}alice-pw:1000:1001::/home/old:/bin/sh::mbox:/var/old
percent@x.test:{PLAIN}alice-pw:1000:1001::/h::userdb_p=10%% userdb_q=%u userdb_l=%Ln
off@x.test:{PLAIN}alice-pw:1000:1001::/h::nologin
bare@x.test:$1$abcdefgh$/rjHnY0UaDSC5WvrpEXr21:1000:1001::/h::
nobody@x.test::1000:1001::/h::
`;

const NAMES = ['full', 'flags', 'old', 'percent', 'off', 'bare', 'nobody'].map((name) => `${name}@x.test`);

let folder: string;
let config: string;
let accounts: string;
let dovecot: ChildProcess;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nauthilus-passwd-'));
  await chmod(folder, 0o755);
  config = join(folder, 'dovecot.conf');
  accounts = join(folder, 'accounts');
  await writeFile(accounts, ACCOUNTS);
  await mkdir(join(folder, 'run'));
  const { username } = userInfo();
  await writeFile(
    config,
    `base_dir = ${folder}/run
state_dir = ${folder}/run
log_path = ${folder}/log
protocols =
ssl = no
default_internal_user = ${username}
default_login_user = ${username}
first_valid_uid = 1000
passdb {
  driver = passwd-file
  args = scheme=CRYPT username_format=%u ${accounts}
}
userdb {
  driver = passwd-file
  args = username_format=%u ${accounts}
}
service anvil {
  chroot =
}
service stats {
  chroot =
}
`,
  );
  dovecot = spawn('dovecot', ['-F', '-c', config], { stdio: 'ignore' });
  const deadline = performance.now() + 15_000;
  while ((await tryTool(['doveadm', '-c', config, 'user', 'full@x.test'])).exitCode !== 0) {
    if (performance.now() > deadline) throw new Error(await readFile(join(folder, 'log'), 'utf8'));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
});
after(async () => {
  const ended = once(dovecot, 'exit');
  dovecot.kill('SIGTERM');
  await ended;
  await rm(folder, { recursive: true });
});

function openBackend() {
  const parts = { checks: new PasswordChecks(), onReloaded: () => undefined, onReloadRefused: () => undefined };
  return openFileBackend('accounts', defaultFileBackend(accounts), parts);
}

const SIGNAL = new AbortController().signal;

describe('an account in a passwd-file', () => {
  it('has the same fields here as in Dovecot', async () => {
    await using backend = await openBackend();
    for (const name of NAMES) {
      const theirs = await runTool(['doveadm', '-c', config, 'user', name]);
      const result = await backend.lookUpAccount({ name: accountName(name), attempt: aLookUp(name) }, SIGNAL);
      assert.equal(result.kind, 'found');
      const ours = Object.entries(result.account.attributes).map(([field, [value]]) => [field, value]);

      assert.deepEqual(Object.fromEntries(ours), fieldsOf(theirs), name);
    }
  });

  it('is let in here by the password that Dovecot lets it in by', async () => {
    await using backend = await openBackend();
    for (const name of NAMES) {
      const attempt = anAttempt({ loginName: name });
      assert.ok(attempt.password !== undefined);
      const { exitCode, stdout } = await tryTool(['doveadm', '-c', config, 'auth', 'test', name, 'alice-pw']);
      const query = { name: accountName(name), attempt, password: attempt.password };
      const result = await backend.verifyPassword(query, SIGNAL);

      const isIn = result.kind === 'verified' && !result.account.isDisabled;
      // With nologin the auth process finds the password right and leaves it to the login process to refuse.
      assert.equal(isIn, exitCode === 0 && !/^\s*nologin\b/m.test(stdout), name);
    }
  });
});

/** What `doveadm user` prints, without the mail location that it adds where an account has none. */
function fieldsOf(printed: string): Record<string, string> {
  const rows = printed
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split('\t'))
    .map(([field = '', value = '']) => [field, value] as const);
  return Object.fromEntries(rows.filter(([field, value]) => field !== 'mail' || value !== ''));
}
