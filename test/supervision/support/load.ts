import { Agent, type IncomingMessage, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface LoginOptions {
  readonly port?: number;
  /** Path of a unix socket, instead of a port. */
  readonly socketPath?: string;
  readonly agent?: Agent | false;
  readonly secret?: string;
  readonly password?: string;
}

/** Asks the JSON door about one login. @returns the status @throws where the connection fails */
export function login({
  port,
  socketPath,
  agent = false,
  secret = 'first',
  password = 'alice-pw',
}: LoginOptions): Promise<number> {
  const body = JSON.stringify({ username: 'alice@example.test', password, protocol: 'imap', client_ip: '192.0.2.1' });
  const headers = {
    Authorization: `Basic ${Buffer.from(`mx:${secret}`).toString('base64')}`,
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
  };
  const path = '/api/v1/auth/json';
  return new Promise((resolve, reject) => {
    const where = socketPath === undefined ? { host: '127.0.0.1', port } : { socketPath };
    const sent = request({ ...where, path, method: 'POST', agent, headers }, (res) => {
      res.resume();
      res.once('end', () => resolve(res.statusCode ?? 0));
      res.once('error', reject);
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

/** What is served at a path. */
export function read(port: number, path: string): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, agent: false }, (res: IncomingMessage) => {
      let body = '';
      res.on('data', (piece: Buffer) => (body += piece.toString()));
      res.once('end', () => resolve({ status: res.statusCode ?? 0, body }));
      res.once('error', reject);
    });
    sent.once('error', reject);
    sent.end();
  });
}

export interface LoadResult {
  readonly answered: number;
  readonly errors: readonly string[];
}

/** Asks without pause over connections that stay open, now and then over others, and each time over a fresh one, until told. */
export class SteadyLoad {
  readonly #clients: readonly Promise<void>[];
  readonly #agents: readonly Agent[];
  readonly #errors: string[] = [];
  #answered = 0;
  #isOver = false;

  constructor(port: number) {
    this.#agents = Array.from({ length: 5 }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
    const pauses = [10, 20, 50, 100, 400];
    this.#clients = [
      ...this.#agents.map((agent, i) => this.#ask({ port, agent }, pauses[i] ?? 1)),
      this.#ask({ port, agent: false }, 20),
      this.#ask({ port, agent: false }, 50),
    ];
  }

  get answered(): number {
    return this.#answered;
  }

  async end(): Promise<LoadResult> {
    this.#isOver = true;
    await Promise.all(this.#clients);
    for (const agent of this.#agents) agent.destroy();
    return { answered: this.#answered, errors: this.#errors };
  }

  async #ask(options: LoginOptions, pauseMs: number): Promise<void> {
    while (!this.#isOver) {
      try {
        const status = await login(options);
        if (status === 200) this.#answered += 1;
        else this.#errors.push(`status ${status}`);
      } catch (error) {
        this.#errors.push((error as NodeJS.ErrnoException).code ?? String(error));
      }
      await sleep(pauseMs);
    }
  }
}
