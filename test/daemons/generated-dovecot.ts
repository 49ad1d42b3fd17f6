/**
 * A Dovecot of either version that was set up as an operator would: with what `nauthilus generate dovecot` writes and by the
 * commands of its README, into a folder that holds what the distribution puts into /etc/dovecot.
 *
 * @module
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type DovecotHost, type DovecotVersion, openDovecotHost } from './dovecot-host.ts';
import { freePort } from './free-port.ts';
import type { Nauthilus } from './nauthilus.ts';
import { runTool, type ToolResult } from './run-tool.ts';
import type { TrixieFolder } from './trixie.ts';

const LAUNCHER = fileURLToPath(new URL('../../bin/nauthilus', import.meta.url));
const START_DEADLINE_MS = 15_000;
const STOP_DEADLINE_MS = 10_000;

export interface GeneratedDovecot extends AsyncDisposable {
  readonly imapPort: number;
  /** The README that was followed. */
  readonly readme: string;
  /** Its folder as everybody else sees it. */
  readonly folder: string;
  log(): Promise<string>;
  doveadm(...args: readonly string[]): Promise<ToolResult>;
}

/** Generates, installs and starts; IMAP takes logins once the promise is fulfilled. */
export async function startGeneratedDovecot(version: DovecotVersion, service: Nauthilus): Promise<GeneratedDovecot> {
  const host = await openDovecotHost(version);
  const folder = await host.folder();
  const imapPort = await freePort();
  const running = new RunningDovecot(host, folder, imapPort);
  try {
    await fillAsDistribution(version, host, folder, imapPort);
    const output = join(folder.outside, 'generated');
    await generate(version, service, folder, output);
    running.readme = await readFile(join(output, 'README.md'), 'utf8');
    await follow(running.readme, host, folder, output);
    await running.start();
    return running;
  } catch (error) {
    await running[Symbol.asyncDispose]();
    throw error;
  }
}

async function generate(version: string, service: Nauthilus, folder: TrixieFolder, output: string): Promise<void> {
  const secretFile = join(folder.outside, 'caller.credential');
  await writeFile(secretFile, `${service.credential}\n`, { mode: 0o600 });
  const config = join(dirname(service.caFile), 'nauthilus.yaml');
  const where = ['--config', config, '--output', output, '--secret-file', secretFile];
  await runTool([LAUNCHER, 'generate', 'dovecot', '--version', version, ...where, '--installed-in', folder.inside]);
}

/** Follows the README's first block. The last command would reload the Dovecot of the machine: here the configuration is checked only. */
async function follow(readme: string, host: DovecotHost, folder: TrixieFolder, output: string): Promise<void> {
  const [, block = ''] = /```sh\n([^`]+)```/.exec(readme) ?? [];
  const commands = block.trimEnd().split('\n');
  if (commands.length !== 3) throw new Error(`the README has not three commands:\n${block}`);
  // The tools are those of the machine, which knows the folder and the group of a Dovecot elsewhere by other names.
  const translate = (line: string) =>
    line.replaceAll(folder.inside, folder.outside).replace('-g dovecot', `-g ${host.dovecotGroup}`);
  for (const command of commands.slice(0, 2)) await runTool(['sh', '-ec', `cd '${output}'; ${translate(command)}`]);
  const checked = await host.try(['doveconf', '-n', '-c', `${folder.inside}/dovecot.conf`]);
  if (checked.exitCode !== 0) throw new Error(`doveconf: ${checked.stderr}${checked.stdout}`);
}

async function fillAsDistribution(
  version: DovecotVersion,
  host: DovecotHost,
  folder: TrixieFolder,
  imapPort: number,
): Promise<void> {
  const at = (name: string) => join(folder.outside, name);
  for (const name of ['run', 'state', 'mail', 'conf.d']) await mkdir(at(name));
  await chmod(folder.outside, 0o755);
  await chown(at('mail'), host.mailOwner, host.mailOwner);
  await writeFile(at('conf.d/10-auth.conf'), '!include auth-system.conf.ext\n#!include auth-sql.conf.ext\n');
  const own = version === '2.3' ? OWN_23 : OWN_24;
  await writeFile(at('dovecot.conf'), own(folder.inside, imapPort, host.mailOwner));
}

const common = (folder: string, imapPort: number, owner: number) => `base_dir = ${folder}/run
state_dir = ${folder}/state
listen = 127.0.0.1
protocols = imap
log_path = ${folder}/dovecot.log
ssl = no
first_valid_uid = 1
mail_uid = ${owner}
mail_gid = ${owner}
auth_failure_delay = 0 secs
service imap-login {
  inet_listener imap {
    port = ${imapPort}
  }
  inet_listener imaps {
    port = 0
  }
}
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
!include conf.d/*.conf`;

const OWN_23 = (folder: string, imapPort: number, owner: number) => `${common(folder, imapPort, owner)}
disable_plaintext_auth = no
mail_home = ${folder}/mail/%u
mail_location = maildir:~/Maildir
mail_plugins = quota
plugin {
  quota = maildir:User quota
}
protocol imap {
  mail_plugins = quota imap_quota
}
`;

const OWN_24 = (folder: string, imapPort: number, owner: number) => `dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
${common(folder, imapPort, owner)}
auth_allow_cleartext = yes
mail_home = ${folder}/mail/%{user}
mail_driver = maildir
mail_path = ~/Maildir
mail_inbox_path =
namespace inbox {
  inbox = yes
}
mail_plugins = quota
quota "User quota" {
}
protocol imap {
  mail_plugins = quota imap_quota
}
`;

class RunningDovecot implements GeneratedDovecot {
  readonly imapPort: number;
  readme = '';
  readonly #host: DovecotHost;
  readonly #folder: TrixieFolder;
  #child: ChildProcess | undefined;
  readonly #stopWithParent = (): void => {
    this.#child?.kill('SIGTERM');
  };

  constructor(host: DovecotHost, folder: TrixieFolder, imapPort: number) {
    this.#host = host;
    this.#folder = folder;
    this.imapPort = imapPort;
  }

  get folder(): string {
    return this.#folder.outside;
  }

  async start(): Promise<void> {
    const child = this.#host.spawn('dovecot', ['-F', '-c', this.#conf]);
    this.#child = child;
    child.stdout?.resume();
    child.stderr?.resume();
    process.once('exit', this.#stopWithParent);
    for (
      const deadline = Date.now() + START_DEADLINE_MS;
      !(await this.log()).includes('starting up');
      await sleep(50)
    ) {
      if (child.exitCode !== null || child.signalCode !== null || Date.now() > deadline)
        throw new Error(`Dovecot does not start: ${await this.log()}`);
    }
  }

  log(): Promise<string> {
    return readFile(join(this.#folder.outside, 'dovecot.log'), 'utf8').catch(() => '');
  }

  doveadm(...args: readonly string[]): Promise<ToolResult> {
    return this.#host.try(['doveadm', '-c', this.#conf, ...args]);
  }

  get #conf(): string {
    return `${this.#folder.inside}/dovecot.conf`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.removeListener('exit', this.#stopWithParent);
    const child = this.#child;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      const deadline = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
      await ended;
      clearTimeout(deadline);
    }
    await this.#folder[Symbol.asyncDispose]();
  }
}
