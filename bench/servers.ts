import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import path from 'node:path';
import { hash as hashArgon2 } from '@node-rs/argon2';
import { makeSelfSigned } from '../src/cli/init/self-signed.ts';
import { Secret } from '../src/login/secret.ts';
import { hashPassword } from '../src/passwords/hash-password.ts';
import { startBeforeSlapd } from './ldap-server.ts';
import { childrenOf, sharedRedis } from './redis-server.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const READY_WITHIN_MS = 60_000;
const canPin = spawnSync('taskset', ['-c', '0', 'true']).status === 0;

/**
 * `bare` is the yardstick. `cheap` has 100,000 accounts with SSHA512 hashes, the others 100 with Argon2id: `remembering` keeps
 * logins it has proven for longer than any measurement takes, `forgetful` proves each anew. `sharing` asks a Redis on a unix socket
 * about each login, `many` has 100,000 accounts with
 * the least Argon2id there is; `unguarded` is as `cheap` without any rule against guessing; those with `-w2` are two workers that share that Redis. The `ldap-` ones stand before a slapd with 100,000
 * accounts, and remember no logins.
 */
export type ServerName =
  | 'bare'
  | 'cheap'
  | 'cheap-w2'
  | 'unguarded'
  | 'remembering'
  | 'remembering-w2'
  | 'sharing'
  | 'sharing-w2'
  | 'forgetful'
  | 'many'
  | 'ldap-bind'
  | 'ldap-compare';

/** A server under test, pinned to the first core where the system can do that; several workers go where there is room. */
export interface BenchServer extends AsyncDisposable {
  readonly pid: number;
  /** Further processes of it. */
  readonly workerPids?: readonly number[];
  /** Process that the server asks for accounts, where it asks one. */
  readonly peerPid?: number;
  readonly httpPort: number;
  readonly httpsPort: number;
  /** Where the service speaks the SASL protocol of Dovecot. */
  readonly saslPort: number;
}

export interface StartOptions {
  /** Where the server's files go. */
  readonly folder: string;
  /** Where the service runs from: this checkout where absent. */
  readonly checkout?: string | undefined;
  /** For the server's Node, for instance to profile it. */
  readonly nodeOptions?: string | undefined;
}

export const CALLER = { name: 'bench', secret: 'bench-secret' } as const;
export const PASSWORD = 'correct horse battery';
/** Accounts `user0@bench.test` … with a cheap hash. */
export const ACCOUNTS = 100_000;
/** Accounts `strong0@bench.test` … with Argon2id. */
export const STRONG_ACCOUNTS = 100;
/** Accounts `many0@bench.test` … with cheap Argon2id, to be remembered. */
export const REMEMBERED_ACCOUNTS = 100_000;
const CHEAPEST = { memoryCost: 8, timeCost: 1, parallelism: 1 } as const;
const WORKERS = 2;

/** Runs a command on one core. */
export function pinned(core: number, command: string, args: readonly string[]): [string, string[]] {
  return canPin ? ['taskset', ['-c', String(core), command, ...args]] : [command, [...args]];
}

export function startServer(name: ServerName, options: StartOptions): Promise<BenchServer> {
  return STARTERS[name](options);
}

const STARTERS: Readonly<Record<ServerName, (options: StartOptions) => Promise<BenchServer>>> = {
  bare: (options) => startBare(options),
  cheap: (options) => startWithFile(options, cheapAccounts(), {}),
  unguarded: (options) => startWithFile(options, cheapAccounts(), {}, { exempt_callers: [CALLER.name] }),
  'cheap-w2': (options) => startSharing('cheap-w2', options, { accounts: cheapAccounts(), workers: WORKERS }),
  remembering: (options) => startWithFile(options, strongAccounts(), { lifetime: '1d' }),
  'remembering-w2': (options) =>
    startSharing('remembering-w2', options, { accounts: strongAccounts(), workers: WORKERS, memoryLifetime: '1d' }),
  sharing: (options) =>
    startSharing('sharing', options, { accounts: strongAccounts(), workers: 1, memoryLifetime: '0s' }),
  'sharing-w2': (options) =>
    startSharing('sharing-w2', options, { accounts: strongAccounts(), workers: WORKERS, memoryLifetime: '0s' }),
  forgetful: (options) => startWithFile(options, strongAccounts(), { lifetime: '0s' }),
  many: (options) => startWithFile(options, manyAccounts(), { lifetime: '1d' }),
  'ldap-bind': (options) => startBeforeSlapd('bind', options, startNauthilus),
  'ldap-compare': (options) => startBeforeSlapd('compare', options, startNauthilus),
};

const cheapAccounts = () => accountLines('user', ACCOUNTS, 'SSHA512');
const strongAccounts = () => accountLines('strong', STRONG_ACCOUNTS, 'ARGON2ID');

async function startBare(options: StartOptions): Promise<BenchServer> {
  await writeKeyPair(options.folder);
  const [httpPort, httpsPort, saslPort] = await freePorts();
  const script = path.join(ROOT, 'bench/bare-server.ts');
  const args = [script, String(httpPort), String(httpsPort), ...keyPairFiles(options.folder)];
  return ready(spawnServer(process.execPath, args, options), { httpPort, httpsPort, saslPort });
}

async function startWithFile(
  options: StartOptions,
  accounts: Promise<string>,
  verifiedLogins: ServiceParts['verifiedLogins'],
  protection: object = {},
): Promise<BenchServer> {
  const files = { 'accounts.passwd': await accounts };
  return startNauthilus(options, { backends: FILE_BACKEND, files, verifiedLogins, protection });
}

const FILE_BACKEND = [{ name: 'accounts', type: 'file', path: 'accounts.passwd' }];

interface Sharing {
  readonly accounts: Promise<string>;
  readonly workers: number;
  readonly memoryLifetime?: string;
}

async function startSharing(
  prefix: string,
  options: StartOptions,
  { accounts, workers, memoryLifetime = '10s' }: Sharing,
): Promise<BenchServer> {
  const redis = await sharedRedis();
  const files = { 'accounts.passwd': await accounts, 'state-secret': 'a secret of the installation' };
  const server = await startNauthilus(options, {
    backends: FILE_BACKEND,
    files,
    verifiedLogins: { lifetime: '1d', memory_lifetime: memoryLifetime },
    state: { redis: { url: `unix:${redis.socket}`, prefix, secret: { file: 'state-secret' } } },
    workers,
  });
  return redis.pid === undefined ? server : { ...server, peerPid: redis.pid };
}

export interface ServiceParts {
  readonly backends: readonly object[];
  /** Files beside the configuration by their names. */
  readonly files: Readonly<Record<string, string>>;
  readonly verifiedLogins: { readonly lifetime?: string; readonly memory_lifetime?: string };
  readonly state?: object;
  readonly protection?: object;
  readonly workers?: number;
}

/** Starts the service with these backends. */
export async function startNauthilus(options: StartOptions, parts: ServiceParts): Promise<BenchServer> {
  const { folder, checkout = ROOT } = options;
  await writeKeyPair(folder);
  const [httpPort, httpsPort, saslPort] = await freePorts();
  const [certificate, key] = keyPairFiles(folder);
  for (const [name, text] of Object.entries(parts.files))
    await writeFile(path.join(folder, name), text, { mode: 0o600 });
  const secretHash = await hashPassword(Secret.fromText(CALLER.secret));
  const config = {
    listeners: [
      { address: '127.0.0.1', port: httpPort },
      { address: '127.0.0.1', port: httpsPort, tls: { certificate, key } },
    ],
    callers: [{ name: CALLER.name, secret: secretHash, scopes: ['authenticate', 'lookup', 'list', 'admin'] }],
    backends: parts.backends,
    verified_logins: parts.verifiedLogins,
    basic: { enabled: true },
    line_listeners: [{ name: CALLER.name, protocol: 'sasl', port: saslPort }],
    ...(parts.state === undefined ? {} : { state: parts.state }),
    protection: parts.protection ?? {},
    workers: parts.workers ?? 1,
  };
  const file = path.join(folder, 'nauthilus.yaml');
  await writeFile(file, JSON.stringify(config, undefined, 2), { mode: 0o600 });
  const isOneProcess = parts.workers === undefined || parts.workers === 1;
  const launcher = path.join(checkout, 'bin/nauthilus');
  const child = spawnServer(launcher, ['serve', '--config', file], { ...options, isPinned: isOneProcess });
  const server = await ready(child, { httpPort, httpsPort, saslPort });
  return isOneProcess ? server : { ...server, workerPids: childrenOf(server.pid) };
}

function spawnServer(
  command: string,
  args: readonly string[],
  { nodeOptions, isPinned = true }: StartOptions & { readonly isPinned?: boolean },
): ChildProcess {
  const [program, all] = isPinned ? pinned(0, command, args) : [command, [...args]];
  const env = nodeOptions === undefined ? process.env : { ...process.env, NODE_OPTIONS: nodeOptions };
  return spawn(program, all, { stdio: ['ignore', 'ignore', 'inherit'], env });
}

type Ports = Pick<BenchServer, 'httpPort' | 'httpsPort' | 'saslPort'>;

async function ready(child: ChildProcess, ports: Ports): Promise<BenchServer> {
  const { pid } = child;
  if (pid === undefined) throw new Error('the server cannot be started');
  const until = Date.now() + READY_WITHIN_MS;
  while (!(await answers(ports.httpsPort))) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    if (Date.now() > until) throw new Error('the server is not ready in time');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    pid,
    ...ports,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

function answers(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ port, host: '127.0.0.1' }, () => resolve(true));
  socket.once('error', () => resolve(false));
  return promise.finally(() => socket.destroy());
}

async function freePorts(): Promise<[number, number, number]> {
  const probes = [createServer(), createServer(), createServer()] as const;
  for (const probe of probes) await once(probe.listen(0, '127.0.0.1'), 'listening');
  const [first, second, third] = probes.map((probe) => (probe.address() as { port: number }).port);
  for (const probe of probes) probe.close();
  return [first as number, second as number, third as number];
}

function keyPairFiles(folder: string): [string, string] {
  return [path.join(folder, 'certificate.pem'), path.join(folder, 'key.pem')];
}

async function writeKeyPair(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const pair = await makeSelfSigned(['localhost'], ['127.0.0.1'], new Date());
  const [certificate, key] = keyPairFiles(folder);
  await writeFile(certificate, pair.certificate);
  await writeFile(key, pair.key, { mode: 0o600 });
}

async function manyAccounts(): Promise<string> {
  return linesOf('many', REMEMBERED_ACCOUNTS, `{ARGON2ID}${await hashArgon2(PASSWORD, CHEAPEST)}`);
}

async function accountLines(prefix: string, count: number, scheme: 'SSHA512' | 'ARGON2ID'): Promise<string> {
  return linesOf(prefix, count, await hashPassword(Secret.fromText(PASSWORD), scheme));
}

function linesOf(prefix: string, count: number, hash: string): string {
  const fields = 'home=/var/mail/vhosts/bench.test quota_rule=*:storage=1G';
  let lines = '';
  for (let i = 0; i < count; i += 1) lines += `${prefix}${i}@bench.test:${hash}:5000:5000::::${fields}\n`;
  return lines;
}
