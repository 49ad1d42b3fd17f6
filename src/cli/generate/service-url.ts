import { isIP } from 'node:net';
import type { Config } from '../../config/config.ts';
import { CommandError } from '../command-io.ts';

/** Where a mail server on another machine, or on this one, reaches the service. */
export interface ServiceUrl {
  /** Of the JSON door, without a query. */
  readonly url: URL;
  /** The listener behind it, as far as that can be told: of the same port, else the first with TLS. */
  readonly listener: Config['listeners'][number];
  readonly warnings: readonly string[];
}

const JSON_DOOR = '/api/v1/auth/json';
const EVERYWHERE: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/**
 * The URL that was given, with the path of the JSON door where it has none; else that of the first listener with TLS.
 * @throws {CommandError} where the configuration does not tell how others reach the service
 */
export function chooseUrl(config: Config, given: string | undefined): ServiceUrl {
  if (given !== undefined) return describe(parseUrl(given), config);
  const [place] = config.listeners.flatMap(({ tls, place: own, proxyProtocol }) =>
    tls !== undefined && proxyProtocol === undefined && own.kind === 'tcp' ? [own] : [],
  );
  if (place === undefined)
    throw new CommandError(
      `${config.file}: no listener has TLS; give the URL that the mail server is to use with --url, such as ${asUrl('https', 'auth.example.org', 9443)}`,
    );
  const { address, port } = place;
  if (port === 0) throw new CommandError(`${config.file}: the listener's port is 0, chosen by the system; give --url`);
  if (EVERYWHERE.has(address))
    throw new CommandError(
      `${config.file}: the listener answers on all addresses (${address}); give one that the mail server reaches, by a name or address of the certificate: --url ${asUrl('https', 'NAME', port)}`,
    );
  return describe(new URL(asUrl('https', address, port) + JSON_DOOR), config);
}

function asUrl(scheme: string, host: string, port: number): string {
  return `${scheme}://${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol))
    throw new CommandError(`--url: ${JSON.stringify(text)} is no https URL`, 2);
  if (url.username !== '' || url.search !== '' || url.hash !== '')
    throw new CommandError('--url: must have neither a user, nor a query, nor a fragment', 2);
  if (url.pathname === '/') url.pathname = JSON_DOOR;
  return url;
}

function describe(url: URL, config: Config): ServiceUrl {
  const port = Number(url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : url.port);
  const { listeners } = config;
  const listener =
    listeners.find(({ place }) => place.kind === 'tcp' && place.port === port) ??
    listeners.find(({ tls }) => tls) ??
    listeners[0];
  if (listener === undefined) throw new CommandError(`${config.file}: there is no listener`);
  const warnings: string[] = [];
  const isLocal = isLoopback(hostOf(url));
  if (url.protocol === 'http:' && !isLocal)
    warnings.push(`${url.origin}: passwords cross the network unencrypted; use https`);
  if (isLocal) warnings.push(`${url.origin} is this machine: Dovecot has to run here too, else give --url`);
  return { url, listener, warnings };
}

/** The host without the brackets of IPv6. */
export function hostOf({ hostname }: URL): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}
