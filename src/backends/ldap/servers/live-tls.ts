import { stat } from 'node:fs/promises';
import type { SecureContext } from 'node:tls';
import type { TlsSettings } from '../client/server-address.ts';
import type { LdapTlsConfig } from '../ldap-connection-config.ts';
import { readTls, tlsFilesOf } from './tls-files.ts';

const LOOK_EVERY_MS = 1000;

/** Who is told of the files of `tls` when they have changed. */
export interface TlsEvents {
  /** New connections use what they hold now. */
  tlsReloaded(files: readonly string[]): void;
  /** They cannot be used as they are: connections are opened with what they held before. */
  tlsRefused(files: readonly string[], error: string): void;
}

/**
 * TLS settings that follow their files. Connections that are open stay as they are; each new one is opened with what the files
 * held last that could be used. They are looked at once a second; what cannot be used is told once, when it has stayed so for
 * a whole second, as certificate and key are never written in one moment.
 */
export class LiveTls implements TlsSettings, Disposable {
  readonly #config: LdapTlsConfig;
  readonly #events: TlsEvents;
  readonly #files: readonly string[];
  readonly #timer: NodeJS.Timeout | undefined;
  #settings: TlsSettings;
  #settled: string;
  #unusable: string | undefined;
  #isLooking = false;
  #hasEnded = false;

  private constructor(config: LdapTlsConfig, events: TlsEvents, read: { settings: TlsSettings; print: string }) {
    this.#config = config;
    this.#events = events;
    this.#files = tlsFilesOf(config);
    this.#settings = read.settings;
    this.#settled = read.print;
    if (this.#files.length > 0) this.#timer = setInterval(() => void this.#look(), LOOK_EVERY_MS).unref();
  }

  /** @throws {LdapTlsError} where a file cannot be used */
  static async open(config: LdapTlsConfig, events: TlsEvents): Promise<LiveTls> {
    // Looked at before they are read: what changes in between is seen as a change.
    const print = await fingerprint(tlsFilesOf(config));
    return new LiveTls(config, events, { settings: await readTls(config), print });
  }

  get context(): SecureContext {
    return this.#settings.context;
  }

  get serverName(): string | undefined {
    return this.#settings.serverName;
  }

  get rejectUnauthorized(): boolean {
    return this.#settings.rejectUnauthorized;
  }

  [Symbol.dispose](): void {
    this.#hasEnded = true;
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const now = await fingerprint(this.#files);
    if (now !== this.#settled) await this.#take(now);
    this.#isLooking = false;
  }

  async #take(now: string): Promise<void> {
    try {
      const settings = await readTls(this.#config);
      if (this.#hasEnded) return;
      this.#settings = settings;
      this.#settled = now;
      this.#events.tlsReloaded(this.#files);
    } catch (cause) {
      if (this.#unusable !== now) {
        this.#unusable = now;
        return;
      }
      this.#settled = now;
      if (!this.#hasEnded) this.#events.tlsRefused(this.#files, (cause as Error).message);
    }
  }
}

async function fingerprint(files: readonly string[]): Promise<string> {
  const looks = await Promise.all(files.map((path) => stat(path, { bigint: true }).catch(() => undefined)));
  return looks.map((look) => (look === undefined ? 'missing' : `${look.ino} ${look.size} ${look.mtimeNs}`)).join(' | ');
}
