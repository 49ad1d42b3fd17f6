import { isIP } from 'node:net';
import type { Config } from '../../config/config.ts';
import { CommandError } from '../command-io.ts';

const NGINX_DOOR = '/api/v1/auth/nginx';
const EVERYWHERE: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };
const LOOPBACK = /^(?:127\.[0-9.]+|\[::1\]|localhost)$/;

/** Where nginx reaches the service. */
export interface PlainUrl {
  /** Of the nginx door. */
  readonly url: URL;
  readonly warnings: readonly string[];
}

/**
 * The URL that was given, with the path of the nginx door where it has none; else that of the first listener without TLS.
 * @throws {CommandError} where there is none, or it is one that nginx cannot speak to
 */
export function choosePlainUrl(config: Config, given: string | undefined): PlainUrl {
  const url = given === undefined ? ofListener(config) : parse(given);
  if (url.pathname === '/') url.pathname = NGINX_DOOR;
  const warnings = LOOPBACK.test(url.hostname)
    ? []
    : [`${url.origin}: passwords cross the network unencrypted; let nginx and the service share a machine or a tunnel`];
  return { url, warnings };
}

function ofListener({ listeners, file }: Config): URL {
  const plain = listeners.find(({ tls, port }) => tls === undefined && port !== 0);
  if (plain === undefined)
    throw new CommandError(
      `${file}: every listener has TLS, which nginx does not speak to auth_http; add one such as { address: 127.0.0.1, port: 9080 }`,
    );
  const address = EVERYWHERE[plain.address] ?? plain.address;
  return new URL(`http://${isIP(address) === 6 ? `[${address}]` : address}:${plain.port}/`);
}

function parse(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:')
    throw new CommandError(`--url: ${JSON.stringify(text)} is no http URL, which is all that nginx can ask`, 2);
  if (url.username !== '' || url.search !== '' || url.hash !== '')
    throw new CommandError('--url: must have neither a user, nor a query, nor a fragment', 2);
  return url;
}
