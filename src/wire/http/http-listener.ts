import { once } from 'node:events';
import { createServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import { type AddressInfo, Server, type Socket } from 'node:net';
import type { SecureVersion } from 'node:tls';
import { parseClientAddress } from '../../login/client-address.ts';
import type { Events } from '../../telemetry/events.ts';
import { Connections } from './connections.ts';
import { MAX_BODY_BYTES } from './request-body.ts';
import type { Router } from './router.ts';
import { WholeConnections } from './whole/whole-connections.ts';

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

export interface ListenerTls extends KeyPair {
  readonly minVersion: SecureVersion;
}

export interface ListenerOptions {
  readonly address: string;
  readonly port: number;
  readonly tls?: ListenerTls | undefined;
  readonly limits: ListenerLimits;
}

export interface CloseOptions {
  /**
   * Milliseconds that connections without a request are left open, so that their clients learn from the answer to their next
   * request that none may follow, and none is sent into a connection that just ends. 0 by default.
   */
  readonly patienceMs?: number;
}

const CHECK_EVERY_MS = 1000;

/** One address that answers HTTP or HTTPS. */
export class HttpListener {
  readonly #server: HttpServer | TlsServer;
  readonly #connections: Connections;
  #router: Router;
  #minVersion: SecureVersion | undefined;
  #limits: ListenerLimits;
  readonly #whole: WholeConnections;
  #isClosing = false;

  private constructor(options: ListenerOptions, router: Router, events: Events) {
    const { tls, limits } = options;
    const settings = {
      requireHostHeader: false,
      connectionsCheckingInterval: CHECK_EVERY_MS,
      noDelay: true,
      keepAlive: true,
    };
    this.#minVersion = tls?.minVersion;
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
    // Without it a process of several hands a connection it has no room for to the next, which may hand it back, for ever.
    Object.assign(this.#server, { dropMaxConnection: true });
    this.#limit(limits);
    this.#limits = limits;
    this.#whole = new WholeConnections({
      router: () => this.#router,
      isClosing: () => this.#isClosing,
      limits: () => this.#limits,
      handOver: this.#takeByParser(),
      events,
    });
    this.#connections = new Connections(this.#server, this.#whole, events);
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
    return `${this.#minVersion === undefined ? 'http' : 'https'}://${address.includes(':') ? `[${address}]` : address}:${port}`;
  }

  /** Serves new connections with another certificate; those that stand are left as they are. */
  useKeyPair({ certificate, key }: KeyPair): void {
    const minVersion = this.#minVersion;
    if (minVersion === undefined || !('setSecureContext' in this.#server)) return;
    this.#server.setSecureContext({ cert: certificate, key, minVersion });
  }

  /**
   * Answers by another router and within other limits from the next request on; the time for TLS handshakes stays. A listener
   * that speaks TLS goes on with it, one that does not goes on without.
   */
  change(router: Router, { limits, tls }: Pick<ListenerOptions, 'limits' | 'tls'>): void {
    this.#router = router;
    this.#limit(limits);
    if (tls === undefined || this.#minVersion === undefined) return;
    this.#minVersion = tls.minVersion;
    this.useKeyPair(tls);
  }

  /**
   * Accepts no more connections, ends each that stands with its next answer or when its client has been quiet long enough, and
   * cuts off what is left when `signal` fires.
   */
  async close(signal: AbortSignal, { patienceMs = 0 }: CloseOptions = {}): Promise<void> {
    this.#isClosing = true;
    // The method of node:http would end idle connections at once.
    const closed = new Promise<void>((resolve) => Server.prototype.close.call(this.#server, () => resolve()));
    using _draining = this.#connections.drain(signal, patienceMs);
    await closed;
    this.#server.close();
  }

  /** Connections come to us first; gives what brings one to Node's parser, as all of them would be without us. */
  #takeByParser(): (socket: Socket) => void {
    const server = this.#server;
    const event = this.#minVersion === undefined ? 'connection' : 'secureConnection';
    const [listen] = server.listeners(event).slice(-1);
    if (listen === undefined) throw new Error(`node:http does not listen for ${event}`);
    server.off(event, listen as () => void);
    server.on(event, (socket: Socket) => {
      const peer = socket.remoteAddress ?? '';
      this.#whole.take(socket, parseClientAddress(peer) ?? peer);
    });
    return (socket) => {
      listen.call(server, socket);
    };
  }

  #limit(limits: ListenerLimits): void {
    const server = this.#server;
    this.#limits = limits;
    server.headersTimeout = Math.min(limits.headerTimeoutMs, limits.bodyTimeoutMs);
    server.requestTimeout = limits.bodyTimeoutMs;
    server.keepAliveTimeout = limits.idleTimeoutMs;
    server.maxConnections = limits.maxConnections;
    // For answers that are not read. Later than the deadlines above are looked at, for these have an answer.
    server.timeout = limits.bodyTimeoutMs + 2 * CHECK_EVERY_MS;
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
    const router = this.#router;
    const connection = this.#connections.of(req.socket);
    if (this.#isClosing) res.shouldKeepAlive = false;
    const exchange = router.route(req, res, connection.address, expectation);
    connection.begin(exchange);
    // Comes once; `on` saves the wrapper that sees to that.
    res.on('close', () => {
      router.release(exchange);
      connection.end();
    });
  }
}
