import type { Config } from '../config/config.ts';
import { ConfigError } from '../config/config-error.ts';
import type { Events } from '../telemetry/events.ts';
import { HttpListener, type KeyPair } from '../wire/http/http-listener.ts';
import { KeyPairError, loadKeyPair, watchKeyPair } from '../wire/http/key-pair.ts';
import type { Router } from '../wire/http/router.ts';

/** One for each listener, `undefined` where it answers in the clear. */
export type KeyPairs = readonly (KeyPair | undefined)[];

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

export interface ListenerParts {
  readonly router: Router;
  readonly events: Events;
  readonly keyPairs: KeyPairs;
  readonly building: AsyncDisposableStack;
}

/**
 * Begins to answer on all addresses; gives their URLs. When taken down, all of them drain together within one deadline.
 * @throws {ConfigError} where an address cannot be had
 */
export async function openListeners(config: Config, parts: ListenerParts): Promise<string[]> {
  const { router, events, keyPairs, building } = parts;
  const opened: HttpListener[] = [];
  building.defer(async () => {
    router.drain();
    const deadline = AbortSignal.timeout(config.shutdown.deadlineMs);
    await Promise.all(opened.map((listener) => listener.close(deadline)));
  });
  for (const [i, own] of config.listeners.entries()) {
    const { address, port, limits, tls } = own;
    const pair = keyPairs[i];
    const options = { address, port, limits };
    const withTls = tls === undefined || pair === undefined ? {} : { tls: { ...pair, minVersion: tls.minVersion } };
    const listener = await openOne(() => HttpListener.open({ ...options, ...withTls }, router, events), config, i);
    opened.push(listener);
    if (tls === undefined) continue;
    building.use(
      watchKeyPair(
        tls,
        (changed) => {
          listener.useKeyPair(changed);
          events.reloaded('certificate', { file: tls.certificate });
        },
        (cause) => events.reloadRefused('certificate', { file: tls.certificate, error: cause.message }),
      ),
    );
  }
  return opened.map((listener) => listener.url);
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
    const { address, port } = config.listeners[i] as Config['listeners'][number];
    throw ConfigError.at(
      config,
      `listeners[${i}]`,
      `cannot listen on ${address} port ${port}: ${LISTEN_ERRORS[code] ?? message}`,
    );
  }
}
