/**
 * A real slapd for tests, on loopback ports and a socket in a temporary folder, set up with the files of
 * integrations/openldap by the commands an operator would give. Stopped by its pid, or by `await using`.
 *
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KeyPairFiles } from './certificate-authority.ts';
import { freePort } from './free-port.ts';
import { renderAccounts } from './generated-accounts.ts';
import { pauseProcess } from './pause-process.ts';
import { runTool } from './run-tool.ts';
import { readIntegration, renderSlapdConfig } from './slapd-config.ts';

const BASE_DN = 'dc=example,dc=test';
// An anonymous bind, RFC 4511 4.2, message id 1: what only a slapd that is up answers.
const ANONYMOUS_BIND = Buffer.from('300c020101600702010304008000', 'hex');

export interface SlapdOptions {
  /** `sample` is integrations/openldap/sample-tree.ldif, `bare` only the base entry and ou=people. Default sample. */
  readonly tree?: 'sample' | 'bare';
  /** Accounts besides those of the tree; see `generatedAccount`. */
  readonly accounts?: number;
  /** Which access rules are in force: with `compare` the service account reads `userPassword`. Default bind. */
  readonly access?: 'bind' | 'compare';
  /** The server's own certificate with the authority that clients' certificates come from. */
  readonly tls?: KeyPairFiles & { readonly ca: string };
  readonly passwordPolicy?: boolean;
  /** Entries that one search without paging gives at most. Default 500. */
  readonly sizeLimit?: number;
  /** Further LDIF for the tree, such as entries of a test's own. */
  readonly ldif?: string;
}

export interface Slapd extends AsyncDisposable {
  readonly baseDn: string;
  readonly serviceDn: string;
  readonly servicePassword: string;
  readonly folder: string;
  readonly port: number;
  readonly tlsPort: number;
  /** `ldap://127.0.0.1:PORT` */
  readonly url: string;
  /** `ldaps://127.0.0.1:PORT`; nothing listens there without `tls`. The certificate needs `IP:127.0.0.1` as a name. */
  readonly tlsUrl: string;
  /** `ldapi://%2F…`; root who comes this way may do everything (SASL EXTERNAL). */
  readonly socketUrl: string;
  readonly pid: number | undefined;
  /** Starts again on the same ports with the data as it was. */
  start(): Promise<void>;
  /** Ends it in an orderly way. */
  stop(): Promise<void>;
  /** Ends it at once (SIGKILL): peers see a reset or nothing at all. */
  kill(): Promise<void>;
  /** SIGSTOP: its sockets still take connections, nothing is ever answered. */
  pause(): void;
  /** SIGCONT */
  resume(): void;
  /** Starts again on the same ports; `empty` without a single entry. */
  restart(options?: { readonly empty?: boolean }): Promise<void>;
  /** Starts again on the same ports with the entries that a restart as `empty` has left out. */
  refill(): Promise<void>;
  /** `ldapmodify -a` as root: changes of entries or of cn=config, in LDIF. */
  modify(ldif: string): Promise<void>;
}

/** Starts a slapd; it answers once the promise is fulfilled. */
export async function startSlapd(options: SlapdOptions = {}): Promise<Slapd> {
  const slapd = new RunningSlapd(await mkdtemp(join(tmpdir(), 'nauthilus-slapd-')), {
    port: await freePort(),
    tlsPort: await freePort(),
  });
  try {
    await slapd.setUp(options);
    return slapd;
  } catch (error) {
    await slapd[Symbol.asyncDispose]();
    throw error;
  }
}

class RunningSlapd implements Slapd {
  readonly baseDn = BASE_DN;
  readonly serviceDn = `cn=nauthilus,ou=services,${BASE_DN}`;
  readonly servicePassword = 'nauthilus-secret';
  readonly folder: string;
  readonly port: number;
  readonly tlsPort: number;
  readonly url: string;
  readonly tlsUrl: string;
  readonly socketUrl: string;
  readonly #config: string;
  readonly #data: string;
  readonly #kept: string;
  #listen: readonly string[] = [];
  #child: ChildProcess | undefined;
  readonly #killWithParent = (): void => {
    this.#child?.kill('SIGKILL');
  };

  constructor(folder: string, ports: { readonly port: number; readonly tlsPort: number }) {
    this.folder = folder;
    this.port = ports.port;
    this.tlsPort = ports.tlsPort;
    this.url = `ldap://127.0.0.1:${this.port}`;
    this.tlsUrl = `ldaps://127.0.0.1:${this.tlsPort}`;
    this.socketUrl = `ldapi://${encodeURIComponent(join(folder, 'ldapi'))}`;
    this.#config = join(folder, 'slapd.d');
    this.#data = join(folder, 'data');
    this.#kept = join(folder, 'kept-data');
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  async setUp(options: SlapdOptions): Promise<void> {
    const { tls, sizeLimit = 500, accounts = 0, tree = 'sample' } = options;
    await mkdir(this.#config);
    await mkdir(this.#data);
    const config = renderSlapdConfig({ dataFolder: this.#data, baseDn: BASE_DN, sizeLimit, tls });
    await runTool(['slapadd', '-n', '0', '-F', this.#config], config);
    await this.#add(`dn: ${BASE_DN}\nobjectClass: domain\ndc: example\n`);
    this.#listen = [this.url, this.socketUrl, ...(tls === undefined ? [] : [this.tlsUrl])];
    process.once('exit', this.#killWithParent);
    await this.start();
    await this.#applyIntegration('nauthilus.ldif');
    await this.#applyIntegration('database.ldif');
    await this.#applyIntegration(options.access === 'compare' ? 'access-compare.ldif' : 'access.ldif');
    if (options.passwordPolicy === true) await this.#applyIntegration('password-policy.ldif');
    if (tree === 'sample') await this.#applyIntegration('sample-tree.ldif');
    else await this.modify(`dn: ou=people,${BASE_DN}\nobjectClass: organizationalUnit\nou: people\n`);
    if (options.ldif !== undefined) await this.modify(options.ldif);
    if (accounts > 0) await this.#addAccounts(accounts);
  }

  async start(): Promise<void> {
    const args = ['-d', '0', '-F', this.#config, '-h', this.#listen.join(' ')];
    const child = spawn('/usr/sbin/slapd', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let complaint = '';
    child.stderr.on('data', (piece: Buffer) => {
      complaint = (complaint + piece.toString()).slice(-2000);
    });
    this.#child = child;
    for (const deadline = Date.now() + 10_000; !(await this.#answers()); await sleep(10)) {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`slapd does not start: ${complaint}`);
      if (Date.now() > deadline) throw new Error(`slapd does not answer within 10 s: ${complaint}`);
    }
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  pause(): void {
    pauseProcess(this.#child);
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  async restart({ empty = false } = {}): Promise<void> {
    await this.stop();
    if (empty) {
      await rename(this.#data, this.#kept);
      await mkdir(this.#data);
    }
    await this.start();
  }

  async refill(): Promise<void> {
    await this.stop();
    await rm(this.#data, { recursive: true });
    await rename(this.#kept, this.#data);
    await this.start();
  }

  async modify(ldif: string): Promise<void> {
    await runTool(['ldapmodify', '-a', '-Q', '-Y', 'EXTERNAL', '-H', this.socketUrl], ldif);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.removeListener('exit', this.#killWithParent);
    await this.#end('SIGKILL');
    await rm(this.folder, { recursive: true, force: true });
  }

  async #applyIntegration(name: string): Promise<void> {
    await this.modify(await readIntegration(name, BASE_DN));
  }

  async #addAccounts(count: number): Promise<void> {
    await this.stop();
    await this.#add(renderAccounts(count, BASE_DN));
    await this.start();
  }

  async #add(ldif: string | Iterable<string>): Promise<void> {
    await runTool(['slapadd', '-q', '-n', '1', '-F', this.#config], ldif);
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    // A paused process takes SIGTERM only once it goes on.
    child.kill('SIGCONT');
    await exited;
  }

  #answers(): Promise<boolean> {
    const socket = connect(this.port, '127.0.0.1');
    const answer = new Promise<boolean>((resolve) => {
      socket
        .once('data', () => resolve(true))
        .once('error', () => resolve(false))
        .once('close', () => resolve(false));
      socket.setTimeout(1000, () => resolve(false));
    });
    socket.write(ANONYMOUS_BIND);
    return answer.finally(() => socket.destroy());
  }
}
