import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { formatProblem } from '../../../src/config/config-error.ts';
import { Secret } from '../../../src/login/secret.ts';
import type { ReloadOutcome } from '../../../src/supervision/reloads.ts';
import { hashPassword } from '../../../src/passwords/hash-password.ts';

const LAUNCHER = fileURLToPath(new URL('../../../bin/nauthilus', import.meta.url));
/** Most of a start is reading the program; kept for all that these tests start. */
const ENVIRONMENT = { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'nauthilus-compile-cache') };
const START_DEADLINE_MS = 60_000;
const STOP_DEADLINE_MS = 30_000;

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a command to its end. */
export async function runCommand(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const child = spawn(LAUNCHER, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...ENVIRONMENT, ...env } });
  let out = '';
  let err = '';
  child.stdout.on('data', (piece: Buffer) => (out += piece.toString()));
  child.stderr.on('data', (piece: Buffer) => (err += piece.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, err };
}

/** Waits until something is so. @throws {Error} where it is not within the time */
export async function until(what: string, isSo: () => Promise<boolean> | boolean, ms = 60_000): Promise<void> {
  for (const deadline = Date.now() + ms; !(await isSo()); await sleep(25))
    if (Date.now() > deadline) throw new Error(`never: ${what}`);
}

/** Why a reload was refused, one problem a line. @throws {Error} where it was not */
export function refusal(outcome: ReloadOutcome): string {
  if (outcome.kind !== 'refused') throw new Error('it was not refused');
  return outcome.problems.map((problem) => formatProblem(problem)).join('\n');
}

export interface Settings {
  readonly ports: readonly number[];
  /** Further listeners, each as an item of YAML. */
  readonly listeners?: readonly string[];
  /** Further lines of YAML. */
  readonly more?: readonly string[];
  readonly secret?: string;
}

/** A folder with a configuration and two accounts, and the service that runs on it. */
export class RunningService implements AsyncDisposable {
  readonly folder: string;
  readonly config: string;
  #child: ChildProcess | undefined;
  #said = '';
  readonly #killWithParent = (): void => {
    this.#child?.kill('SIGKILL');
  };

  private constructor(folder: string) {
    this.folder = folder;
    this.config = join(folder, 'nauthilus.yaml');
    process.once('exit', this.#killWithParent);
  }

  /** Makes the folder; nothing runs yet. */
  static async prepare(settings: Settings): Promise<RunningService> {
    const service = new RunningService(await mkdtemp(join(tmpdir(), 'nauthilus-supervision-')));
    await service.accounts();
    await writeFile(join(service.folder, 'state-secret'), 'a secret of at least sixteen bytes', { mode: 0o600 });
    await service.configure(settings);
    return service;
  }

  /** Prepares and starts. */
  static async start(settings: Settings): Promise<RunningService> {
    const service = await RunningService.prepare(settings);
    try {
      await service.start();
      return service;
    } catch (error) {
      await service[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Writes the file of accounts. */
  async accounts(): Promise<void> {
    const password = await hashPassword(Secret.fromText('alice-pw'), 'SSHA256');
    await writeFile(join(this.folder, 'accounts.passwd'), `alice@example.test:${password}\n`);
  }

  /** Writes another configuration. */
  async configure({ ports, listeners: others = [], more = [], secret = 'first' }: Settings): Promise<void> {
    const hash = await hashPassword(Secret.fromText(secret), 'SSHA256');
    const listeners = [
      ...ports.map((port) => `  - { address: 127.0.0.1, port: ${port} }`),
      ...others.map((item) => `  - ${item}`),
    ];
    const text = `listeners:
${listeners.join('\n')}
callers:
  - { name: mx, secret: '${hash}', scopes: [authenticate, lookup, list, admin] }
backends:
  - { name: accounts, type: file, path: accounts.passwd }
shutdown: { deadline: 5s }
${more.join('\n')}
`;
    await writeFile(this.config, text);
  }

  /** @param by a program that is given the command line of the service, with its own arguments */
  async start(env: NodeJS.ProcessEnv = {}, by: readonly string[] = []): Promise<void> {
    const log = await open(join(this.folder, 'service.log'), 'a');
    const [program = LAUNCHER, ...args] = by.length === 0 ? [] : [...by, LAUNCHER];
    const child = spawn(program, [...args, 'serve', '--config', this.config], {
      stdio: ['ignore', log.fd, 'pipe'],
      env: { ...ENVIRONMENT, ...env },
    });
    await log.close();
    this.#child = child;
    this.#said = '';
    child.stderr?.on('data', (piece: Buffer) => {
      this.#said += piece.toString();
    });
    await until(
      'the service is ready or ends',
      () => this.#said.includes(' is ready: ') || this.hasEnded,
      START_DEADLINE_MS,
    );
    if (this.hasEnded) throw new Error(`the service ended: ${this.#said}`);
  }

  get hasEnded(): boolean {
    return this.#child === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Ends it with a signal. @returns its exit code */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    if (child === undefined || this.hasEnded) return child?.exitCode ?? null;
    const ended = once(child, 'exit');
    child.kill(signal);
    const deadline = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
    await ended;
    clearTimeout(deadline);
    return child.exitCode;
  }

  /** As `nauthilus reload`, without a process for the command. */
  async reload(): Promise<ReloadOutcome> {
    return JSON.parse((await this.control('POST', '/api/v1/reload')).body) as ReloadOutcome;
  }

  reloadByCommand(): Promise<Ended> {
    return runCommand(['reload', '--config', this.config]);
  }

  /** What the control socket answers. */
  async status(): Promise<{ readonly workers: readonly { readonly worker: number; readonly pid: number }[] }> {
    const { body } = await this.control('GET', '/api/v1/status');
    return JSON.parse(body) as { workers: { worker: number; pid: number }[] };
  }

  async control(method: string, path: string): Promise<{ readonly status: number; readonly body: string }> {
    const socketPath = join(this.folder, 'run', 'control.sock');
    const sent = request({ socketPath, method, path, agent: false }).end();
    const [res] = (await once(sent, 'response')) as [IncomingMessage];
    let body = '';
    for await (const piece of res) body += String(piece);
    return { status: res.statusCode ?? 0, body };
  }

  async lines(): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const text = await readFile(join(this.folder, 'service.log'), 'utf8');
    return text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.removeListener('exit', this.#killWithParent);
    await this.end('SIGTERM');
    await rm(this.folder, { recursive: true, force: true });
  }
}
