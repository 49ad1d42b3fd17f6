/**
 * Our own service for tests with real mail servers: started by its launcher as an operator would, over HTTPS on a free
 * loopback port, with a generated configuration and accounts of the test's own. Stopped by its pid.
 *
 * @module
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeSelfSigned } from '../../src/cli/init/self-signed.ts';
import { Secret } from '../../src/login/secret.ts';
import { hashPassword } from '../../src/passwords/hash-password.ts';
import { freePort } from './free-port.ts';
import { NauthilusProcess } from './nauthilus-process.ts';

export interface NauthilusOptions {
  /** The accounts, in the form of passwd-file. */
  readonly accounts: string;
  /** Further settings of the backend, as lines of YAML: `attributes: { quota_rule: rnsMSQuota }`. */
  readonly backendSettings?: readonly string[];
  /** Instead of the one backend with the accounts, as the configuration has them; the accounts are in `accounts.passwd`. */
  readonly backends?: readonly object[];
  /** Further files beside the configuration, such as secrets, by their names. */
  readonly files?: Readonly<Record<string, string>>;
  /** Another listener, on loopback and without TLS. */
  readonly plainPort?: number;
  /** Other listeners, each as an item of YAML. */
  readonly listeners?: readonly string[];
  /** Further settings of the configuration, as lines of YAML. */
  readonly settings?: readonly string[];
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
  readonly pid: number | undefined;
  /** What it has logged so far, a JSON object a line. */
  log(): Promise<string>;
  /** The first line of the log that matches; lines are written in batches. @throws {Error} where none comes within 5 s */
  logLine(pattern: RegExp): Promise<string>;
  /** All lines of the log that match, once there are as many. @throws {Error} where so many do not come within 5 s */
  logLines(pattern: RegExp, atLeast: number): Promise<readonly string[]>;
  /** Starts it again on the same port. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts the service; it answers once the promise is fulfilled. */
export async function startNauthilus(options: NauthilusOptions): Promise<Nauthilus> {
  const { accounts, files = {}, credential = 'dovecot:s3cret-basic' } = options;
  const folder = await mkdtemp(join(tmpdir(), 'nauthilus-service-'));
  const { certificate, key } = await makeSelfSigned(['localhost'], ['127.0.0.1'], new Date());
  const port = await freePort();
  await writeFile(join(folder, 'certificate.pem'), certificate);
  await writeFile(join(folder, 'key.pem'), key, { mode: 0o600 });
  await writeFile(join(folder, 'accounts.passwd'), accounts);
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, { mode: 0o600 });
  await writeFile(join(folder, 'nauthilus.yaml'), await renderConfig(port, credential, options));
  const service = new RunningNauthilus({ folder, port, ca: certificate, credential });
  try {
    await service.start();
    return service;
  } catch (error) {
    await service[Symbol.asyncDispose]();
    throw error;
  }
}

async function renderConfig(
  port: number,
  credential: string,
  { backends, backendSettings = [], plainPort, listeners = [], settings = [] }: NauthilusOptions,
): Promise<string> {
  const colon = credential.indexOf(':');
  const hash = await hashPassword(Secret.fromText(credential.slice(colon + 1)));
  return `listeners:
  - address: 127.0.0.1
    port: ${port}
    tls: { certificate: certificate.pem, key: key.pem }
${plainPort === undefined ? '' : `  - { address: 127.0.0.1, port: ${plainPort} }\n`}${listeners.map((item) => `  - ${item}\n`).join('')}callers:
  - name: ${credential.slice(0, colon)}
    secret: '${hash}'
    scopes: [authenticate, lookup, list, policy]
${backends === undefined ? renderFileBackend(backendSettings) : `backends: ${JSON.stringify(backends)}\n`}${settings.map((line) => `${line}\n`).join('')}`;
}

function renderFileBackend(settings: readonly string[]): string {
  return `backends:
  - name: accounts
    type: file
    path: accounts.passwd
${settings.map((line) => `    ${line}\n`).join('')}`;
}

class RunningNauthilus implements Nauthilus {
  readonly url: string;
  readonly ca: string;
  readonly caFile: string;
  readonly credential: string;
  readonly accountsFile: string;
  readonly #folder: string;
  readonly #process: NauthilusProcess;

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
    this.#process = new NauthilusProcess(parts.folder);
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  start(): Promise<void> {
    return this.#process.start();
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }

  log(): Promise<string> {
    return this.#process.log();
  }

  async logLine(pattern: RegExp): Promise<string> {
    const [line] = await this.logLines(pattern, 1);
    return line as string;
  }

  async logLines(pattern: RegExp, atLeast: number): Promise<readonly string[]> {
    for (const deadline = Date.now() + 15_000; Date.now() < deadline; await sleep(20)) {
      const found = (await this.log()).split('\n').filter((line) => pattern.test(line));
      if (found.length >= atLeast) return found;
    }
    throw new Error(`fewer than ${atLeast} lines of the log match ${pattern}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
