import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hash } from '@node-rs/argon2';
import { type App, start } from '../../../src/compose.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { Secret } from '../../../src/login/secret.ts';
import { hashPassword } from '../../../src/passwords/hash-password.ts';

const AUTHORIZATION = `Basic ${Buffer.from('mx:secret').toString('base64')}`;
const DOOR = '/api/v1/auth/json';

/** What was answered to a login or a look-up. */
export interface Answered {
  readonly status: number;
  readonly session: string;
  readonly attributes: Readonly<Record<string, readonly string[]>>;
  readonly body: Readonly<Record<string, unknown>>;
}

/** The service in this process, in a folder of its own or one that it shares with others. */
export class Instance implements AsyncDisposable {
  readonly folder: string;
  readonly app: App;
  readonly #name: string;

  private constructor(folder: string, name: string, app: App) {
    this.folder = folder;
    this.#name = name;
    this.app = app;
  }

  /** @param sections all of the configuration but who may ask and where; each a line of YAML */
  static async open(folder: string, sections: readonly string[], name = 'nauthilus'): Promise<Instance> {
    const file = await writeConfig(folder, name, sections);
    const logDestination = join(folder, `${name}.log`);
    return new Instance(folder, name, await start(await loadConfig(file, {}), { version: 'test', logDestination }));
  }

  /** Takes another configuration, as a reload does. */
  async change(sections: readonly string[]): Promise<void> {
    await this.app.change(await loadConfig(await writeConfig(this.folder, this.#name, sections), {}));
  }

  logIn(username: string, password: string, clientAddress?: string): Promise<Answered> {
    const from = clientAddress === undefined ? {} : { client_ip: clientAddress };
    return this.#ask(DOOR, { username, password, protocol: 'imap', ...from });
  }

  lookUp(username: string): Promise<Answered> {
    return this.#ask(`${DOOR}?mode=no-auth`, { username, protocol: 'imap' });
  }

  /** Forgets an account, or everything with `*`. */
  flush(user: string): Promise<Answered> {
    return this.#ask('/api/v1/cache/flush', { user });
  }

  /** Who has vouched for what was accepted. */
  async sourceOf(answered: Answered): Promise<string> {
    return (await this.#lineOf(answered))['source'] ?? 'backend';
  }

  /** Why it was answered so. */
  async reasonOf(answered: Answered): Promise<string> {
    return (await this.#lineOf(answered))['reason'] ?? '';
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(this.app[Symbol.asyncDispose]());
  }

  async #lineOf({ session }: Answered): Promise<Readonly<Partial<Record<string, string>>>> {
    for (const until = Date.now() + 5000; Date.now() < until; await sleep(10)) {
      const text = await readFile(join(this.folder, `${this.#name}.log`), 'utf8');
      const line = text.split('\n').find((one) => one.includes(session));
      if (line !== undefined) return JSON.parse(line) as Partial<Record<string, string>>;
    }
    throw new Error('it was never logged');
  }

  async #ask(path: string, body: object): Promise<Answered> {
    const headers = { Authorization: AUTHORIZATION, 'Content-Type': 'application/json' };
    const url = `${this.app.urls[0]}${path}`;
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
    const answer = (await response.json().catch(() => ({}))) as Partial<Answered>;
    const session = response.headers.get('x-nauthilus-session') ?? '';
    return { status: response.status, session, attributes: answer.attributes ?? {}, body: { ...answer } };
  }
}

async function writeConfig(folder: string, name: string, sections: readonly string[]): Promise<string> {
  const file = join(folder, `${name}.yaml`);
  const secret = await hashPassword(Secret.fromText('secret'), 'SSHA256');
  const common = [
    'listeners: [{ address: 127.0.0.1, port: 0 }]',
    `callers: [{ name: mx, secret: '${secret}', scopes: [authenticate, lookup, admin] }]`,
  ];
  await writeFile(file, `${[...common, ...sections].join('\n')}\n`);
  return file;
}

/** A folder that is gone when it is disposed of. */
export async function openFolder(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'nauthilus-instance-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

// Costly enough to be proven in the pool and remembered, and cheap enough for hundreds of wrong ones.
const COSTS = { memoryCost: 2048, timeCost: 1, parallelism: 1 } as const;

/** Puts a file of accounts with Argon2id hashes in the place of another. */
export async function writeAccounts(folder: string, passwords: Readonly<Record<string, string>>): Promise<void> {
  const hashes = Object.entries(passwords).map(async ([name, password]) => {
    return `${name}:{ARGON2ID}${await hash(password, COSTS)}`;
  });
  const lines = await Promise.all(hashes);
  await writeFile(join(folder, 'accounts.new'), `${lines.join('\n')}\n`);
  await rename(join(folder, 'accounts.new'), join(folder, 'accounts.passwd'));
}
