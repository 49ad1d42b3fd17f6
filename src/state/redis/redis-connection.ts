import { Cluster, type Redis } from 'ioredis';
import { type Unavailable, WITHDRAWN } from '../outcome.ts';
import { Breaker } from './breaker.ts';
import { describeServers, openClient, type RedisClient } from './redis-client.ts';
import type { RedisConfig } from './redis-settings.ts';
import type { Script } from './script.ts';

export type Argument = string | number | Buffer;

/** What the server answered: numbers, `Buffer`s, `null` and arrays of them. */
export interface Reply {
  readonly kind: 'reply';
  readonly value: unknown;
}

/** Some of the keys that were looked for. */
interface KeyPage {
  readonly kind: 'page';
  readonly keys: readonly string[];
  readonly next: string | undefined;
}

/** A change that operators are told of. `detail` says what is served or what is wrong. */
export interface RedisChange {
  readonly isReady: boolean;
  readonly detail: string;
}

export interface RedisConnectionParts {
  /** Called when commands are sent and done, and when they no longer are. */
  onChange(change: RedisChange): void;
  /** Called with what was wrong, each time something was. */
  onError?(detail: string): void;
}

/** Commands that wait for an answer; more are turned away. */
const MAX_WAITING = 2000;
/** At most that often a connection is given up that is up. */
const RECONNECT_AFTER_MS = 5000;
/** Within that time of the first deadline the first try to connect has said what is wrong. */
const FIRST_WORD_MS = 100;
const LONGEST_DETAIL = 300;
/** Errors of servers that answer, but do not do what they are asked, whatever it is. */
const REFUSALS = /^(READONLY|OOM|NOPERM|MISCONF|NOREPLICAS|MASTERDOWN|CLUSTERDOWN|LOADING|BUSY) /;
/** So long after the last refusal the server is taken to do again what it is asked. */
const REFUSING_FOR_MS = 3000;
const SCANNED_AT_ONCE = 250;

/**
 * The one connection for commands, or one for each node of a Cluster. Every command has its answer or `unavailable` within the
 * command deadline; what the server says of itself (read-only, out of memory, wrong password) is `unavailable` too. It
 * connects by itself, again and again, at growing intervals.
 */
export class RedisConnection implements AsyncDisposable {
  readonly #config: RedisConfig;
  readonly #parts: RedisConnectionParts;
  readonly #client: RedisClient;
  readonly #breaker: Breaker;
  #hasSlots: boolean;
  #waiting = 0;
  #lastError = 'not yet connected';
  #wasWell = false;
  #isDisposed = false;
  #reconnectedAt = -Infinity;
  #readyTimer: NodeJS.Timeout | undefined;
  readonly #firstTimer: NodeJS.Timeout;
  #refusal: { readonly detail: string; readonly timer: NodeJS.Timeout } | undefined;

  constructor(config: RedisConfig, parts: RedisConnectionParts) {
    this.#config = config;
    this.#hasSlots = config.servers.kind === 'cluster';
    this.#parts = parts;
    this.#client = openClient(config);
    this.#breaker = new Breaker({
      probe: async () => (await this.#send('ping', [])).kind === 'reply',
      onOpen: () => {
        this.#lastError = 'commands are not answered in time';
        this.#reconnect();
        this.#tell();
      },
      random: Math.random,
    });
    this.#client.on('error', (error: Error) => {
      this.#lastError = shortened(error.message);
      parts.onError?.(this.#lastError);
    });
    this.#client.on('connect', () => this.#expectReady());
    this.#client.on('ready', () => this.#tell());
    this.#client.on('close', () => this.#tell());
    this.#client.on('end', () => this.#tell());
    this.#firstTimer = setTimeout(() => this.#tellMissing(), config.connectTimeoutMs + FIRST_WORD_MS).unref();
  }

  /** Whether commands can be sent. */
  get isReady(): boolean {
    return this.#client.status === 'ready' && !this.#breaker.isOpen;
  }

  /** Whether what is sent is also done: a server that takes no changes is of little use. */
  get isWell(): boolean {
    return this.isReady && this.#refusal === undefined;
  }

  /** Whether the keys of a command must be of one slot: in a Cluster, and where a server that is set as a single one is part of one. */
  get hasSlots(): boolean {
    return this.#hasSlots;
  }

  /** For operators: what is served or what is wrong. */
  get detail(): string {
    if (!this.isReady) return this.#lastError;
    return this.#refusal?.detail ?? describeServers(this.#config);
  }

  /** Sends a command. Its keys are all of one slot where there are slots. */
  async send(name: string, args: readonly Argument[], signal?: AbortSignal): Promise<Reply | Unavailable> {
    if (this.#breaker.isOpen) return unavailable(this.#lastError);
    return this.#send(name, args, signal);
  }

  /** Runs a script as one step. The server learns it where it does not know it. */
  async run(
    script: Script,
    keys: readonly string[],
    args: readonly Argument[],
    signal?: AbortSignal,
  ): Promise<Reply | Unavailable> {
    const answer = await this.send('evalsha', [script.sha, keys.length, ...keys, ...args], signal);
    if (answer.kind === 'reply' || !answer.detail.startsWith('NOSCRIPT')) return answer;
    return this.send('eval', [script.source, keys.length, ...keys, ...args], signal);
  }

  /** Takes note of an error that the server gave within an answer. */
  noteError(detail: string): void {
    this.#learnFrom(detail);
  }

  /** All keys that a pattern matches, on all servers, in pages; a key may come more than once. Ends after `unavailable`. */
  async *scan(pattern: string, signal: AbortSignal): AsyncGenerator<KeyPage | Unavailable> {
    for (const node of mastersOf(this.#client)) {
      for (let cursor: string | undefined = '0'; cursor !== undefined; ) {
        if (this.#breaker.isOpen) return yield unavailable(this.#lastError);
        const args = [cursor, 'MATCH', pattern, 'COUNT', SCANNED_AT_ONCE];
        const page = pageOf(await this.#send('scan', args, signal, node));
        if (page.kind === 'unavailable') return yield page;
        yield page;
        cursor = page.next;
      }
    }
  }

  /** Waits until commands can be sent or the time is over; true for the former. */
  async whenReady(timeoutMs: number): Promise<boolean> {
    if (this.isReady) return true;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, timeoutMs);
    this.#client.once('ready', resolve);
    await promise;
    clearTimeout(timer);
    this.#client.off('ready', resolve);
    return this.isReady;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    clearTimeout(this.#readyTimer);
    clearTimeout(this.#firstTimer);
    clearTimeout(this.#refusal?.timer);
    this.#breaker[Symbol.dispose]();
    this.#client.disconnect();
  }

  #send(
    name: string,
    args: readonly Argument[],
    signal?: AbortSignal,
    client: Pick<Redis, 'callBuffer'> = this.#client,
  ): Promise<Reply | Unavailable> {
    if (signal?.aborted === true) return Promise.resolve(WITHDRAWN);
    if (this.#client.status !== 'ready') return Promise.resolve(unavailable(this.#lastError));
    if (this.#waiting >= MAX_WAITING) return Promise.resolve(unavailable('too many commands wait for an answer', true));

    const { promise, resolve } = Promise.withResolvers<Reply | Unavailable>();
    let isOpen = true;
    const settle = (outcome: Reply | Unavailable) => {
      isOpen = false;
      clearTimeout(timer);
      signal?.removeEventListener('abort', withdraw);
      resolve(outcome);
    };
    const timer = setTimeout(() => {
      settle(unavailable(`no answer within ${this.#config.commandTimeoutMs} ms`));
      this.#breaker.failed();
    }, this.#config.commandTimeoutMs);
    const withdraw = () => settle(WITHDRAWN);
    signal?.addEventListener('abort', withdraw);

    this.#waiting += 1;
    client.callBuffer(name, [...args]).then(
      (value) => {
        this.#waiting -= 1;
        if (!isOpen) return;
        this.#breaker.succeeded();
        settle({ kind: 'reply', value });
      },
      (error: Error) => {
        this.#waiting -= 1;
        if (error.name === 'ReplyError') this.#breaker.succeeded();
        this.#learnFrom(error.message);
        if (isOpen) settle(unavailable(shortened(error.message)));
      },
    );
    return promise;
  }

  /** A server that takes connections and then says nothing is given up. */
  #expectReady(): void {
    clearTimeout(this.#readyTimer);
    this.#readyTimer = setTimeout(() => {
      if (this.#isDisposed || this.#client.status === 'ready') return;
      this.#lastError = `connected, but not ready within ${this.#config.connectTimeoutMs} ms`;
      this.#client.disconnect(true);
    }, this.#config.connectTimeoutMs);
    this.#readyTimer.unref();
  }

  #learnFrom(message: string): void {
    if (message.startsWith('CROSSSLOT')) this.#hasSlots = true;
    if (REFUSALS.test(message)) this.#noteRefusal(shortened(message));
    // Behind the same address or name there may be another server by now that takes changes.
    if (message.startsWith('READONLY')) this.#reconnect();
  }

  #reconnect(): void {
    const now = performance.now();
    if (this.#isDisposed || now - this.#reconnectedAt < RECONNECT_AFTER_MS) return;
    this.#reconnectedAt = now;
    if (this.#client.status === 'ready') this.#client.disconnect(true);
  }

  #noteRefusal(detail: string): void {
    if (this.#isDisposed) return;
    clearTimeout(this.#refusal?.timer);
    const timer = setTimeout(() => {
      this.#refusal = undefined;
      this.#tell();
    }, REFUSING_FOR_MS);
    this.#refusal = { detail, timer: timer.unref() };
    this.#tell();
  }

  /** It was never there: operators are told of that too. */
  #tellMissing(): void {
    if (!this.#wasWell && !this.isWell) this.#parts.onChange({ isReady: false, detail: this.detail });
  }

  #tell(): void {
    const { isWell } = this;
    if (isWell === this.#wasWell || this.#isDisposed) return;
    this.#wasWell = isWell;
    this.#parts.onChange({ isReady: isWell, detail: this.detail });
  }
}

function mastersOf(client: RedisClient): readonly Pick<Redis, 'callBuffer'>[] {
  return client instanceof Cluster ? client.nodes('master') : [client];
}

function pageOf(answer: Reply | Unavailable): KeyPage | Unavailable {
  if (answer.kind !== 'reply') return answer;
  const [cursor, keys] = Array.isArray(answer.value) ? (answer.value as unknown[]) : [];
  if (!Array.isArray(keys)) return unavailable('the server did not say which keys there are');
  const next = String(cursor);
  return { kind: 'page', keys: keys.map(String), next: next === '0' ? undefined : next };
}

function unavailable(detail: string, overloaded = false): Unavailable {
  return { kind: 'unavailable', overloaded, detail };
}

/** What is answered where a command could not even be sent. */
export function notAsked(cause: unknown): Unavailable {
  return unavailable(shortened(cause instanceof Error ? cause.message : String(cause)));
}

function shortened(detail: string): string {
  return detail.slice(0, LONGEST_DETAIL);
}
