import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Dovecot, startDovecot } from '../daemons/dovecot.ts';
import { freePort } from '../daemons/free-port.ts';
import { type Nauthilus, startNauthilus } from '../daemons/nauthilus.ts';
import { tryTool } from '../daemons/run-tool.ts';

const LAUNCHER = fileURLToPath(new URL('../../bin/nauthilus', import.meta.url));
/** A Dovecot in front of others, as guides have it: whoever logs in is handed on, with his password. */
const PROXY = `
passdb {
  driver = static
  args = nopassword=y proxy=y host=192.0.2.9
}
userdb {
  driver = static
  args = uid=5000 gid=5000 home=/nonexistent
}`;
const GREETING =
  'VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nMECH\tANONYMOUS\tanonymous\nSPID\t1\nCUID\t1\nCOOKIE\t0\nDONE\n';

interface Finding {
  readonly check: string;
  readonly level: string;
  readonly text: string;
}

describe('the doctor before a Postfix', { concurrency: 1 }, () => {
  let folder: string;
  let service: Nauthilus;
  let dovecot: Dovecot;
  let port: number;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nauthilus-doctor-'));
    port = await freePort();
    service = await startNauthilus({
      accounts: 'alice@example.test:{PLAIN}alice-pw\n',
      settings: ['line_listeners:', `  - { name: postfix, protocol: sasl, port: ${port} }`],
    });
    dovecot = await startDovecot({
      version: '2.3',
      url: service.url,
      secret: 'unused',
      databases: PROXY,
      lines: ['service auth {', '  unix_listener postfix {', '    mode = 0666', '  }', '}'],
    });
  });
  after(async () => {
    await dovecot?.[Symbol.asyncDispose]();
    await service?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  /** What it finds with these settings of main.cf, beside the Dovecot of this test. */
  async function examine(main: string, ...more: readonly string[]) {
    const doveconf = join(folder, 'doveconf');
    await writeFile(doveconf, `#!/bin/sh\nexec doveconf -c ${dovecot.folder}/dovecot.conf "$@"\n`);
    await chmod(doveconf, 0o755);
    await writeFile(join(folder, 'main.cf'), main);
    await writeFile(join(folder, 'master.cf'), '');
    const args = ['--config-dir', folder, '--doveconf', doveconf, '--json', ...more];
    const { exitCode, stdout } = await tryTool([LAUNCHER, 'doctor', 'postfix', ...args]);
    const { findings } = JSON.parse(stdout) as { readonly findings: readonly Finding[] };
    const of = (check: string) => findings.find((finding) => finding.check === check);
    return { exitCode, levelOf: (check: string) => of(check)?.level, textOf: (check: string) => of(check)?.text ?? '' };
  }

  const settings = (where: string) => `compatibility_level = 3.6
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = ${where}
`;

  it('names a Dovecot that takes every password, by trying and by its settings', async () => {
    const found = await examine(settings(join(dovecot.folder, 'run/postfix')), '--account', 'alice@example.test');

    assert.equal(found.exitCode, 1);
    assert.equal(found.levelOf('sasl-server'), 'ok', found.textOf('sasl-server'));
    assert.equal(found.textOf('unknown-user'), 'a Dovecot lets in a user that nobody can have, by any password');
    assert.equal(found.levelOf('wrong-password'), 'fail');
    assert.match(
      found.textOf('any-password'),
      /^the Dovecot that answers has passdb static: args = nopassword=y proxy=y/,
    );
    assert.equal(found.levelOf('cleartext'), 'warn');
  });

  it('finds nothing wrong where this service answers, whatever a Dovecot beside it does', async () => {
    const main = `${settings(`inet:127.0.0.1:${port}`)}smtpd_tls_auth_only = yes\nsmtpd_sender_login_maps = static:x\n`;
    const found = await examine(main, '--account', 'alice@example.test');

    assert.equal(found.exitCode, 0);
    for (const check of [
      'postconf',
      'sasl',
      'sasl-server',
      'unknown-user',
      'wrong-password',
      'any-password',
      'cleartext',
    ])
      assert.equal(found.levelOf(check), 'ok', `${check}: ${found.textOf(check)}`);
    assert.match(found.textOf('sasl-server'), /PLAIN, LOGIN/);
    assert.equal(found.levelOf('senders'), 'warn');
  });

  it('says that nobody answers, and tries no login then', async () => {
    const found = await examine(settings('private/auth'), '--account', 'alice@example.test');

    assert.equal(found.exitCode, 1);
    assert.match(found.textOf('sasl-server'), /^nobody answers there: connect ENOENT/);
    assert.equal(found.levelOf('unknown-user'), 'skipped');
  });

  it('warns of logins without anybody, and looks no further at Cyrus SASL', async () => {
    await using anybody = await openServer();
    const found = await examine(settings(`inet:127.0.0.1:${anybody.port}`));
    const cyrus = await examine('compatibility_level = 3.6\nsmtpd_sasl_auth_enable = yes\nsmtpd_sasl_type = cyrus\n');

    assert.equal(found.levelOf('sasl-server'), 'warn');
    assert.deepEqual([cyrus.exitCode, cyrus.levelOf('sasl'), cyrus.levelOf('sasl-server')], [0, 'warn', 'skipped']);
  });
});

async function openServer(): Promise<AsyncDisposable & { readonly port: number }> {
  const server: Server = createServer((socket) => {
    socket.write(GREETING);
    socket.on('data', (data) => {
      if (String(data).includes('AUTH\t')) socket.write('FAIL\t1\n');
    });
    socket.on('error', () => {});
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    port,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
