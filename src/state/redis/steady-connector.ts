import { createConnection, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { AbstractConnector, type RedisOptions } from 'ioredis';

/**
 * Connects to one server, as the library does by itself, but hears of every error of the connection. The library hears of the
 * first only, and a second one, such as the alert of a server whose certificate was refused, would end the process.
 */
export class SteadyConnector extends AbstractConnector {
  readonly #options: RedisOptions;

  /** @param options those of the client */
  constructor(options: unknown) {
    const own = options as RedisOptions;
    super(own.disconnectTimeout ?? 0);
    this.#options = own;
  }

  override async connect(): Promise<Socket> {
    this.connecting = true;
    // Who gives the connection up at once must find none that is under way.
    await Promise.resolve();
    if (!this.connecting) throw new Error('Connection is closed.');
    const stream = open(this.#options);
    this.stream = stream;
    stream.on('error', (cause) => {
      this.firstError ??= cause;
    });
    return stream;
  }
}

function open({ path, host, port, family, tls }: RedisOptions): Socket {
  const place: ConnectionOptions =
    typeof path === 'string'
      ? { path }
      : {
          ...(host === undefined ? {} : { host }),
          ...(port === undefined ? {} : { port }),
          ...(family === undefined ? {} : { family }),
        };
  if (tls !== undefined) return connectTls({ ...place, ...tls });
  return createConnection(place as { readonly port: number });
}
