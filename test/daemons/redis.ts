/**
 * A real Redis (or Valkey) for tests, on a loopback port and a socket in a temporary folder, stopped by its pid or by
 * `await using`. It keeps nothing on disk: what is started again is empty.
 *
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freePort } from './free-port.ts';
import { pauseProcess } from './pause-process.ts';

/** How a server's program is started; by default Debian's redis-server. */
export interface ServerProgram {
  spawn(args: readonly string[]): ChildProcess;
  /** A folder as the program sees it, and as we do. */
  folder(): Promise<{ readonly inside: string; readonly outside: string }>;
}

export interface RedisServerOptions {
  /** Lines of its configuration, such as `requirepass secret`. */
  readonly settings?: readonly string[];
  readonly program?: ServerProgram;
  /** It runs as a sentinel. */
  readonly isSentinel?: boolean;
}

export interface RedisServer extends AsyncDisposable {
  readonly port: number;
  readonly socket: string;
  readonly folder: string;
  readonly pid: number | undefined;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** SIGSTOP: connections are still taken, nothing is answered. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
  /** Runs a command as an operator would with redis-cli. */
  run(...command: readonly (string | number)[]): Promise<unknown>;
}

const redisServer: ServerProgram = {
  spawn: (args) => spawn('/usr/bin/redis-server', args, { stdio: ['ignore', 'pipe', 'pipe'] }),
  folder: async () => {
    const folder = await mkdtemp(join(tmpdir(), 'nauthilus-redis-'));
    return { inside: folder, outside: folder };
  },
};

/** Starts a server; it answers once the promise is fulfilled. */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const { program = redisServer, settings = [], isSentinel = false } = options;
  const folder = await program.folder();
  const port = await freePort();
  const config = [
    'bind 127.0.0.1',
    `port ${port}`,
    `dir ${folder.inside}`,
    ...(isSentinel
      ? []
      : [`unixsocket ${folder.inside}/socket`, 'save ""', 'appendonly no', 'repl-diskless-sync-delay 0']),
    ...settings,
  ];
  await chmod(folder.outside, 0o755);
  await writeFile(join(folder.outside, 'redis.conf'), `${config.join('\n')}\n`);
  const args = [join(folder.inside, 'redis.conf'), ...(isSentinel ? ['--sentinel'] : [])];
  const server = new RunningRedis({ program, args, folder: folder.outside, port, settings });
  try {
    await server.start();
    return server;
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}

interface Launch {
  readonly program: ServerProgram;
  readonly args: readonly string[];
  readonly folder: string;
  readonly port: number;
  readonly settings: readonly string[];
}

class RunningRedis implements RedisServer {
  readonly port: number;
  readonly folder: string;
  readonly socket: string;
  readonly #launch: Launch;
  #child: ChildProcess | undefined;
  readonly #killWithParent = (): void => {
    this.#child?.kill('SIGKILL');
  };

  constructor(launch: Launch) {
    this.#launch = launch;
    this.port = launch.port;
    this.folder = launch.folder;
    this.socket = join(launch.folder, 'socket');
    process.once('exit', this.#killWithParent);
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  async start(): Promise<void> {
    const child = this.#launch.program.spawn(this.#launch.args);
    let complaint = '';
    for (const output of [child.stdout, child.stderr]) {
      output?.on('data', (piece: Buffer) => {
        complaint = (complaint + piece.toString()).slice(-2000);
      });
    }
    this.#child = child;
    for (const deadline = Date.now() + 10_000; !(await this.#answers()); await sleep(10)) {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`redis does not start: ${complaint}`);
      if (Date.now() > deadline) throw new Error(`redis does not answer within 10 s: ${complaint}`);
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

  async run(...command: readonly (string | number)[]): Promise<unknown> {
    const password = this.#launch.settings.find((line) => line.startsWith('requirepass '))?.split(' ')[1];
    const client = new Redis({ port: this.port, host: '127.0.0.1', ...(password === undefined ? {} : { password }) });
    try {
      const [name = '', ...args] = command;
      return await client.call(String(name), ...args);
    } finally {
      client.disconnect();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.removeListener('exit', this.#killWithParent);
    await this.#end('SIGKILL');
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
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
    socket.write('PING\r\n');
    return answer.finally(() => socket.destroy());
  }
}
