import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type App, start } from '../../../src/compose.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { Secret } from '../../../src/login/secret.ts';
import { hashPassword } from '../../../src/passwords/hash-password.ts';

const CALLERS = [
  { name: 'mx', scopes: '[authenticate, lookup]' },
  { name: 'ops', scopes: '[admin]' },
  { name: 'dovecot', scopes: '[policy]' },
] as const;

export interface Answer {
  readonly status: number;
  readonly session: string;
  // What comes is looked at by the tests.
  readonly body: Record<string, never>;
}

export interface LoginQuestion {
  readonly username: string;
  readonly password?: string;
  readonly address?: string;
  readonly protocol?: string;
  /** Further headers of the request. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Who asks, with further headers. */
interface Asker {
  readonly caller: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A service with the accounts alice and bob, in this process. */
export class Instance implements AsyncDisposable {
  readonly folder: string;
  readonly app: App;

  private constructor(folder: string, app: App) {
    this.folder = folder;
    this.app = app;
  }

  /** @param more further lines of YAML */
  static async start(more: readonly string[] = []): Promise<Instance> {
    const folder = await mkdtemp(join(tmpdir(), 'nauthilus-operating-'));
    const hash = (text: string) => hashPassword(Secret.fromText(text), 'SSHA256');
    const accounts = await Promise.all(
      ['alice', 'bob'].map(async (name) => `${name}@example.test:${await hash(`${name}-pw`)}`),
    );
    await writeFile(join(folder, 'accounts.passwd'), `${accounts.join('\n')}\n`);
    await writeFile(join(folder, 'state-secret'), 'a secret of at least sixteen bytes', { mode: 0o600 });
    const callers = CALLERS.map(
      async ({ name, scopes }) => `  - { name: ${name}, secret: '${await hash(name)}', scopes: ${scopes} }`,
    );
    const lines = [
      'listeners: [{ address: 127.0.0.1, port: 0 }]',
      'callers:',
      ...(await Promise.all(callers)),
      'backends: [{ name: accounts, type: file, path: accounts.passwd }]',
      ...more,
    ];
    const file = join(folder, 'nauthilus.yaml');
    await writeFile(file, `${lines.join('\n')}\n`);
    const app = await start(await loadConfig(file, {}), { version: 'test', logDestination: join(folder, 'log') });
    return new Instance(folder, app);
  }

  async ask(method: string, path: string, body?: object, by: string | Asker = 'ops'): Promise<Answer> {
    const { caller, headers: more = {} } = typeof by === 'string' ? { caller: by } : by;
    const headers: Record<string, string> = {
      ...more,
      Authorization: `Basic ${Buffer.from(`${caller}:${caller}`).toString('base64')}`,
    };
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    const res = await fetch(`${this.app.urls[0]}${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await res.text();
    const session = res.headers.get('x-nauthilus-session') ?? '';
    return { status: res.status, session, body: (text === '' ? {} : JSON.parse(text)) as Answer['body'] };
  }

  logIn(question: LoginQuestion): Promise<Answer> {
    const { username, password = 'wrong', address = '192.0.2.7', protocol = 'imap', headers } = question;
    const asker = { caller: 'mx', ...(headers !== undefined && { headers }) };
    return this.ask('POST', '/api/v1/auth/json', { username, password, protocol, client_ip: address }, asker);
  }

  /** Lines of the log so far. */
  async lines(): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const text = await readFile(join(this.folder, 'log'), 'utf8');
    return text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.app[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true, force: true });
  }
}
