import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import path from 'node:path';
import { makeSelfSigned } from '../src/cli/init/self-signed.ts';
import { Secret } from '../src/login/secret.ts';
import { hashPassword } from '../src/passwords/hash-password.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const READY_WITHIN_MS = 60_000;
const canPin = spawnSync('taskset', ['-c', '0', 'true']).status === 0;

/** A server under test, pinned to the first core where the system can do that. */
export interface BenchServer extends AsyncDisposable {
  readonly pid: number;
  readonly httpPort: number;
  readonly httpsPort: number;
}

export const CALLER = { name: 'bench', secret: 'bench-secret' } as const;
export const PASSWORD = 'correct horse battery';
/** Accounts `user0@bench.test` … with a cheap hash; `strong0` … with Argon2id. */
export const ACCOUNTS = 100_000;
export const STRONG_ACCOUNTS = 100;

/** Runs a command on one core. */
export function pinned(core: number, command: string, args: readonly string[]): [string, string[]] {
  return canPin ? ['taskset', ['-c', String(core), command, ...args]] : [command, [...args]];
}

export async function startBare(folder: string): Promise<BenchServer> {
  await writeKeyPair(folder);
  const [httpPort, httpsPort] = await freePorts();
  const args = [path.join(ROOT, 'bench/bare-server.ts'), String(httpPort), String(httpsPort), ...keyPairFiles(folder)];
  return ready(spawnOn(process.execPath, args), httpPort, httpsPort);
}

export async function startNauthilus(folder: string): Promise<BenchServer> {
  await writeKeyPair(folder);
  const [httpPort, httpsPort] = await freePorts();
  const [certificate, key] = keyPairFiles(folder);
  await writeAccounts(path.join(folder, 'accounts.passwd'));
  const secretHash = await hashPassword(Secret.fromText(CALLER.secret));
  const config = {
    listeners: [
      { address: '127.0.0.1', port: httpPort },
      { address: '127.0.0.1', port: httpsPort, tls: { certificate, key } },
    ],
    callers: [{ name: CALLER.name, secret: secretHash, scopes: ['authenticate', 'lookup', 'list', 'admin'] }],
    backends: [{ name: 'accounts', type: 'file', path: 'accounts.passwd' }],
  };
  const file = path.join(folder, 'nauthilus.yaml');
  await writeFile(file, JSON.stringify(config, undefined, 2), { mode: 0o600 });
  return ready(spawnOn(path.join(ROOT, 'bin/nauthilus'), ['serve', '--config', file]), httpPort, httpsPort);
}

function spawnOn(command: string, args: readonly string[]): ChildProcess {
  const [program, all] = pinned(0, command, args);
  return spawn(program, all, { stdio: ['ignore', 'ignore', 'inherit'] });
}

async function ready(child: ChildProcess, httpPort: number, httpsPort: number): Promise<BenchServer> {
  const { pid } = child;
  if (pid === undefined) throw new Error('the server cannot be started');
  const until = Date.now() + READY_WITHIN_MS;
  while (!(await answers(httpsPort))) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    if (Date.now() > until) throw new Error('the server is not ready in time');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    pid,
    httpPort,
    httpsPort,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

function answers(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ port, host: '127.0.0.1' }, () => resolve(true));
  socket.once('error', () => resolve(false));
  return promise.finally(() => socket.destroy());
}

async function freePorts(): Promise<[number, number]> {
  const probes = [createServer(), createServer()] as const;
  for (const probe of probes) await once(probe.listen(0, '127.0.0.1'), 'listening');
  const [first, second] = probes.map((probe) => (probe.address() as { port: number }).port);
  for (const probe of probes) probe.close();
  return [first as number, second as number];
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

async function writeAccounts(file: string): Promise<void> {
  const cheap = await hashPassword(Secret.fromText(PASSWORD), 'SSHA512');
  const strong = await hashPassword(Secret.fromText(PASSWORD), 'ARGON2ID');
  const fields = 'home=/var/mail/vhosts/bench.test quota_rule=*:storage=1G';
  const lines: string[] = [];
  for (let i = 0; i < ACCOUNTS; i += 1) lines.push(`user${i}@bench.test:${cheap}:5000:5000::::${fields}`);
  for (let i = 0; i < STRONG_ACCOUNTS; i += 1) lines.push(`strong${i}@bench.test:${strong}:5000:5000::::${fields}`);
  await writeFile(file, `${lines.join('\n')}\n`, { mode: 0o600 });
}
