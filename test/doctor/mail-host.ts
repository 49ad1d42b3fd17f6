/**
 * A mail host for tests: Dovecot's configuration as `nauthilus generate` writes it, in a folder of its own. Traps are built by
 * changing files, and `restore` takes them back.
 *
 * @module
 */
import { type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { access, chmod, chown, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCommandLine } from '../../src/cli/command-line.ts';
import type { CommandIo } from '../../src/cli/command-io.ts';
import type { NamedFinding } from '../../src/cli/doctor/finding.ts';
import { Secret } from '../../src/login/secret.ts';
import { type DovecotHost, type DovecotVersion, openDovecotHost } from '../daemons/dovecot-host.ts';
import type { TrixieFolder } from '../daemons/trixie.ts';

const FILES = {
  main: 'dovecot.conf',
  conf: 'conf.d/auth-nauthilus.conf.ext',
  glue: 'nauthilus.lua',
  settings: 'nauthilus-settings.lua',
  ca: 'nauthilus-ca.pem',
  secret: 'nauthilus.secret',
} as const;
export type FileName = keyof typeof FILES;

/** What a command said and how it ended. */
export interface CommandResult {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

export async function runCommand(args: readonly string[], password = ''): Promise<CommandResult> {
  let [exitCode, out, err] = [0, '', ''];
  const readPassword = async () => Secret.fromText(password);
  const io: CommandIo = {
    env: process.env,
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    readPassword,
    readNewPassword: readPassword,
    exitWith: (code) => void (exitCode = code),
  };
  await runCommandLine(args, io);
  return { exitCode, out, err };
}

export class TestMailHost implements AsyncDisposable {
  readonly version: DovecotVersion;
  readonly folder: TrixieFolder;
  readonly #host: DovecotHost;
  readonly #originals = new Map<FileName, Buffer>();
  #child: ChildProcess | undefined;

  private constructor(version: DovecotVersion, host: DovecotHost, folder: TrixieFolder) {
    this.version = version;
    this.#host = host;
    this.folder = folder;
  }

  /** @param service folder of the service's nauthilus.yaml, with the caller's credential in `credential` */
  static async open(version: DovecotVersion, service: string): Promise<TestMailHost> {
    const host = await openDovecotHost(version);
    const folder = await host.folder();
    const made = new TestMailHost(version, host, folder);
    const from = ['--config', join(service, 'nauthilus.yaml'), '--secret-file', join(service, 'credential')];
    const to = ['--output', folder.outside, '--installed-in', folder.inside];
    const target = ['generate', 'dovecot', '--version', version, '--caller', 'dovecot'];
    const { exitCode, err } = await runCommand([...target, ...from, ...to]);
    if (exitCode !== 0) throw new Error(`generate ended with ${exitCode}: ${err}`);
    await writeFile(made.path('main'), renderMain(version, folder.inside));
    for (const name of Object.keys(FILES) as FileName[]) made.#originals.set(name, await readFile(made.path(name)));
    for (const name of ['run', 'state']) await mkdir(join(folder.outside, name));
    await made.restore();
    return made;
  }

  path(name: FileName): string {
    return join(this.folder.outside, FILES[name]);
  }

  async restore(): Promise<void> {
    for (const [name, bytes] of this.#originals) {
      await mkdir(dirname(this.path(name)), { recursive: true });
      await writeFile(this.path(name), bytes);
      await chmod(this.path(name), name === 'secret' ? 0o640 : 0o644);
    }
    await chown(this.path('secret'), 0, this.#host.dovecotGroup);
  }

  /** Adds lines to dovecot.conf, where they win over what was included before. */
  async addLines(...lines: readonly string[]): Promise<void> {
    await writeFile(this.path('main'), `${await readFile(this.path('main'), 'utf8')}${lines.join('\n')}\n`);
  }

  /** Replaces text of a file. @throws {Error} where it is not in it */
  async replace(name: FileName, from: string | RegExp, to: string): Promise<void> {
    const before = await readFile(this.path(name), 'utf8');
    const after = before.replace(from, to);
    if (after === before) throw new Error(`${FILES[name]} has no ${from}`);
    await writeFile(this.path(name), after);
  }

  /** Runs the doctor; gives its exit code and all findings. */
  async examine(
    more: readonly string[] = [],
    password = '',
  ): Promise<{ readonly exitCode: number; readonly findings: readonly NamedFinding[] }> {
    const { inside, outside } = this.folder;
    const root = outside === inside ? '/' : outside.slice(0, -inside.length);
    const args = ['doctor', 'dovecot', '--json', '--config-dir', inside, '--root', root, ...more];
    const { exitCode, out, err } = await runCommand(args, password);
    if (out === '') throw new Error(err);
    return { exitCode, findings: (JSON.parse(out) as { findings: NamedFinding[] }).findings };
  }

  /** Starts its Dovecot, which takes logins from doveadm. */
  async start(): Promise<void> {
    const child = this.#host.spawn('dovecot', ['-F', '-c', `${this.folder.inside}/dovecot.conf`]);
    let said = '';
    child.stderr?.on('data', (piece: Buffer) => void (said += piece.toString()));
    child.stdout?.resume();
    this.#child = child;
    const socket = join(this.folder.outside, 'run/auth-client');
    for (const deadline = Date.now() + 10_000; ; await sleep(20)) {
      if (
        await access(socket).then(
          () => true,
          () => false,
        )
      )
        return;
      if (child.exitCode !== null || child.signalCode !== null || Date.now() > deadline)
        throw new Error(`Dovecot does not start: ${said}`);
    }
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
    await rm(join(this.folder.outside, 'run'), { recursive: true, force: true });
    await mkdir(join(this.folder.outside, 'run'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.folder[Symbol.asyncDispose]();
  }
}

function renderMain(version: DovecotVersion, folder: string): string {
  const versions = 'dovecot_config_version = 2.4.0\ndovecot_storage_version = 2.4.0\n';
  return `${version === '2.4' ? versions : ''}base_dir = ${folder}/run
state_dir = ${folder}/state
instance_name = ${folder.slice(folder.lastIndexOf('/') + 1)}
log_path = ${folder}/dovecot.log
protocols =
ssl = no
${version === '2.4' ? 'auth_internal_failure_delay = 0 secs\n' : ''}auth_failure_delay = 0 secs
!include ${folder}/conf.d/auth-nauthilus.conf.ext
`;
}
