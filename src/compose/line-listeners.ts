import type { Config } from '../config/config.ts';
import { ConfigError } from '../config/config-error.ts';
import type { Frame } from './frame.ts';
import type { KeyPair } from '../wire/http/http-listener.ts';
import { KeyPairError, loadKeyPair, watchKeyPair } from '../wire/http/key-pair.ts';
import type { LineListenerConfig } from '../wire/line/line-config.ts';
import { LineListener, type LineListenerSettings } from '../wire/line/line-listener.ts';
import { UnixSocketError } from '../wire/sockets/unix-socket.ts';
import type { LineDoors } from './line-doors.ts';
import { LISTEN_ERRORS } from './listener-places.ts';

type Leave = (listener: LineListener) => Promise<void>;

interface OpenListener {
  readonly listener: LineListener;
  readonly gauge: Disposable;
  readonly watch: Disposable | undefined;
}

/** What was opened for a change; one of both must be called. */
export interface PreparedLines {
  /** Goes on with what stays, and closes what is wanted no more, by `leave`. */
  adopt(leave: Leave): Promise<void>;
  /** Closes what was opened: everything is as it was. */
  abandon(): Promise<void>;
}

interface Wanted {
  readonly own: LineListenerConfig;
  readonly key: string;
  readonly settings: LineListenerSettings;
}

/** The places for lines that answer. They outlive a change of the configuration, with their connections. */
export class LineListeners {
  readonly #frame: Frame;
  #open = new Map<string, OpenListener>();

  constructor(frame: Frame) {
    this.#frame = frame;
  }

  /** Opens what is new. @throws {ConfigError} where a place cannot be had; then everything is as it was */
  async prepare(config: Config, doors: LineDoors): Promise<PreparedLines> {
    const wanted = await wantedBy(config, doors);
    const fresh = new Map<string, LineListener>();
    const abandon = async () => {
      await Promise.all([...fresh.values()].map((listener) => listener.close(AbortSignal.abort())));
    };
    try {
      for (const [i, { key, settings }] of wanted.entries())
        if (!this.#open.has(key)) fresh.set(key, await openOne(settings, config, i));
    } catch (cause) {
      await abandon();
      throw cause;
    }
    return { adopt: (leave) => this.#adopt(wanted, fresh, leave), abandon };
  }

  /** Closes all of them together. */
  async close(leave: Leave): Promise<void> {
    const open = [...this.#open.values()];
    this.#open = new Map();
    await Promise.all(open.map((one) => this.#leave(one, leave)));
  }

  async #adopt(wanted: readonly Wanted[], fresh: ReadonlyMap<string, LineListener>, leave: Leave): Promise<void> {
    const before = this.#open;
    this.#open = new Map();
    for (const one of wanted) {
      const opened = fresh.get(one.key);
      const standing = before.get(one.key);
      if (opened !== undefined) this.#begin(one, opened);
      else if (standing !== undefined) await this.#goOn(one, standing);
    }
    for (const [key, one] of before) if (!this.#open.has(key)) void this.#leave(one, leave);
  }

  #begin(one: Wanted, listener: LineListener): void {
    const { name, protocol } = one.own;
    this.#keep(one, listener);
    this.#frame.events.lineListening({ listener: name, protocol, place: listener.place });
  }

  #keep({ own, key }: Wanted, listener: LineListener): void {
    const help = 'Connections to listeners for lines.';
    const count = () => listener.connections;
    const gauge = this.#frame.metrics.addGauge('line_connections', help, count, { listener: own.name });
    this.#open.set(key, { listener, gauge, watch: this.#watch(own, listener) });
  }

  /** The configuration is in force by now: that a socket's mode could not be changed is told, and is no reason to stop. */
  async #goOn(one: Wanted, { listener, gauge, watch }: OpenListener): Promise<void> {
    watch?.[Symbol.dispose]();
    gauge[Symbol.dispose]();
    this.#keep(one, listener);
    try {
      await listener.change(one.settings);
    } catch (cause) {
      if (!(cause instanceof UnixSocketError)) throw cause;
      this.#frame.events.reloadRefused('unix socket', { error: cause.message });
    }
  }

  async #leave({ listener, gauge, watch }: OpenListener, leave: Leave): Promise<void> {
    watch?.[Symbol.dispose]();
    await leave(listener);
    gauge[Symbol.dispose]();
  }

  #watch({ tls }: LineListenerConfig, listener: LineListener): Disposable | undefined {
    const { events } = this.#frame;
    if (tls === undefined) return undefined;
    return watchKeyPair(
      tls,
      (changed) => {
        listener.useKeyPair(changed);
        events.reloaded('certificate', { file: tls.certificate });
      },
      (cause) => events.reloadRefused('certificate', { file: tls.certificate, error: cause.message }),
    );
  }
}

async function wantedBy(config: Config, { parts }: LineDoors): Promise<readonly Wanted[]> {
  const wanted: Wanted[] = [];
  for (const [i, own] of config.lineListeners.entries()) {
    const { place, networks, protocol, tls } = own;
    const at = place.kind === 'unix' ? place.socket.path : `${place.address} ${place.port}`;
    // Port 0 may be there several times.
    const nth = wanted.filter(({ key }) => key.startsWith(`${at} #`)).length;
    const pair = await loadPair(config, i);
    const asked = parts[i];
    if (asked === undefined) throw new Error('each listener for lines has its parts');
    const settings = { protocol, parts: asked, place, limits: config.line, networks };
    const withTls = tls === undefined || pair === undefined ? {} : { tls: { ...pair, minVersion: tls.minVersion } };
    wanted.push({ own, key: `${at} #${nth}`, settings: { ...settings, ...withTls } });
  }
  return wanted;
}

async function loadPair(config: Config, i: number): Promise<KeyPair | undefined> {
  const tls = config.lineListeners[i]?.tls;
  try {
    return tls === undefined ? undefined : await loadKeyPair(tls);
  } catch (cause) {
    if (cause instanceof KeyPairError) throw ConfigError.at(config, `line_listeners[${i}].tls`, cause.message);
    throw cause;
  }
}

async function openOne(settings: LineListenerSettings, config: Config, i: number): Promise<LineListener> {
  try {
    return await LineListener.open(settings);
  } catch (cause) {
    const { place } = settings;
    const { code = '', message } = cause as NodeJS.ErrnoException;
    const text =
      place.kind === 'unix'
        ? message
        : `cannot listen on ${place.address} port ${place.port}: ${LISTEN_ERRORS[code] ?? message}`;
    throw ConfigError.at(config, `line_listeners[${i}]`, text);
  }
}
