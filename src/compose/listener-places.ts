import type { Config } from '../config/config.ts';
import { ConfigError } from '../config/config-error.ts';
import type { HttpListener, KeyPair, ListenAt, ListenerOptions } from '../wire/http/http-listener.ts';
import type { ListenerPlace } from '../wire/http/place-config.ts';
import type { Router } from '../wire/http/router.ts';
import { ActivatedSocketError, activatedSockets } from '../wire/sockets/activated-sockets.ts';
import { UnixSocketError } from '../wire/sockets/unix-socket.ts';

/** One for each listener, `undefined` where it answers in the clear. */
export type KeyPairs = readonly (KeyPair | undefined)[];

export type ListenerConfig = Config['listeners'][number];

/** What listeners are to be now. */
export interface ListenerChange {
  readonly config: Config;
  readonly router: Router;
  readonly keyPairs: KeyPairs;
}

/** A listener of a configuration. */
export interface PlacedListener {
  /** Its place in the list. */
  readonly i: number;
  readonly own: ListenerConfig;
  /** What makes it the same as one of another configuration. */
  readonly key: string;
  /** What no two listeners can have at a time. */
  readonly spot: string;
  readonly options: Omit<ListenerOptions, 'at'>;
}

export function* placesOf({ config, keyPairs }: ListenerChange): Generator<PlacedListener> {
  const seen = new Map<string, number>();
  for (const [i, own] of config.listeners.entries()) {
    const { place, limits, tls, proxyProtocol, trustedProxies } = own;
    const pair = keyPairs[i];
    const { minVersion, clientCertificates } = tls ?? {};
    const withTls =
      minVersion === undefined || pair === undefined ? {} : { tls: { ...pair, minVersion, clientCertificates } };
    // What TLS asks of clients, and what comes before it, cannot be changed while it is spoken.
    const spoken = tls === undefined ? 'http' : `https ${clientCertificates ?? ''}`;
    const kept = `${nameOf(place)} ${spoken} ${proxyProtocol === undefined ? '' : 'proxied'}`;
    // Port 0 may be there several times.
    const nth = seen.get(kept) ?? 0;
    seen.set(kept, nth + 1);
    const options = { limits, proxyProtocol, trustedProxies, ...withTls };
    yield { i, own, key: `${kept} ${nth}`, spot: spotOf(place), options };
  }
}

/** Where to listen, once that is about to be done. @throws {ActivatedSocketError} where systemd has passed no such socket */
export function listenAt(place: ListenerPlace): ListenAt {
  switch (place.kind) {
    case 'tcp':
    case 'unix':
      return place;
    case 'systemd':
      return { kind: 'descriptor', descriptor: activatedSockets().take(place.name), name: place.name };
  }
}

function nameOf(place: ListenerPlace): string {
  switch (place.kind) {
    case 'tcp':
      return `${place.address} port ${place.port}`;
    case 'unix':
      return place.socket.path;
    case 'systemd':
      return `the socket ${place.name} of systemd`;
  }
}

function spotOf(place: ListenerPlace): string {
  return place.kind === 'tcp' ? `port ${place.port}` : nameOf(place);
}

/** Whether a place could not be had for somebody has it. */
export function isTaken(cause: unknown): boolean {
  const { code } = ((cause instanceof UnixSocketError ? cause.cause : cause) ?? {}) as { readonly code?: string };
  return code === 'EADDRINUSE';
}

/** What keeps a listener from its place, by code of the system. */
export const LISTEN_ERRORS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there already',
  EADDRNOTAVAIL: 'this machine does not have the address',
  EACCES: 'the system does not permit it; ports below 1024 need CAP_NET_BIND_SERVICE',
};

/** Gives what a listener could not do as a problem of its settings. @throws {ConfigError} */
export async function explained<T>(open: () => Promise<T>, config: Config, { i, own }: PlacedListener): Promise<T> {
  const at = `listeners[${i}]`;
  try {
    return await open();
  } catch (cause) {
    if (cause instanceof UnixSocketError) throw ConfigError.at(config, `${at}.unix`, cause.message);
    if (cause instanceof ActivatedSocketError) throw ConfigError.at(config, `${at}.systemd`, cause.message);
    if (cause instanceof CleartextError) throw ConfigError.at(config, `${at}.tls`, cause.message);
    const { code = '', message } = cause as NodeJS.ErrnoException;
    throw ConfigError.at(config, at, `cannot listen on ${nameOf(own.place)}: ${LISTEN_ERRORS[code] ?? message}`);
  }
}

/** Others can reach a listener without TLS that is not to be reached by them. */
class CleartextError extends Error {
  override readonly name = 'CleartextError';
  readonly code = 'cleartext-reachable';
}

/** Where systemd listens is known only now. @throws where others can reach a listener without TLS that is not to be */
export function refuseCleartext(listener: HttpListener, { place, tls, allowsCleartext }: ListenerConfig): void {
  if (place.kind !== 'systemd' || tls !== undefined || allowsCleartext || listener.isLocal) return;
  throw new CleartextError(
    `is missing: other machines can reach ${listener.url}, where systemd listens; give a certificate and key, or set allow_cleartext: true where something else protects the passwords`,
  );
}
