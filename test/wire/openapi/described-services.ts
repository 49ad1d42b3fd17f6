import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type App, start } from '../../../src/compose.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { Secret } from '../../../src/login/secret.ts';
import { hashPassword } from '../../../src/passwords/hash-password.ts';
import { awayDirectory } from '../../daemons/away-directory.ts';
import { freePort } from '../../daemons/free-port.ts';
import { startRedis } from '../../daemons/redis.ts';
import { type Answer, RawClient } from '../support/raw-client.ts';
import { request, type RequestParts } from '../support/requests.ts';
import { basic } from '../support/service.ts';

/**
 * `broken` has a directory and a store that are away; `busy` has one request under way and no room for another; `distant` takes end
 * users' credentials from web servers in another network only.
 */
export type ServiceName = 'whole' | 'broken' | 'busy' | 'distant';

/** A hash that takes a second to check; nobody knows what it is of. */
const SLOW_HASH = '{BLF-CRYPT}$2y$14$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ0123u';
/** This door reads the body before it looks for the caller, who stands in it. */
const UNFINISHED = 'POST /api/v1/auth/saslauthd HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n';
const MOST_PROOFS = 256;
/** Who asks by way of a proxy, and so is not this machine. */
const elsewhere = (n: number) => `198.51.${100 + (n >> 8)}.${n & 255}`;

/** Services with all doors. */
export class DescribedServices implements AsyncDisposable {
  readonly #opened = new AsyncDisposableStack();
  readonly #folder: string;
  readonly #apps = new Map<ServiceName, App>();

  private constructor(folder: string) {
    this.#folder = folder;
    this.#opened.defer(() => rm(folder, { recursive: true, force: true }));
  }

  static async start(): Promise<DescribedServices> {
    const services = new DescribedServices(await mkdtemp(join(tmpdir(), 'nauthilus-described-')));
    await using building = new AsyncDisposableStack();
    building.use(services);
    const caller = `{ name: mx, secret: '${await hashOf('a caller secret')}', scopes: [authenticate, lookup, list, policy, admin] }`;
    await services.#openBroken(caller);
    await services.#open('whole', [
      `callers: [${caller}]`,
      'basic: { enabled: true, networks: [127.0.0.1] }',
      `mail_hosts: { pools: [{ name: imap, protocols: [imap], hosts: [{ host: 127.0.0.1, port: ${await freePort()} }] }] }`,
      'http: { trusted_proxies: [127.0.0.1] }',
    ]);
    await services.#open('distant', [`callers: [${caller}]`, 'basic: { enabled: true, networks: [192.0.2.0/24] }']);
    await services.#open('busy', [
      `callers: [{ name: mx, secret: '${SLOW_HASH}', scopes: [admin] }]`,
      'basic: { enabled: true }',
      'http: { max_requests: 1, body_timeout: 2m, trusted_proxies: [127.0.0.1] }',
    ]);
    await services.#hold(UNFINISHED);
    building.move();
    return services;
  }

  /** The paths of the doors. */
  get paths(): readonly string[] {
    return this.#app('whole').paths;
  }

  /** Asks on a connection of its own. */
  async ask(name: ServiceName, parts: RequestParts): Promise<Answer> {
    using client = await RawClient.open(this.#portOf(name));
    return await client.write(request(parts)).read(parts.method === 'HEAD');
  }

  /** What somebody gets who has guessed too often at a caller's secret. */
  async askAsGuesser(parts: RequestParts): Promise<Answer> {
    for (let i = 0; ; i += 1) {
      const headers = { ...parts.headers, Authorization: basic('nobody', `guess ${i}`) };
      const answer = await this.ask('whole', { ...parts, headers });
      if (answer.status !== 401) return answer;
    }
  }

  /** Has as many callers to be proven as may wait, for seconds. */
  async crowdProofs(): Promise<void> {
    for (let i = 0; i < MOST_PROOFS; i += 1)
      await this.#hold(request({ method: 'GET', path: '/metrics', headers: { 'X-Forwarded-For': elsewhere(i) } }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.disposeAsync();
  }

  async #openBroken(caller: string): Promise<void> {
    await using redis = await startRedis();
    await this.#open(
      'broken',
      [
        `callers: [${caller}]`,
        'basic: { enabled: true }',
        `state: { redis: { url: 'unix:${redis.socket}', secret: { file: state-secret }, command_timeout: 500ms } }`,
        `mail_hosts: { pools: [{ name: imap, protocols: [imap], hosts: [{ host: 127.0.0.1, port: ${await freePort()} }] }] }`,
      ],
      [await awayDirectory()],
    );
  }

  /** A request to `busy` that is not answered as long as the services run. */
  async #hold(bytes: string | Buffer): Promise<void> {
    const client = await RawClient.open(this.#portOf('busy'));
    this.#opened.defer(() => client[Symbol.dispose]());
    client.write(bytes);
  }

  async #open(name: ServiceName, lines: readonly string[], more: readonly object[] = []): Promise<void> {
    const folder = this.#folder;
    const accounts = [`alice@example.test:${await hashOf('alice-pw')}::::/srv/mail/alice::mail=alice@example.test`];
    await writeFile(join(folder, 'accounts.passwd'), `${accounts.join('\n')}\n`);
    await writeFile(join(folder, 'state-secret'), 'a secret of at least sixteen bytes', { mode: 0o600 });
    const file = join(folder, `${name}.yaml`);
    const backends = [{ name: 'accounts', type: 'file', path: 'accounts.passwd' }, ...more];
    const all = [
      'listeners: [{ address: 127.0.0.1, port: 0 }]',
      `backends: ${JSON.stringify(backends)}`,
      'shutdown: { deadline: 1s }',
      ...lines,
    ];
    await writeFile(file, `${all.join('\n')}\n`);
    const app = await start(await loadConfig(file, {}), { version: 'test', logDestination: join(folder, 'log') });
    this.#apps.set(name, this.#opened.use(app));
  }

  #app(name: ServiceName): App {
    const app = this.#apps.get(name);
    if (app === undefined) throw new Error(`no service ${name}`);
    return app;
  }

  #portOf(name: ServiceName): number {
    return Number(new URL(this.#app(name).urls[0] ?? '').port);
  }
}

function hashOf(text: string): Promise<string> {
  return hashPassword(Secret.fromText(text), 'SSHA256');
}
