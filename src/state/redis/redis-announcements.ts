import { randomUUID } from 'node:crypto';
import { parseAccountName } from '../../login/account-name.ts';
import type { Announcement, AnnouncementListener, Announcements } from '../announcements.ts';
import { MemoryAnnouncements } from '../memory/memory-announcements.ts';
import type { Unavailable } from '../outcome.ts';
import { isRecord } from './account-json.ts';
import { pauseBefore } from './breaker.ts';
import { openListener } from './redis-client.ts';
import type { RedisConnection } from './redis-connection.ts';
import type { RedisConfig } from './redis-settings.ts';

type Listener = ReturnType<typeof openListener>;

const PING_EVERY_MS = 1000;
const PAUSES = { firstMs: 100, longestMs: 2000 };

/**
 * Announcements over Redis, heard on a connection of their own. Listeners of this process hear them at once, whether or not
 * Redis can be reached. A connection that stops answering is given up within some two seconds; each loss and each
 * new start of listening is told as a gap.
 */
export class RedisAnnouncements implements Announcements, AsyncDisposable {
  readonly #config: RedisConfig;
  readonly #connection: RedisConnection;
  readonly #channel: string;
  readonly #local = new MemoryAnnouncements();
  readonly #listeners = new Set<{ readonly listener: AnnouncementListener }>();
  readonly #ownId = randomUUID();
  #listening: Listener | undefined;
  #isSubscribed = false;
  #attempts = 0;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #isDisposed = false;

  /** `prefix` is what all keys and channels begin with, their version included. */
  constructor(config: RedisConfig, connection: RedisConnection, prefix: string) {
    this.#config = config;
    this.#connection = connection;
    this.#channel = `${prefix}announcements`;
    this.#listen();
  }

  /** True while announcements of other processes are heard. */
  get isListening(): boolean {
    return this.#isSubscribed;
  }

  async publish(announcement: Announcement, signal: AbortSignal): Promise<Unavailable | undefined> {
    this.#local.publish(announcement);
    const message = JSON.stringify({ ...announcement, from: this.#ownId });
    const answer = await this.#connection.send('publish', [this.#channel, message], signal);
    return answer.kind === 'reply' ? undefined : answer;
  }

  subscribe(listener: AnnouncementListener): Disposable {
    const subscription = { listener };
    const local = this.#local.subscribe(listener);
    this.#listeners.add(subscription);
    return {
      [Symbol.dispose]: () => {
        this.#listeners.delete(subscription);
        local[Symbol.dispose]();
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    clearTimeout(this.#timer);
    this.#listening?.disconnect();
  }

  #listen(): void {
    const listening = openListener(this.#config, this.#attempts);
    this.#listening = listening;
    this.#attempts += 1;
    listening.on('error', () => {});
    listening.on('ready', () => void this.#subscribe(listening));
    listening.on('message', (_channel: string, message: string) => this.#hear(message));
    listening.once('end', () => this.#lost());
    this.#giveUpAfter(this.#config.connectTimeoutMs + this.#config.commandTimeoutMs, listening);
  }

  async #subscribe(listening: Listener): Promise<void> {
    try {
      await listening.subscribe(this.#channel);
    } catch {
      listening.disconnect();
      return;
    }
    if (this.#isDisposed) return;
    this.#isSubscribed = true;
    this.#failures = 0;
    this.#tellGap();
    this.#pingLater(listening);
  }

  #pingLater(listening: Listener): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#giveUpAfter(this.#config.commandTimeoutMs, listening);
      listening.ping().then(
        () => {
          if (!this.#isDisposed && this.#listening === listening) this.#pingLater(listening);
        },
        () => listening.disconnect(),
      );
    }, PING_EVERY_MS);
    this.#timer.unref();
  }

  #giveUpAfter(milliseconds: number, listening: Listener): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => listening.disconnect(), milliseconds);
    this.#timer.unref();
  }

  #lost(): void {
    clearTimeout(this.#timer);
    if (this.#isDisposed) return;
    if (this.#isSubscribed) this.#tellGap();
    this.#isSubscribed = false;
    this.#timer = setTimeout(() => this.#listen(), pauseBefore(this.#failures, PAUSES, Math.random));
    this.#timer.unref();
    this.#failures += 1;
  }

  #hear(message: string): void {
    const parsed = parseMessage(message);
    if (parsed !== undefined && parsed.from !== this.#ownId) this.#local.publish(parsed.announcement);
  }

  #tellGap(): void {
    for (const { listener } of this.#listeners) listener.onGap();
  }
}

/** What was announced and by which process; `undefined` for what this version does not know. */
function parseMessage(message: string): { readonly from: unknown; readonly announcement: Announcement } | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(message);
  } catch {
    return undefined;
  }
  if (!isRecord(parsed)) return undefined;
  const { from, kind } = parsed;
  if (kind === 'all-forgotten' || kind === 'blocks-changed' || kind === 'host-orders-changed')
    return { from, announcement: { kind } };
  if (kind === 'guesses-forgotten') return { from, announcement: guessesForgotten(parsed) };
  const name = parsed['account'];
  const account = typeof name === 'string' ? parseAccountName(name) : undefined;
  if (kind !== 'account-forgotten' || account === undefined) return undefined;
  return { from, announcement: { kind, account } };
}

function guessesForgotten({ accounts, networks, rule, blocks }: Readonly<Record<string, unknown>>): Announcement {
  return {
    kind: 'guesses-forgotten',
    accounts: textsOf(accounts),
    networks: textsOf(networks),
    ...(typeof rule === 'string' ? { rule } : {}),
    ...(Array.isArray(blocks) ? { blocks: textsOf(blocks) } : {}),
  };
}

function textsOf(values: unknown): readonly string[] {
  return Array.isArray(values) ? values.filter((value) => typeof value === 'string') : [];
}
