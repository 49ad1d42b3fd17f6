import type { Config } from '../config/config.ts';
import { ConfigError } from '../config/config-error.ts';
import type { Events } from '../telemetry/events.ts';
import { HttpListener, type KeyPair } from '../wire/http/http-listener.ts';
import { KeyPairError, loadKeyPair, watchKeyPair } from '../wire/http/key-pair.ts';
import {
  explained,
  isTaken,
  type KeyPairs,
  listenAt,
  type ListenerChange,
  type ListenerConfig,
  type PlacedListener,
  placesOf,
  refuseCleartext,
} from './listener-places.ts';

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
  /** What no two listeners can have at a time. */
  readonly spot: string;
  watch: Disposable | undefined;
}

/** How a listener is closed that is wanted no more. */
export type Leave = (listener: HttpListener) => Promise<void>;

/** What a change that is under way has done. */
interface Steps {
  readonly leave: Leave;
  readonly fresh: HttpListener[];
  /** Keys of listeners that made room for others. */
  readonly givenUp: Set<string>;
}

/** The addresses that answer. They outlive a change of the configuration: what can stay open stays open, with its connections. */
export class Listeners {
  readonly #events: Events;
  #open = new Map<string, OpenListener>();
  #inForce: ListenerChange | undefined;

  constructor(events: Events) {
    this.#events = events;
  }

  /** Where it answers: URLs without a path, or names of sockets. */
  get urls(): readonly string[] {
    return [...this.#open.values()].map(({ listener }) => listener.url);
  }

  /**
   * Opens what is new, goes on with what stays, and closes what is wanted no more, by `leave`. Where an address cannot be had
   * everything is as it was.
   * @throws {ConfigError} where an address cannot be had
   */
  async change(change: ListenerChange, leave: Leave): Promise<void> {
    const steps: Steps = { leave, fresh: [], givenUp: new Set() };
    const wanted = await this.#prepare(change, steps).catch(async (cause: unknown) => {
      await Promise.all(steps.fresh.map((listener) => listener.close(AbortSignal.abort())));
      await this.#restore(steps.givenUp);
      throw cause;
    });
    this.#adopt(wanted, change, leave);
  }

  /** Closes all of them together. */
  async close(leave: Leave): Promise<void> {
    const open = [...this.#open.values()];
    for (const { watch } of open) watch?.[Symbol.dispose]();
    await Promise.all(open.map(({ listener }) => leave(listener)));
  }

  /** Has all that is wanted; where that fails, `steps` says what is to be undone. */
  async #prepare(change: ListenerChange, steps: Steps): Promise<Map<string, OpenListener>> {
    const { config } = change;
    const wanted = new Map<string, OpenListener>();
    const keys = new Set([...placesOf(change)].map(({ key }) => key));
    for (const placed of placesOf(change)) {
      const { key, spot, own } = placed;
      const standing = this.#open.get(key);
      if (standing !== undefined) {
        await explained(async () => refuseCleartext(standing.listener, own), config, placed);
        wanted.set(key, standing);
        continue;
      }
      const leaving = [...this.#open].filter(([open, one]) => one.spot === spot && !keys.has(open));
      const names = leaving.map(([open]) => open);
      const listener = await explained(() => this.#openInPlaceOf(names, placed, change, steps), config, placed);
      steps.fresh.push(listener);
      wanted.set(key, { listener, spot, watch: undefined });
    }
    // Last, for until all others are had these belong to whom they did.
    for (const placed of placesOf(change))
      await explained(async () => this.#open.get(placed.key)?.listener.permit(placed.own.place), config, placed);
    return wanted;
  }

  #adopt(wanted: Map<string, OpenListener>, change: ListenerChange, leave: Leave): void {
    for (const [key, { listener, watch }] of this.#open) {
      watch?.[Symbol.dispose]();
      if (!wanted.has(key)) void leave(listener);
    }
    this.#open = wanted;
    this.#inForce = change;
    for (const { own, key, options } of placesOf(change)) {
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

  /**
   * A port, path or socket that listeners have which are to go, on another address that covers it or without TLS, is given up
   * first where it cannot be had beside them.
   */
  async #openInPlaceOf(
    leaving: readonly string[],
    placed: PlacedListener,
    change: ListenerChange,
    { leave, givenUp }: Steps,
  ): Promise<HttpListener> {
    const isShared = placed.own.place.kind === 'systemd';
    try {
      if (leaving.length === 0 || !isShared) return await this.#openAt(placed, change);
    } catch (cause) {
      if (!isTaken(cause) || leaving.length === 0) throw cause;
    }
    for (const key of leaving) {
      const { listener, watch } = this.#open.get(key) as OpenListener;
      watch?.[Symbol.dispose]();
      this.#open.delete(key);
      givenUp.add(key);
      void leave(listener);
    }
    return await this.#openAt(placed, change);
  }

  async #openAt({ own, options }: PlacedListener, { router }: ListenerChange): Promise<HttpListener> {
    const listener = await HttpListener.open({ ...options, at: listenAt(own.place) }, router, this.#events);
    try {
      refuseCleartext(listener, own);
      return listener;
    } catch (cause) {
      await listener.close(AbortSignal.abort());
      throw cause;
    }
  }

  /** Has all as it was before a change that failed: listeners again that were given up, and sockets with those who had them. */
  async #restore(givenUp: ReadonlySet<string>): Promise<void> {
    const change = this.#inForce;
    if (change === undefined) return;
    for (const placed of placesOf(change)) {
      const { key, own } = placed;
      try {
        if (givenUp.has(key)) await this.#reopen(placed, change);
        else await this.#open.get(key)?.listener.permit(own.place);
      } catch (cause) {
        // One that cannot be restored keeps no other from it, and is not why the change failed.
        const { message } = cause as Error;
        this.#events.reloadRefused('listener', { listener: key, error: `it cannot be had as it was: ${message}` });
      }
    }
  }

  async #reopen(placed: PlacedListener, change: ListenerChange): Promise<void> {
    const { key, spot, own } = placed;
    const listener = await this.#openAt(placed, change);
    const watch = own.tls === undefined ? undefined : this.#watch(own.tls, listener);
    this.#open.set(key, { listener, spot, watch });
  }
}
