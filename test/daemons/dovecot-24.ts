/**
 * A real Dovecot 2.4 for tests, from Debian 13, whatever the machine runs: on free loopback ports, with a Lua script of the
 * test's own as its passdb and userdb, and with everything it writes in a folder of its own. Stopped by its pid.
 *
 * @module
 */
import { type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeSelfSigned } from '../../src/cli/init/self-signed.ts';
import { DOVECOT_24_PROTOCOLS, type Dovecot24Config, renderDovecot24Config } from './dovecot-24-config.ts';
import { freePort } from './free-port.ts';
import type { ToolResult } from './run-tool.ts';
import { Trixie, type TrixieFolder } from './trixie.ts';

const START_DEADLINE_MS = 15_000;
const STOP_DEADLINE_MS = 10_000;

export interface Dovecot24Options extends Partial<Pick<Dovecot24Config, 'protocols' | 'useWorker' | 'scriptSettings'>> {
  /** Text of the Lua script that answers for passdb and userdb. */
  readonly script: string;
  /** More files for its folder, by name; the group dovecot may read them. */
  readonly files?: Readonly<Record<string, string>>;
  /** Lines for its configuration, given the path of its folder that it sees. */
  readonly lines?: (folder: string) => Dovecot24Config['lines'];
}

export interface Dovecot24 extends AsyncDisposable {
  /** Its folder, by the path that Dovecot sees and by the one that everybody else does. */
  readonly folder: TrixieFolder;
  readonly ports: Dovecot24Config['ports'];
  readonly pid: number | undefined;
  /** What it has logged so far. */
  log(): Promise<string>;
  /** Runs `doveadm` against it. */
  doveadm(...args: readonly string[]): Promise<ToolResult>;
}

/** Starts a Dovecot 2.4; its ports take connections once the promise is fulfilled. */
export async function startDovecot24(options: Dovecot24Options): Promise<Dovecot24> {
  const trixie = await Trixie.open();
  const folder = await trixie.folder('dovecot');
  const ports = {
    imap: await freePort(),
    pop3: await freePort(),
    submission: await freePort(),
    lmtp: await freePort(),
    sieve: await freePort(),
  };
  const dovecot = new RunningDovecot24(trixie, folder, ports);
  try {
    await fillFolder(trixie, folder, ports, options);
    await dovecot.start(options.protocols ?? DOVECOT_24_PROTOCOLS);
    return dovecot;
  } catch (error) {
    await dovecot[Symbol.asyncDispose]();
    throw error;
  }
}

async function fillFolder(
  trixie: Trixie,
  folder: TrixieFolder,
  ports: Dovecot24Config['ports'],
  options: Dovecot24Options,
): Promise<void> {
  const { script, files = {}, protocols = DOVECOT_24_PROTOCOLS, useWorker = true } = options;
  const at = (name: string) => join(folder.outside, name);
  for (const name of ['run', 'state', 'mail']) await mkdir(at(name));
  const vmail = await trixie.user('vmail');
  await chown(at('mail'), vmail.uid, vmail.gid);

  const server = await makeSelfSigned(['localhost'], ['127.0.0.1'], new Date());
  await writeFile(at('server.pem'), server.certificate);
  await writeFile(at('server.key'), server.key, { mode: 0o600 });
  const { gid } = await trixie.user('dovecot');
  for (const [name, text] of Object.entries({ 'script.lua': script, ...files })) {
    await writeFile(at(name), text, { mode: 0o640 });
    await chown(at(name), 0, gid);
  }
  const config = renderDovecot24Config({
    folder: folder.inside,
    ports,
    protocols,
    useWorker,
    scriptSettings: options.scriptSettings ?? {},
    lines: options.lines?.(folder.inside) ?? [],
  });
  await writeFile(at('dovecot.conf'), config);
}

class RunningDovecot24 implements Dovecot24 {
  readonly folder: TrixieFolder;
  readonly ports: Dovecot24Config['ports'];
  readonly #trixie: Trixie;
  #child: ChildProcess | undefined;
  readonly #stopWithParent = (): void => {
    this.#child?.kill('SIGTERM');
  };

  constructor(trixie: Trixie, folder: TrixieFolder, ports: Dovecot24Config['ports']) {
    this.#trixie = trixie;
    this.folder = folder;
    this.ports = ports;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  async start(protocols: Dovecot24Config['protocols']): Promise<void> {
    const child = this.#trixie.spawn('dovecot', ['-F', '-c', `${this.folder.inside}/dovecot.conf`]);
    let complaint = '';
    child.stderr?.on('data', (piece: Buffer) => {
      complaint = (complaint + piece.toString()).slice(-2000);
    });
    child.stdout?.resume();
    this.#child = child;
    process.once('exit', this.#stopWithParent);
    for (const protocol of protocols) {
      for (
        const deadline = Date.now() + START_DEADLINE_MS;
        !(await takesConnections(this.ports[protocol]));
        await sleep(20)
      ) {
        if (child.exitCode !== null || child.signalCode !== null || Date.now() > deadline) {
          throw new Error(`Dovecot 2.4 does not start: ${complaint}${await this.log()}`);
        }
      }
    }
  }

  async log(): Promise<string> {
    return readFile(join(this.folder.outside, 'dovecot.log'), 'utf8').catch(() => '');
  }

  doveadm(...args: readonly string[]): Promise<ToolResult> {
    return this.#trixie.try(['doveadm', '-c', `${this.folder.inside}/dovecot.conf`, ...args]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.removeListener('exit', this.#stopWithParent);
    const child = this.#child;
    this.#child = undefined;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      const deadline = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
      await ended;
      clearTimeout(deadline);
    }
    await this.folder[Symbol.asyncDispose]();
  }
}

async function takesConnections(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
