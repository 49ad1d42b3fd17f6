import type { Config } from '../config/config.ts';
import { ConfigError } from '../config/config-error.ts';
import type { Events } from '../telemetry/events.ts';
import { HttpListener, type KeyPair, type ListenerOptions } from '../wire/http/http-listener.ts';
import { KeyPairError, loadKeyPair, watchKeyPair } from '../wire/http/key-pair.ts';
import type { Router } from '../wire/http/router.ts';

/** One for each listener, `undefined` where it answers in the clear. */
export type KeyPairs = readonly (KeyPair | undefined)[];

type ListenerConfig = Config['listeners'][number];

/** Reads the certificates of all listeners. @throws {ConfigError} where one cannot be used */
export async function loadKeyPairs(config: Config): Promise<KeyPairs> {
  const pairs: (KeyPair | undefined)[] = [];
  for (const [i, { tls }] of config.listeners.entries()) {
    try {
      pairs.push(tls === undefined ? undefined : await loadKeyPair(tls));
    } catch (cause) {
      if (cause instanceof KeyPairError) throw ConfigError.at(config, `listeners[${i}].tls`, cause.message);
      throw cause;
    }
  }
  return pairs;
}

interface OpenListener {
  readonly listener: HttpListener;
  readonly port: number;
  watch: Disposable | undefined;
}

/** What listeners are to be now. */
export interface ListenerChange {
  readonly config: Config;
  readonly router: Router;
  readonly keyPairs: KeyPairs;
}

/** The addresses that answer. They outlive a change of the configuration: what can stay open stays open, with its connections. */
export class Listeners {
  readonly #events: Events;
  #open = new Map<string, OpenListener>();
  #inForce: ListenerChange | undefined;

  constructor(events: Events) {
    this.#events = events;
  }

  /** Where it answers, as URLs without a path. */
  get urls(): readonly string[] {
    return [...this.#open.values()].map(({ listener }) => listener.url);
  }

  /**
   * Opens what is new, goes on with what stays, and closes what is wanted no more, by `leave`. Where an address cannot be had
   * everything is as it was.
   * @throws {ConfigError} where an address cannot be had
   */
  async change(change: ListenerChange, leave: (listener: HttpListener) => Promise<void>): Promise<void> {
    const wanted = new Map<string, OpenListener>();
    const fresh: HttpListener[] = [];
    try {
      for (const [i, own, key, options] of placesOf(change)) {
        const standing = this.#open.get(key);
        if (standing !== undefined) {
          wanted.set(key, standing);
          continue;
        }
        const listener = await openOne(() => this.#openAt(own.port, options, change, leave), change.config, i);
        fresh.push(listener);
        wanted.set(key, { listener, port: own.port, watch: undefined });
      }
    } catch (cause) {
      await Promise.all(fresh.map((listener) => listener.close(AbortSignal.abort())));
      throw cause;
    }
    this.#adopt(wanted, change, leave);
  }

  /** Closes all of them together. */
  async close(leave: (listener: HttpListener) => Promise<void>): Promise<void> {
    const open = [...this.#open.values()];
    for (const { watch } of open) watch?.[Symbol.dispose]();
    await Promise.all(open.map(({ listener }) => leave(listener)));
  }

  #adopt(wanted: Map<string, OpenListener>, change: ListenerChange, leave: (one: HttpListener) => Promise<void>): void {
    for (const [key, { listener, watch }] of this.#open) {
      watch?.[Symbol.dispose]();
      if (!wanted.has(key)) void leave(listener);
    }
    this.#open = wanted;
    this.#inForce = change;
    for (const [, own, key, options] of placesOf(change)) {
      const place = wanted.get(key);
      if (place === undefined) continue;
      place.listener.change(change.router, options);
      place.watch = own.tls === undefined ? undefined : this.#watch(own.tls, place.listener);
    }
  }

  #watch(tls: NonNullable<ListenerConfig['tls']>, listener: HttpListener): Disposable {
    return watchKeyPair(
      tls,
      (changed) => {
        listener.useKeyPair(changed);
        this.#events.reloaded('certificate', { file: tls.certificate });
      },
      (cause) => this.#events.reloadRefused('certificate', { file: tls.certificate, error: cause.message }),
    );
  }

  /** A port that a listener has which is to go, on another address that covers it or without TLS, is given up first. */
  async #openAt(
    port: number,
    options: ListenerOptions,
    change: ListenerChange,
    leave: (listener: HttpListener) => Promise<void>,
  ): Promise<HttpListener> {
    try {
      return await HttpListener.open(options, change.router, this.#events);
    } catch (cause) {
      const keys = new Set([...placesOf(change)].map(([, , key]) => key));
      const leaving = [...this.#open].filter(([key, one]) => one.port === port && !keys.has(key));
      if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE' || leaving.length === 0) throw cause;
      for (const [key, { listener, watch }] of leaving) {
        watch?.[Symbol.dispose]();
        this.#open.delete(key);
        void leave(listener);
      }
      try {
        return await HttpListener.open(options, change.router, this.#events);
      } catch (again) {
        await this.#reopen(new Set(leaving.map(([key]) => key)));
        throw again;
      }
    }
  }

  /** Has listeners again that were given up for one that could not be had. */
  async #reopen(keys: ReadonlySet<string>): Promise<void> {
    const change = this.#inForce;
    if (change === undefined) return;
    for (const [, { port, tls }, key, options] of placesOf(change)) {
      if (!keys.has(key)) continue;
      const listener = await HttpListener.open(options, change.router, this.#events);
      this.#open.set(key, { listener, port, watch: tls === undefined ? undefined : this.#watch(tls, listener) });
    }
  }
}

type Place = readonly [i: number, own: ListenerConfig, key: string, options: ListenerOptions];

/** The listeners of a configuration, each with what makes it the same as one of another configuration. */
function* placesOf({ config, keyPairs }: ListenerChange): Generator<Place> {
  const seen = new Map<string, number>();
  for (const [i, own] of config.listeners.entries()) {
    const { address, port, limits, tls } = own;
    const pair = keyPairs[i];
    const withTls = tls === undefined || pair === undefined ? {} : { tls: { ...pair, minVersion: tls.minVersion } };
    const place = `${address} ${port} ${tls === undefined ? 'http' : 'https'}`;
    // Port 0 may be there several times.
    const nth = seen.get(place) ?? 0;
    seen.set(place, nth + 1);
    yield [i, own, `${place} ${nth}`, { address, port, limits, ...withTls }];
  }
}

const LISTEN_ERRORS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there already',
  EADDRNOTAVAIL: 'this machine does not have the address',
  EACCES: 'the system does not permit it; ports below 1024 need CAP_NET_BIND_SERVICE',
};

async function openOne(open: () => Promise<HttpListener>, config: Config, i: number): Promise<HttpListener> {
  try {
    return await open();
  } catch (cause) {
    const { code = '', message } = cause as NodeJS.ErrnoException;
    const { address, port } = config.listeners[i] as ListenerConfig;
    throw ConfigError.at(
      config,
      `listeners[${i}]`,
      `cannot listen on ${address} port ${port}: ${LISTEN_ERRORS[code] ?? message}`,
    );
  }
}
