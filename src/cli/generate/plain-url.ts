import { isIP } from 'node:net';
import type { Config } from '../../config/config.ts';
import { CommandError } from '../command-io.ts';

const EVERYWHERE: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };
const LOOPBACK = /^(?:127\.[0-9.]+|\[::1\]|localhost)$/;

/** A program that speaks HTTP without TLS only. */
export interface PlainAsker {
  readonly program: string;
  /** The path that it asks. */
  readonly door: string;
}

/** Where such a program reaches the service. */
export interface PlainUrl {
  /** Of its door. */
  readonly url: URL;
  readonly warnings: readonly string[];
}

/**
 * The URL that was given, with the path of the program's door where it has none; else that of the first listener without TLS.
 * @throws {CommandError} where there is none, or it is one that the program cannot speak to
 */
export function choosePlainUrl(config: Config, given: string | undefined, { program, door }: PlainAsker): PlainUrl {
  const url = given === undefined ? ofListener(config, program) : parse(given, program);
  if (url.pathname === '/') url.pathname = door;
  const warnings = LOOPBACK.test(url.hostname)
    ? []
    : [
        `${url.origin}: passwords cross the network unencrypted; let ${program} and the service share a machine or a tunnel`,
      ];
  return { url, warnings };
}

function ofListener({ listeners, file }: Config, program: string): URL {
  const [plain] = listeners.flatMap(({ tls, place, proxyProtocol }) =>
    tls === undefined && proxyProtocol === undefined && place.kind === 'tcp' && place.port !== 0 ? [place] : [],
  );
  if (plain === undefined)
    throw new CommandError(
      `${file}: every listener has TLS, which ${program} does not speak to the service; add one such as { address: 127.0.0.1, port: 9080 }`,
    );
  const address = EVERYWHERE[plain.address] ?? plain.address;
  return new URL(`http://${isIP(address) === 6 ? `[${address}]` : address}:${plain.port}/`);
}

function parse(text: string, program: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:')
    throw new CommandError(`--url: ${JSON.stringify(text)} is no http URL, which is all that ${program} can ask`, 2);
  if (url.username !== '' || url.search !== '' || url.hash !== '')
    throw new CommandError('--url: must have neither a user, nor a query, nor a fragment', 2);
  return url;
}
