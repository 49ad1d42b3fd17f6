/**
 * A real Dovecot for tests and the demo, 2.3 or 2.4: on free loopback ports, with everything it writes in a temporary folder,
 * asking the service through integrations/dovecot/nauthilus.lua. Needs root, since Dovecot changes its user; stopped by its
 * pid.
 *
 * @module
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chown, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeSelfSigned } from '../../src/cli/init/self-signed.ts';
import { isOpen } from './child-daemon.ts';
import { renderDovecot24Config } from './dovecot-24-config.ts';
import { type DovecotConfig, MAIL_PROTOCOLS, type MailProtocol, renderDovecotConfig } from './dovecot-config.ts';
import { type DovecotHost, type DovecotVersion, openDovecotHost } from './dovecot-host.ts';
import { freePort } from './free-port.ts';
import type { ToolResult } from './run-tool.ts';
import type { TrixieFolder } from './trixie.ts';

const INTEGRATION = new URL('../../integrations/dovecot/', import.meta.url);
const START_DEADLINE_MS = 15_000;
const STOP_DEADLINE_MS = 10_000;

export interface DovecotOptions
  extends Partial<
    Pick<
      DovecotConfig,
      'prefetch' | 'useWorker' | 'masters' | 'cacheKey' | 'address' | 'databases' | 'lines' | 'protocols' | 'relayPort'
    >
  > {
  readonly version: DovecotVersion;
  /** The service's JSON door. */
  readonly url: string;
  /** The caller's credential, word for word as it stands in the secret file. */
  readonly secret: string;
  /** PEM text of what is trusted when the service is asked over HTTPS. */
  readonly ca?: string | undefined;
  /** Lines of the settings file beside url and secret_file, in Lua. */
  readonly settings?: string;
  /** Text of a script that stands in for ours; SECRET_FILE in it becomes the path of the secret file. */
  readonly script?: string;
  /** More files for its folder, by name, which everybody may read. */
  readonly files?: Readonly<Record<string, string>>;
  /** Names and passwords of master users that Dovecot itself knows. */
  readonly masterUsers?: Readonly<Record<string, string>>;
  /** Where others have to know the port before it starts. */
  readonly imapPort?: number;
}

export interface Dovecot extends AsyncDisposable {
  readonly version: DovecotVersion;
  /** Its folder for everybody but itself. */
  readonly folder: string;
  readonly ports: DovecotConfig['ports'];
  readonly pid: number | undefined;
  /** What it has logged so far. */
  log(): Promise<string>;
  /** What it has logged behind `from`, once that matches. @throws {Error} where it does not within 5 s */
  logged(pattern: RegExp, from?: number): Promise<string>;
  /** Runs `doveadm` against it. */
  doveadm(...args: readonly string[]): Promise<ToolResult>;
}

/** What the version can serve here: ManageSieve has a package of its own. */
export function protocolsOf(version: DovecotVersion): readonly MailProtocol[] {
  return version === '2.3' ? MAIL_PROTOCOLS.filter((protocol) => protocol !== 'sieve') : MAIL_PROTOCOLS;
}

/** Starts a Dovecot; its ports take connections once the promise is fulfilled. */
export async function startDovecot(options: DovecotOptions): Promise<Dovecot> {
  const host = await openDovecotHost(options.version);
  const folder = await host.folder();
  const ports = {
    imap: options.imapPort ?? (await freePort()),
    pop3: await freePort(),
    submission: await freePort(),
    lmtp: await freePort(),
    sieve: await freePort(),
  };
  const dovecot = new RunningDovecot({ version: options.version, host, folder, ports });
  try {
    const protocols = options.protocols ?? protocolsOf(options.version);
    await fillFolder(host, folder, { ports, protocols }, options);
    await dovecot.start(protocols, options.address);
    return dovecot;
  } catch (error) {
    await dovecot[Symbol.asyncDispose]();
    throw error;
  }
}

async function fillFolder(
  host: DovecotHost,
  folder: TrixieFolder,
  listening: Pick<DovecotConfig, 'ports' | 'protocols'>,
  options: DovecotOptions,
): Promise<void> {
  const at = (name: string) => join(folder.outside, name);
  const inside = (name: string) => `${folder.inside}/${name}`;
  for (const name of ['run', 'state', 'mail']) await mkdir(at(name));
  await chown(at('mail'), host.mailOwner, host.mailOwner);
  await writeGlue(at, inside('secret'), options);
  await chown(at('secret'), 0, host.dovecotGroup);

  const server = await makeSelfSigned(['localhost'], ['127.0.0.1'], new Date());
  await writeFile(at('server.pem'), server.certificate);
  await writeFile(at('server.key'), server.key, { mode: 0o600 });
  if (options.ca !== undefined) await writeFile(at('service-ca.pem'), options.ca);
  for (const [name, text] of Object.entries(options.files ?? {})) await writeFile(at(name), text);
  const masters = Object.entries(options.masterUsers ?? {});
  await writeFile(at('master-users'), masters.map(([name, password]) => `${name}:{PLAIN}${password}::::::\n`).join(''));
  await writeFile(at('acl'), 'Restricted owner lr\nRestricted group-override=staff lrwstipekxa\n');
  const render = options.version === '2.3' ? renderDovecotConfig : renderDovecot24Config;
  await writeFile(at('dovecot.conf'), render(configOf(host, folder.inside, listening, options)));
}

function configOf(
  { mailOwner }: DovecotHost,
  folder: string,
  listening: Pick<DovecotConfig, 'ports' | 'protocols'>,
  { ca, lines = [], databases, ...options }: DovecotOptions,
): DovecotConfig {
  return {
    address: '127.0.0.1',
    relayPort: 25,
    prefetch: true,
    useWorker: true,
    masters: 'file',
    cacheKey: undefined,
    ...options,
    ...listening,
    folder,
    databases: databases?.replaceAll('$FOLDER', folder),
    lines: lines.map((line) => line.replaceAll('$FOLDER', folder)),
    caFile: ca === undefined ? undefined : `${folder}/service-ca.pem`,
    mailOwner,
  };
}

async function writeGlue(
  at: (name: string) => string,
  secretFile: string,
  { url, secret, settings = '', script }: DovecotOptions,
): Promise<void> {
  if (script === undefined) await copyFile(new URL('nauthilus.lua', INTEGRATION), at('nauthilus.lua'));
  else await writeFile(at('nauthilus.lua'), script.replaceAll('SECRET_FILE', secretFile));
  const lua = `return { url = '${url}', secret_file = '${secretFile}', ${settings} }\n`;
  await writeFile(at('nauthilus-settings.lua'), lua);
  await writeFile(at('secret'), secret, { mode: 0o640 });
}

class RunningDovecot implements Dovecot {
  readonly version: DovecotVersion;
  readonly folder: string;
  readonly ports: DovecotConfig['ports'];
  readonly #host: DovecotHost;
  readonly #folder: TrixieFolder;
  #child: ChildProcess | undefined;
  readonly #stopWithParent = (): void => {
    this.#child?.kill('SIGTERM');
  };

  constructor(parts: {
    readonly version: DovecotVersion;
    readonly host: DovecotHost;
    readonly folder: TrixieFolder;
    readonly ports: DovecotConfig['ports'];
  }) {
    this.version = parts.version;
    this.#host = parts.host;
    this.#folder = parts.folder;
    this.folder = parts.folder.outside;
    this.ports = parts.ports;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  async start(protocols: DovecotConfig['protocols'], address = '127.0.0.1'): Promise<void> {
    const child = this.#host.spawn('dovecot', ['-F', '-c', `${this.#folder.inside}/dovecot.conf`]);
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
        !(await isOpen(this.ports[protocol], address));
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

  async logged(pattern: RegExp, from = 0): Promise<string> {
    for (const deadline = Date.now() + 15_000; ; await sleep(20)) {
      const said = (await this.log()).slice(from);
      if (pattern.test(said)) return said;
      if (Date.now() > deadline) throw new Error(`no line of Dovecot's log matches ${pattern}: ${said}`);
    }
  }

  doveadm(...args: readonly string[]): Promise<ToolResult> {
    return this.#host.try(['doveadm', '-c', `${this.#folder.inside}/dovecot.conf`, ...args]);
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
    await this.#folder[Symbol.asyncDispose]();
  }
}
