/**
 * Our own service for tests with real mail servers: started by its launcher as an operator would, over HTTPS on a free
 * loopback port, with a generated configuration and accounts of the test's own. Stopped by its pid.
 *
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { makeSelfSigned } from '../../src/cli/init/self-signed.ts';
import { Secret } from '../../src/login/secret.ts';
import { hashPassword } from '../../src/passwords/hash-password.ts';
import { freePort } from './free-port.ts';

const LAUNCHER = fileURLToPath(new URL('../../bin/nauthilus', import.meta.url));
const START_DEADLINE_MS = 20_000;
const STOP_DEADLINE_MS = 15_000;

export interface NauthilusOptions {
  /** The accounts, in the form of passwd-file. */
  readonly accounts: string;
  /** Further settings of the backend, as lines of YAML: `attributes: { quota_rule: rnsMSQuota }`. */
  readonly backendSettings?: readonly string[];
  /** Name and secret of the one caller, `name:secret`. */
  readonly credential?: string;
}

export interface Nauthilus extends AsyncDisposable {
  /** The JSON door. */
  readonly url: string;
  /** PEM text of its certificate, which signed itself. */
  readonly ca: string;
  readonly caFile: string;
  readonly credential: string;
  readonly accountsFile: string;
  /** What it has logged so far, a JSON object a line. */
  log(): Promise<string>;
  /** The first line of the log that matches; lines are written in batches. @throws {Error} where none comes within 5 s */
  logLine(pattern: RegExp): Promise<string>;
  /** Starts it again on the same port. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts the service; it answers once the promise is fulfilled. */
export async function startNauthilus(options: NauthilusOptions): Promise<Nauthilus> {
  const { accounts, backendSettings = [], credential = 'dovecot:s3cret-basic' } = options;
  const folder = await mkdtemp(join(tmpdir(), 'nauthilus-service-'));
  const { certificate, key } = await makeSelfSigned(['localhost'], ['127.0.0.1'], new Date());
  const port = await freePort();
  await writeFile(join(folder, 'certificate.pem'), certificate);
  await writeFile(join(folder, 'key.pem'), key, { mode: 0o600 });
  await writeFile(join(folder, 'accounts.passwd'), accounts);
  await writeFile(join(folder, 'nauthilus.yaml'), await renderConfig(port, credential, backendSettings));
  const service = new RunningNauthilus({ folder, port, ca: certificate, credential });
  try {
    await service.start();
    return service;
  } catch (error) {
    await service[Symbol.asyncDispose]();
    throw error;
  }
}

async function renderConfig(port: number, credential: string, backendSettings: readonly string[]): Promise<string> {
  const colon = credential.indexOf(':');
  const hash = await hashPassword(Secret.fromText(credential.slice(colon + 1)));
  return `listeners:
  - address: 127.0.0.1
    port: ${port}
    tls: { certificate: certificate.pem, key: key.pem }
callers:
  - name: ${credential.slice(0, colon)}
    secret: '${hash}'
    scopes: [authenticate, lookup, list]
backends:
  - name: accounts
    type: file
    path: accounts.passwd
${backendSettings.map((line) => `    ${line}\n`).join('')}`;
}

class RunningNauthilus implements Nauthilus {
  readonly url: string;
  readonly ca: string;
  readonly caFile: string;
  readonly credential: string;
  readonly accountsFile: string;
  readonly #folder: string;
  #child: ChildProcess | undefined;
  readonly #stopWithParent = (): void => {
    this.#child?.kill('SIGKILL');
  };

  constructor(parts: {
    readonly folder: string;
    readonly port: number;
    readonly ca: string;
    readonly credential: string;
  }) {
    this.url = `https://127.0.0.1:${parts.port}/api/v1/auth/json`;
    this.ca = parts.ca;
    this.credential = parts.credential;
    this.caFile = join(parts.folder, 'certificate.pem');
    this.accountsFile = join(parts.folder, 'accounts.passwd');
    this.#folder = parts.folder;
    process.once('exit', this.#stopWithParent);
  }

  async start(): Promise<void> {
    const log = await open(join(this.#folder, 'service.log'), 'a');
    const child = spawn(LAUNCHER, ['serve', '--config', join(this.#folder, 'nauthilus.yaml')], {
      stdio: ['ignore', log.fd, 'pipe'],
    });
    await log.close();
    this.#child = child;
    await readiness(child);
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const deadline = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
    await ended;
    clearTimeout(deadline);
  }

  log(): Promise<string> {
    return readFile(join(this.#folder, 'service.log'), 'utf8');
  }

  async logLine(pattern: RegExp): Promise<string> {
    for (const deadline = Date.now() + 5000; Date.now() < deadline; await sleep(20)) {
      const found = (await this.log()).split('\n').find((line) => pattern.test(line));
      if (found !== undefined) return found;
    }
    throw new Error(`no line of the log matches ${pattern}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    process.removeListener('exit', this.#stopWithParent);
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Waits until the service says that it is ready. @throws {Error} with its own words where it ends before, or takes too long */
async function readiness(child: ChildProcess): Promise<void> {
  let said = '';
  const deadline = new AbortController();
  await new Promise<void>((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`the service ${why}: ${said}`));
    sleep(START_DEADLINE_MS, undefined, { signal: deadline.signal }).then(
      () => fail('is not ready within 20 s'),
      () => undefined,
    );
    child.stderr?.on('data', (piece: Buffer) => {
      said = (said + piece.toString()).slice(-4000);
      if (said.includes(' is ready: ')) resolve();
    });
    child.once('exit', (code) => fail(`ended with ${code}`));
    child.once('error', (error) => fail(error.message));
  }).finally(() => deadline.abort());
}
