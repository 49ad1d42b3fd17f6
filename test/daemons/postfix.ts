/**
 * A real Postfix for tests: its configuration, queue and log in a temporary folder, its listeners on loopback. Needs root, as
 * Postfix does. Stopped by the pid of its master process.
 *
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stopDaemon, untilOpen } from './child-daemon.ts';
import { runTool } from './run-tool.ts';

const DAEMONS = '/usr/lib/postfix/sbin';
const START_DEADLINE_MS = 10_000;

/** What mail passes through; listeners are the test's own. Nothing runs in a chroot, so that sockets can be anywhere. */
const SERVICES = `
postlog    unix-dgram n - n -    1 postlogd
pickup     unix n - n 60   1 pickup
cleanup    unix n - n -    0 cleanup
qmgr       unix n - n 300  1 qmgr
tlsmgr     unix - - n 1000? 1 tlsmgr
rewrite    unix - - n -    - trivial-rewrite
bounce     unix - - n -    0 bounce
defer      unix - - n -    0 bounce
trace      unix - - n -    0 bounce
verify     unix - - n -    1 verify
proxymap   unix - - n -    - proxymap
proxywrite unix - - n -    1 proxymap
smtp       unix - - n -    - smtp
relay      unix - - n -    - smtp
error      unix - - n -    - error
retry      unix - - n -    - error
discard    unix - - n -    - discard
local      unix - n n -    - local
virtual    unix - n n -    - virtual
lmtp       unix - - n -    - lmtp
anvil      unix - - n -    1 anvil
scache     unix - - n -    1 scache
`;

export interface PostfixOptions {
  /** Settings of main.cf, over those that keep it in its folder. `FOLDER` becomes the path of the folder, here and below. */
  readonly main: Readonly<Record<string, string>>;
  /** Lines of master.cf beside the usual services: `127.0.0.1:2525 inet n - n - - smtpd -o name=value`. */
  readonly services: readonly string[];
  /** Loopback ports that must take connections. */
  readonly ports: readonly number[];
  /** More files for its folder, by path. */
  readonly files?: Readonly<Record<string, string>>;
}

export interface Postfix extends AsyncDisposable {
  readonly folder: string;
  /** Runs a command of Postfix, such as `postmap -q key socketmap:…`, on this configuration; gives what it printed. */
  run(command: string, ...args: readonly string[]): Promise<string>;
  /** What it has logged so far. */
  log(): Promise<string>;
  /** The first line of the log that matches. @throws {Error} where none comes within 5 s */
  logLine(pattern: RegExp): Promise<string>;
}

/** Starts it; its ports take connections once the promise is fulfilled. @throws {Error} with its own words where it does not start */
export async function startPostfix(options: PostfixOptions): Promise<Postfix> {
  const folder = await mkdtemp(join(tmpdir(), 'nauthilus-postfix-'));
  // Its daemons run as its own user.
  await chmod(folder, 0o755);
  const config = await writeFolder(folder, options);
  const child = spawn(join(DAEMONS, 'master'), ['-c', config, '-d'], { stdio: ['ignore', 'ignore', 'inherit'] });
  const postfix = new RunningPostfix(folder, config, child);
  try {
    for (const port of options.ports) await untilOpen(port, child, START_DEADLINE_MS);
    return postfix;
  } catch (error) {
    const said = await postfix.log();
    await postfix[Symbol.asyncDispose]();
    throw new Error(`Postfix does not start: ${said}`, { cause: error });
  }
}

class RunningPostfix implements Postfix {
  readonly folder: string;
  readonly #config: string;
  readonly #child: ChildProcess;

  constructor(folder: string, config: string, child: ChildProcess) {
    this.folder = folder;
    this.#config = config;
    this.#child = child;
  }

  run(command: string, ...args: readonly string[]): Promise<string> {
    return runTool([command, '-c', this.#config, ...args]);
  }

  log(): Promise<string> {
    return readFile(join(this.folder, 'mail.log'), 'utf8').catch(() => '');
  }

  async logLine(pattern: RegExp): Promise<string> {
    for (const deadline = Date.now() + 15_000; Date.now() < deadline; await sleep(20)) {
      const found = (await this.log()).split('\n').find((line) => pattern.test(line));
      if (found !== undefined) return found;
    }
    throw new Error(`no line of the log matches ${pattern}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await stopDaemon(this.#child);
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

/** Writes all that it reads; gives the folder of its configuration. */
async function writeFolder(folder: string, { main, services, files = {} }: PostfixOptions): Promise<string> {
  const config = join(folder, 'config');
  const spool = join(folder, 'spool');
  const data = join(folder, 'data');
  for (const path of [config, spool, data]) await mkdir(path);
  const settings = {
    compatibility_level: '3.6',
    mail_owner: 'postfix',
    setgid_group: 'postdrop',
    queue_directory: spool,
    data_directory: data,
    daemon_directory: DAEMONS,
    command_directory: '/usr/sbin',
    meta_directory: '/etc/postfix',
    maillog_file: join(folder, 'mail.log'),
    maillog_file_prefixes: folder,
    inet_interfaces: '127.0.0.1',
    inet_protocols: 'ipv4',
    myhostname: 'mx.example.test',
    mydestination: '',
    alias_maps: '',
    alias_database: '',
    local_recipient_maps: '',
    smtpd_peername_lookup: 'no',
    biff: 'no',
    ...main,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`);
  const all = { ...files, 'config/main.cf': lines.join(''), 'config/master.cf': `${SERVICES}${services.join('\n')}\n` };
  for (const [name, text] of Object.entries(all)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text.replaceAll('FOLDER', folder));
  }
  await giveTo('postfix', data);
  // Makes the folders of the queue, each with its owner.
  await runTool(['postfix', '-c', config, 'check']);
  return config;
}

async function giveTo(user: string, path: string): Promise<void> {
  const [uid, gid] = await Promise.all(['-u', '-g'].map((flag) => runTool(['id', flag, user])));
  await chown(path, Number(uid), Number(gid));
}
