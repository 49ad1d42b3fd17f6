/**
 * A Dovecot of either version that proves passwords by a file of its own, and asks our service for its policy by what
 * `nauthilus generate dovecot-policy` writes.
 *
 * @module
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { CommandIo } from '../../src/cli/command-io.ts';
import { runCommandLine } from '../../src/cli/command-line.ts';
import { type Dovecot, startDovecot } from './dovecot.ts';
import type { DovecotVersion } from './dovecot-host.ts';
import type { Nauthilus } from './nauthilus.ts';
import type { ToolResult } from './run-tool.ts';

const INSTALLED = '/INSTALLED';

/** Runs our command line for the running service, in this process: starting one takes longer than all else. */
export async function nauthilus(service: Nauthilus, ...args: readonly string[]): Promise<ToolResult> {
  let stdout = '';
  let stderr = '';
  let exitCode = 0;
  const never = () => Promise.reject(new Error('no password is asked for'));
  const io: CommandIo = {
    env: {},
    out: (text) => (stdout += text),
    err: (text) => (stderr += text),
    readPassword: never,
    readNewPassword: never,
    exitWith: (code) => (exitCode = code),
  };
  await runCommandLine([...args, '--config', join(dirname(service.caFile), 'nauthilus.yaml')], io);
  return { exitCode, stdout, stderr };
}

/** @param users accounts of its own, in the form of passwd-file */
export async function startPolicyDovecot(version: DovecotVersion, service: Nauthilus, users: string): Promise<Dovecot> {
  const { conf, header, ca } = await generate(version, service);
  return await startDovecot({
    version,
    url: service.url,
    secret: service.credential,
    protocols: ['imap'],
    databases: DATABASES[version],
    files: { users, 'nauthilus-policy.secret.conf': header, 'nauthilus-ca.pem': ca },
    lines: ['auth_mechanisms = plain login cram-md5', ...conf.replaceAll(INSTALLED, '$FOLDER').split('\n')],
  });
}

async function generate(version: DovecotVersion, service: Nauthilus) {
  const folder = await mkdtemp(join(tmpdir(), 'nauthilus-policy-'));
  try {
    const secretFile = join(folder, 'credential');
    const output = join(folder, 'files');
    await writeFile(secretFile, service.credential);
    const where = ['--output', output, '--secret-file', secretFile, '--installed-in', INSTALLED];
    const made = await nauthilus(service, 'generate', 'dovecot-policy', '--version', version, ...where);
    if (made.exitCode !== 0) throw new Error(`nothing was generated: ${made.stderr}${made.stdout}`);
    return {
      conf: await readFile(join(output, 'conf.d/95-nauthilus-policy.conf'), 'utf8'),
      header: await readFile(join(output, 'nauthilus-policy.secret.conf'), 'utf8'),
      ca: await readFile(join(output, 'nauthilus-ca.pem'), 'utf8'),
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

const DATABASES: Readonly<Record<DovecotVersion, string>> = {
  '2.3': `
passdb {
  driver = passwd-file
  args = scheme=plain username_format=%u $FOLDER/users
}
userdb {
  driver = passwd-file
  args = username_format=%u $FOLDER/users
}`,
  '2.4': `
passdb passwd-file {
  passwd_file_path = $FOLDER/users
  passdb_default_password_scheme = PLAIN
}
userdb passwd-file {
  passwd_file_path = $FOLDER/users
}`,
};
