import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { SecureVersion } from 'node:tls';
import type { Events } from '../../telemetry/events.ts';
import { answerClientError } from './client-error.ts';
import { MAX_BODY_BYTES } from './request-body.ts';
import type { Router } from './router.ts';

/** Deadlines and bounds of a listener; times in milliseconds. */
export interface ListenerLimits {
  readonly headerTimeoutMs: number;
  /** For the whole request, header section included. */
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
const DRAIN_LOOK_MS = 50;

/** One address that answers HTTP or HTTPS. */
export class HttpListener {
  readonly #server: Server | TlsServer;
  readonly #options: ListenerOptions;
  readonly #router: Router;
  readonly #answering = new WeakMap<Duplex, number>();

  private constructor(options: ListenerOptions, router: Router, events: Events) {
    const { tls, limits } = options;
    const settings = {
      requireHostHeader: false,
      headersTimeout: limits.headerTimeoutMs,
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
    this.#attach(events);
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
    const look = setInterval(() => this.#server.closeIdleConnections(), DRAIN_LOOK_MS);
    const cutOff = () => this.#server.closeAllConnections();
    signal.addEventListener('abort', cutOff, { once: true });
    if (signal.aborted) cutOff();
    await closed;
    clearInterval(look);
    signal.removeEventListener('abort', cutOff);
  }

  #attach(events: Events): void {
    const server = this.#server;
    server.on('request', (req, res) => this.#receive(req, res));
    server.on('checkContinue', (req: IncomingMessage, res: ServerResponse) => {
      // A client that waits for leave to send a body which is too large is told so instead.
      if (Number(req.headers['content-length'] ?? 0) <= MAX_BODY_BYTES) res.writeContinue();
      this.#receive(req, res);
    });
    server.on('checkExpectation', (req: IncomingMessage, res: ServerResponse) =>
      this.#receive(req, res, req.headers.expect),
    );
    server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
      answerClientError(error, socket, (this.#answering.get(socket) ?? 0) > 0, events);
    });
  }

  #receive(req: IncomingMessage, res: ServerResponse, expectation?: string): void {
    const { socket } = req;
    this.#answering.set(socket, (this.#answering.get(socket) ?? 0) + 1);
    res.once('close', () => {
      this.#answering.set(socket, (this.#answering.get(socket) ?? 1) - 1);
      this.#router.release();
    });
    this.#router.route(req, res, expectation);
  }
}
