import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { SecureVersion } from 'node:tls';
import type { Events } from '../../telemetry/events.ts';
import { Connections } from './connections.ts';
import { MAX_BODY_BYTES } from './request-body.ts';
import type { Router } from './router.ts';

/** Deadlines and bounds of a listener; times in milliseconds. */
export interface ListenerLimits {
  readonly headerTimeoutMs: number;
  /** For the whole request, header section included; as long may a client leave an answer unread. */
  readonly bodyTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly maxConnections: number;
}

export interface KeyPair {
  readonly certificate: Buffer;
  readonly key: Buffer;
}

export interface ListenerOptions {
  readonly address: string;
  readonly port: number;
  readonly tls?: (KeyPair & { readonly minVersion: SecureVersion }) | undefined;
  readonly limits: ListenerLimits;
}

const CHECK_EVERY_MS = 1000;

/** One address that answers HTTP or HTTPS. */
export class HttpListener {
  readonly #server: Server | TlsServer;
  readonly #options: ListenerOptions;
  readonly #router: Router;
  readonly #connections: Connections;

  private constructor(options: ListenerOptions, router: Router, events: Events) {
    const { tls, limits } = options;
    const settings = {
      requireHostHeader: false,
      headersTimeout: Math.min(limits.headerTimeoutMs, limits.bodyTimeoutMs),
      requestTimeout: limits.bodyTimeoutMs,
      keepAliveTimeout: limits.idleTimeoutMs,
      connectionsCheckingInterval: CHECK_EVERY_MS,
      noDelay: true,
      keepAlive: true,
    };
    this.#options = options;
    this.#router = router;
    this.#server =
      tls === undefined
        ? createServer(settings)
        : createTlsServer({
            ...settings,
            cert: tls.certificate,
            key: tls.key,
            minVersion: tls.minVersion,
            handshakeTimeout: limits.headerTimeoutMs,
          });
    this.#server.maxConnections = limits.maxConnections;
    // For answers that are not read. Later than the deadlines above are looked at, for these have an answer.
    this.#server.timeout = limits.bodyTimeoutMs + 2 * CHECK_EVERY_MS;
    this.#connections = new Connections(this.#server, events);
    this.#attach();
  }

  /** Begins to listen. @throws the system's error (EADDRINUSE, EACCES …) where the address cannot be had. */
  static async open(options: ListenerOptions, router: Router, events: Events): Promise<HttpListener> {
    const listener = new HttpListener(options, router, events);
    listener.#server.listen(options.port, options.address);
    await once(listener.#server, 'listening');
    return listener;
  }

  get url(): string {
    const { address, port } = this.#server.address() as AddressInfo;
    return `${this.#options.tls === undefined ? 'http' : 'https'}://${address.includes(':') ? `[${address}]` : address}:${port}`;
  }

  /** Serves new connections with another certificate; those that stand are left as they are. */
  useKeyPair({ certificate, key }: KeyPair): void {
    const minVersion = this.#options.tls?.minVersion;
    if (minVersion === undefined || !('setSecureContext' in this.#server)) return;
    this.#server.setSecureContext({ cert: certificate, key, minVersion });
  }

  /** Accepts no more connections, lets what is under way finish until `signal` fires, then cuts off what is left. */
  async close(signal: AbortSignal): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    using _draining = this.#connections.drain(signal);
    await closed;
  }

  #attach(): void {
    const server = this.#server;
    server.on('request', (req: IncomingMessage, res: ServerResponse) => this.#receive(req, res));
    server.on('checkContinue', (req: IncomingMessage, res: ServerResponse) => {
      // A client that waits for leave to send a body which is too large is told so instead. Whether it sends the body all the
      // same cannot be known, so that nothing more can be read from its connection.
      if (Number(req.headers['content-length'] ?? 0) <= MAX_BODY_BYTES) res.writeContinue();
      else res.shouldKeepAlive = false;
      this.#receive(req, res);
    });
    server.on('checkExpectation', (req: IncomingMessage, res: ServerResponse) => {
      res.shouldKeepAlive = false;
      this.#receive(req, res, req.headers.expect);
    });
  }

  #receive(req: IncomingMessage, res: ServerResponse, expectation?: string): void {
    const connection = this.#connections.of(req.socket);
    const exchange = this.#router.route(req, res, connection.address, expectation);
    connection.begin(exchange);
    res.once('close', () => {
      this.#router.release(exchange);
      connection.end();
    });
  }
}
