import { hash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import { type AddressInfo, type BlockList, Server, type Socket } from 'node:net';
import type { SecureVersion } from 'node:tls';
import type { Events } from '../../telemetry/events.ts';
import { ProxyGate } from '../sockets/proxy-gate.ts';
import { listenAtUnixSocket, permit, type UnixSocketPlace } from '../sockets/unix-socket.ts';
import type { Problem } from './answer.ts';
import { blockList, isWithin } from './callers.ts';
import { type Connection, Connections } from './connections.ts';
import { Peers } from './peers.ts';
import { isLoopback, type ListenerPlace } from './place-config.ts';
import { MAX_BODY_BYTES } from './request-body.ts';
import type { RequestOrigin, Router } from './router.ts';
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
  /** Authorities that vouch for callers' certificates. */
  readonly clientCa?: Buffer | undefined;
}

export interface ListenerTls extends KeyPair {
  readonly minVersion: SecureVersion;
  /** Whether callers show certificates; they are not asked for them where absent. */
  readonly clientCertificates?: 'optional' | 'required' | undefined;
}

/** Where to listen. */
export type ListenAt =
  | { readonly kind: 'tcp'; readonly address: string; readonly port: number }
  | { readonly kind: 'unix'; readonly socket: UnixSocketPlace }
  /** At a socket that another program has opened, by its descriptor and its name. */
  | { readonly kind: 'descriptor'; readonly descriptor: number; readonly name: string };

export interface ListenerOptions {
  readonly at: ListenAt;
  readonly tls?: ListenerTls | undefined;
  /** Networks of the proxies that begin each connection with a header of the PROXY protocol; without such headers where absent. */
  readonly proxyProtocol?: readonly string[] | undefined;
  /** Networks of the HTTP proxies whose headers are believed. */
  readonly trustedProxies?: readonly string[] | undefined;
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
const TWO_ORIGINS: Problem = {
  status: 400,
  error: 'X-Forwarded-For and Forwarded tell of different clients; let the proxy set one and remove the other',
};

/** One address that answers HTTP or HTTPS. */
export class HttpListener {
  readonly #server: HttpServer | TlsServer;
  readonly #connections: Connections;
  readonly #peers: Peers;
  readonly #at: ListenAt;
  readonly #events: Events;
  /** Networks of the proxies in front; `undefined` where connections have no header of theirs. */
  #proxies: BlockList | undefined;
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
    this.#at = options.at;
    this.#events = events;
    this.#router = router;
    this.#peers = new Peers(options.trustedProxies ?? []);
    this.#proxies = blockList(options.proxyProtocol ?? []);
    this.#server =
      tls === undefined
        ? createServer(settings)
        : createTlsServer({
            ...settings,
            ...contextOf(tls, tls.minVersion),
            requestCert: tls.clientCertificates !== undefined,
            rejectUnauthorized: tls.clientCertificates === 'required',
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
      originOf: (peer, headers) => this.#peers.originOf(peer, headers),
      events,
    });
    if (this.#proxies !== undefined) this.#takeHeaders();
    this.#connections = new Connections(this.#server, this.#whole, this.#peers, events);
    this.#attach();
  }

  /** Begins to listen. @throws the system's error (EADDRINUSE, EACCES …) where the address cannot be had. */
  static async open(options: ListenerOptions, router: Router, events: Events): Promise<HttpListener> {
    const listener = new HttpListener(options, router, events);
    // A unix socket takes connections before its owner and mode are set.
    listener.#peers.isLocal = options.at.kind === 'unix';
    await listener.#listen(options.at);
    listener.#peers.isLocal = listener.address === undefined;
    return listener;
  }

  async #listen(at: ListenAt): Promise<void> {
    switch (at.kind) {
      case 'unix':
        return listenAtUnixSocket(this.#server, at.socket);
      case 'tcp':
        this.#server.listen(at.port, at.address);
        break;
      case 'descriptor':
        this.#server.listen({ fd: at.descriptor });
    }
    await once(this.#server, 'listening');
  }

  /** The address it has; `undefined` at a unix socket, and once it is closed. */
  get address(): AddressInfo | undefined {
    const address = this.#server.address();
    return typeof address === 'object' ? (address ?? undefined) : undefined;
  }

  /** Whether only this machine reaches it. */
  get isLocal(): boolean {
    const { address } = this;
    return address === undefined || isLoopback(address.address);
  }

  /** Where it answers: a URL, or `unix:` with the path, or `systemd:` with the name of the socket. */
  get url(): string {
    const at = this.#at;
    if (at.kind === 'unix') return `unix:${at.socket.path}`;
    const { address = '', port = 0 } = this.address ?? {};
    if (at.kind === 'descriptor' && address === '') return `systemd:${at.name}`;
    return `${this.#minVersion === undefined ? 'http' : 'https'}://${address.includes(':') ? `[${address}]` : address}:${port}`;
  }

  /** Gives its unix socket to other owners. @throws {UnixSocketError} where the system does not permit it */
  async permit(place: ListenerPlace): Promise<void> {
    if (place.kind === 'unix') await permit(place.socket);
  }

  /** Serves new connections with another certificate; those that stand are left as they are. */
  useKeyPair(pair: KeyPair): void {
    const minVersion = this.#minVersion;
    if (minVersion === undefined || !('setSecureContext' in this.#server)) return;
    this.#server.setSecureContext(contextOf(pair, minVersion));
  }

  /**
   * Answers by another router, within other limits and behind other proxies from the next request on; the time for TLS
   * handshakes stays. A listener that speaks TLS, or has headers of the PROXY protocol, goes on with that, one without goes on
   * without.
   */
  change(router: Router, options: Omit<ListenerOptions, 'at'>): void {
    const { limits, tls, proxyProtocol = [], trustedProxies = [] } = options;
    this.#router = router;
    this.#limit(limits);
    this.#peers.trust(trustedProxies);
    if (this.#proxies !== undefined) this.#proxies = blockList(proxyProtocol) ?? this.#proxies;
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
    server.on(event, (socket: Socket) => this.#whole.take(socket, this.#peers.of(socket)));
    return (socket) => {
      listen.call(server, socket);
    };
  }

  /** Has the header of a proxy before all else, TLS included. */
  #takeHeaders(): void {
    const server = this.#server;
    const [proceed] = server.listeners('connection').slice(-1);
    if (proceed === undefined) throw new Error('nobody takes connections');
    const gate = new ProxyGate({
      isThere: (socket) => this.#peers.addressOf(socket) !== '',
      isProxy: (socket) => isWithin(this.#proxies, this.#peers.addressOf(socket)),
      deadlineMs: () => this.#limits.headerTimeoutMs,
      refused: (socket, problem) =>
        this.#events.connectionRefused({ listener: this.url, address: this.#peers.addressOf(socket), problem }),
    });
    server.off('connection', proceed as () => void);
    server.on('connection', (socket: Socket) =>
      gate.take(socket, (connection) => {
        if (connection !== undefined) this.#peers.introduce(socket, connection);
        proceed.call(server, socket);
        // TLS takes what has come by itself.
        if (this.#minVersion === undefined) socket.resume();
      }),
    );
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

  #originOf({ headers }: IncomingMessage, { peer }: Connection): RequestOrigin {
    const peerAddress = peer.address;
    if (!peer.isTrusted) return { address: peerAddress, peerAddress };
    const { forwarded, 'x-forwarded-for': addresses } = headers;
    const address = this.#peers.originOf(peer, { forwarded, 'x-forwarded-for': addresses?.toString() });
    return { address: address ?? peerAddress, peerAddress, problem: address === undefined ? TWO_ORIGINS : undefined };
  }

  #receive(req: IncomingMessage, res: ServerResponse, expectation?: string): void {
    const router = this.#router;
    const connection = this.#connections.of(req.socket);
    if (connection.isOver) return;
    if (this.#isClosing) res.shouldKeepAlive = false;
    const exchange = router.route(req, res, this.#originOf(req, connection), expectation);
    connection.begin(exchange);
    // Comes once; `on` saves the wrapper that sees to that.
    res.on('close', () => {
      router.release(exchange);
      connection.end();
    });
  }
}

/** A session that was begun before other authorities, proven by a certificate of the old ones, is not taken up again. */
function contextOf({ certificate, key, clientCa }: KeyPair, minVersion: SecureVersion) {
  const pair = { cert: certificate, key, minVersion };
  if (clientCa === undefined) return pair;
  return { ...pair, ca: clientCa, sessionIdContext: hash('sha256', clientCa, 'hex').slice(0, 32) };
}
