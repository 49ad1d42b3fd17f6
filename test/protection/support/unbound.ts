/**
 * A real DNS server for tests: Debian's unbound on loopback, with names of its own, stopped by its pid.
 *
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Resolver } from 'node:dns/promises';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../daemons/free-port.ts';

export interface Unbound extends AsyncDisposable {
  /** Address and port. */
  readonly address: string;
}

const PROBE = 'probe.test';

/** @param zones what is served whole, so that all other names in them do not exist
 * @param names addresses by name */
export async function startUnbound(
  zones: readonly string[],
  names: Readonly<Record<string, readonly string[]>>,
): Promise<Unbound> {
  const folder = await mkdtemp(join(tmpdir(), 'nauthilus-unbound-'));
  const port = await freePort();
  const data = Object.entries({ ...names, [PROBE]: ['127.0.0.1'] }).flatMap(([name, addresses]) =>
    addresses.map((address) => `  local-data: "${name}. 60 IN A ${address}"`),
  );
  const config = [
    'server:',
    `  interface: 127.0.0.1@${port}`,
    '  do-daemonize: no',
    '  use-syslog: no',
    '  logfile: ""',
    '  username: ""',
    '  chroot: ""',
    `  directory: "${folder}"`,
    '  pidfile: ""',
    '  num-threads: 1',
    ...[...zones, PROBE].map((zone) => `  local-zone: "${zone}." static`),
    ...data,
    'remote-control:',
    '  control-enable: no',
  ];
  await writeFile(join(folder, 'unbound.conf'), `${config.join('\n')}\n`);
  const process = spawn('/usr/sbin/unbound', ['-d', '-c', join(folder, 'unbound.conf')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const address = `127.0.0.1:${port}`;
  const stop = async (): Promise<void> => {
    await end(process);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await untilItAnswers(address, process);
  } catch (cause) {
    await stop();
    throw cause;
  }
  return { address, [Symbol.asyncDispose]: stop };
}

async function untilItAnswers(address: string, process: ChildProcess): Promise<void> {
  let told = '';
  process.stderr?.on('data', (chunk: Buffer) => (told += chunk.toString()));
  const resolver = new Resolver({ timeout: 200, tries: 1 });
  resolver.setServers([address]);
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; await sleep(50)) {
    if (process.exitCode !== null) throw new Error(`unbound has ended: ${told}`);
    const answer = await resolver.resolve4(PROBE).catch(() => undefined);
    if (answer !== undefined) return;
  }
  throw new Error(`unbound does not answer: ${told}`);
}

async function end(process: ChildProcess): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return;
  const exited = once(process, 'exit');
  process.kill('SIGTERM');
  await exited;
}
