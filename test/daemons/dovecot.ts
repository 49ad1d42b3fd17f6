/**
 * A real Dovecot for tests and the demo: on free loopback ports, with everything it writes in a temporary folder, asking the
 * service through integrations/dovecot/nauthilus.lua. Needs root, since Dovecot changes its user; stopped by its pid.
 *
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeSelfSigned } from '../../src/cli/init/self-signed.ts';
import { type DovecotConfig, renderDovecotConfig } from './dovecot-config.ts';
import { freePort } from './free-port.ts';
import { runTool, type ToolResult, tryTool } from './run-tool.ts';

const INTEGRATION = new URL('../../integrations/dovecot/', import.meta.url);
const MAIL_OWNER = 5000;
const START_DEADLINE_MS = 15_000;
const STOP_DEADLINE_MS = 10_000;

export interface DovecotOptions
  extends Partial<Pick<DovecotConfig, 'prefetch' | 'masterUsers' | 'lines' | 'protocols'>> {
  /** The service's JSON door. */
  readonly url: string;
  /** The caller's credential, word for word as it stands in the secret file. */
  readonly secret: string;
  /** PEM text of what is trusted when the service is asked over HTTPS. */
  readonly ca?: string;
  /** Lines of the settings file beside url and secret_file, in Lua. */
  readonly settings?: string;
  readonly relayPort?: number;
}

export interface Dovecot extends AsyncDisposable {
  readonly folder: string;
  readonly ports: DovecotConfig['ports'];
  readonly pid: number | undefined;
  /** What it has logged so far. */
  log(): Promise<string>;
  /** Runs `doveadm` against it. */
  doveadm(...args: readonly string[]): Promise<ToolResult>;
}

/** Starts a Dovecot; its ports take connections once the promise is fulfilled. */
export async function startDovecot(options: DovecotOptions): Promise<Dovecot> {
  if (process.getuid?.() !== 0)
    throw new Error('Dovecot can only be started by root: it runs its parts as other users');
  const folder = await mkdtemp(join(tmpdir(), 'nauthilus-dovecot-'));
  const ports = {
    imap: await freePort(),
    pop3: await freePort(),
    submission: await freePort(),
    lmtp: await freePort(),
  };
  const dovecot = new RunningDovecot(folder, ports);
  try {
    await fillFolder(folder, ports, options);
    await dovecot.start(options.protocols ?? ALL_PROTOCOLS);
    return dovecot;
  } catch (error) {
    await dovecot[Symbol.asyncDispose]();
    throw error;
  }
}

const ALL_PROTOCOLS = ['imap', 'pop3', 'submission', 'lmtp'] as const;

async function fillFolder(folder: string, ports: DovecotConfig['ports'], options: DovecotOptions): Promise<void> {
  const { url, secret, ca, settings = '', relayPort = 25, masterUsers = {}, lines = [], prefetch = true } = options;
  const at = (name: string) => join(folder, name);
  await chmod(folder, 0o755);
  for (const name of ['run', 'state', 'mail']) await mkdir(at(name));
  await chown(at('mail'), MAIL_OWNER, MAIL_OWNER);

  await copyFile(new URL('nauthilus.lua', INTEGRATION), at('nauthilus.lua'));
  const lua = `return { url = '${url}', secret_file = '${at('secret')}', ${settings} }\n`;
  await writeFile(at('nauthilus-settings.lua'), lua);
  await writeFile(at('secret'), secret, { mode: 0o640 });
  await chown(at('secret'), 0, await groupOf('dovecot'));

  const server = await makeSelfSigned(['localhost'], ['127.0.0.1'], new Date());
  await writeFile(at('server.pem'), server.certificate);
  await writeFile(at('server.key'), server.key, { mode: 0o600 });
  if (ca !== undefined) await writeFile(at('service-ca.pem'), ca);
  const masters = Object.entries(masterUsers).map(([name, password]) => `${name}:{PLAIN}${password}::::::\n`);
  await writeFile(at('master-users'), masters.join(''));
  await writeFile(at('acl'), 'Restricted owner lr\nRestricted group-override=staff lrwstipekxa\n');
  const config = renderDovecotConfig({
    folder,
    ports,
    protocols: options.protocols ?? ALL_PROTOCOLS,
    relayPort,
    prefetch,
    masterUsers,
    lines,
    caFile: ca === undefined ? undefined : at('service-ca.pem'),
    mailOwner: MAIL_OWNER,
  });
  await writeFile(at('dovecot.conf'), config);
}

async function groupOf(name: string): Promise<number> {
  return Number((await runTool(['getent', 'group', name])).split(':')[2]);
}

class RunningDovecot implements Dovecot {
  readonly folder: string;
  readonly ports: DovecotConfig['ports'];
  #child: ChildProcess | undefined;
  readonly #stopWithParent = (): void => {
    this.#child?.kill('SIGTERM');
  };

  constructor(folder: string, ports: DovecotConfig['ports']) {
    this.folder = folder;
    this.ports = ports;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  async start(protocols: DovecotConfig['protocols']): Promise<void> {
    const child = spawn('dovecot', ['-F', '-c', join(this.folder, 'dovecot.conf')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let complaint = '';
    child.stderr.on('data', (piece: Buffer) => {
      complaint = (complaint + piece.toString()).slice(-2000);
    });
    this.#child = child;
    process.once('exit', this.#stopWithParent);
    for (const protocol of protocols) {
      for (
        const deadline = Date.now() + START_DEADLINE_MS;
        !(await takesConnections(this.ports[protocol]));
        await sleep(20)
      ) {
        if (child.exitCode !== null || child.signalCode !== null || Date.now() > deadline) {
          throw new Error(`Dovecot does not start: ${complaint}${await this.log()}`);
        }
      }
    }
  }

  async log(): Promise<string> {
    return readFile(join(this.folder, 'dovecot.log'), 'utf8').catch(() => '');
  }

  doveadm(...args: readonly string[]): Promise<ToolResult> {
    return tryTool(['doveadm', '-c', join(this.folder, 'dovecot.conf'), ...args]);
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
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
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
