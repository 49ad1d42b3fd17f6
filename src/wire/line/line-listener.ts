/**
 * One unix socket or address for a protocol of requests and answers on a lasting connection: who may connect, how many at a time,
 * for how long, and how it ends. The protocol is its session's.
 *
 * @module
 */
import { once } from 'node:events';
import { type AddressInfo, type BlockList, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type SecureVersion, type Server as TlsServer } from 'node:tls';
import { parseClientAddress } from '../../login/client-address.ts';
import { blockList, isWithin } from '../http/callers.ts';
import type { KeyPair } from '../http/http-listener.ts';
import { listenAtUnixSocket, permit } from '../sockets/unix-socket.ts';
import type { LineLimits, LinePlace } from './line-config.ts';
import { LineConnection } from './line-connection.ts';
import type { LineParts, LineProtocol, OpenSession } from './line-session.ts';
import { SaslSession } from './sasl/sasl-session.ts';
import { SaslauthdSession } from './saslauthd/saslauthd-session.ts';
import { SocketmapSession } from './socketmap/socketmap-session.ts';
import { TcpTableSession } from './tcp-table/tcp-table-session.ts';

const LOOK_EVERY_MS = 1000;
/** Who is in the middle of an exchange this long after the end began is not waited for. */
const DRAIN_GRACE_MS = 2000;
const DRAIN_LOOK_MS = 50;

const SESSIONS: Readonly<Record<LineProtocol, OpenSession>> = {
  sasl: (wire) => new SaslSession(wire),
  saslauthd: (wire) => new SaslauthdSession(wire),
  socketmap: (wire) => new SocketmapSession(wire),
  tcp_table: (wire) => new TcpTableSession(wire),
};

/** What a change of the configuration may change of a listener. */
export interface LineListenerSettings {
  readonly protocol: LineProtocol;
  readonly parts: LineParts;
  readonly place: LinePlace;
  readonly limits: LineLimits;
  readonly networks: readonly string[];
  readonly tls?: (KeyPair & { readonly minVersion: SecureVersion }) | undefined;
}

export class LineListener {
  readonly #server: Server;
  readonly #open = new Map<Socket, LineConnection>();
  /** All connections, those in their TLS handshake included, by address. */
  readonly #peers = new Map<string, number>();
  readonly #sockets = new Set<Socket>();
  readonly #refusals = new Map<string, { count: number; address: string | undefined }>();
  readonly #look: NodeJS.Timeout;
  #settings: LineListenerSettings;
  #networks: BlockList | undefined;
  /** Speaks TLS on connections that are taken; it listens nowhere itself. */
  #tls: TlsServer | undefined;

  private constructor(settings: LineListenerSettings) {
    this.#settings = settings;
    this.#networks = blockList(settings.networks);
    this.#tls = this.#openTls();
    this.#server = createServer({ noDelay: true, keepAlive: true, allowHalfOpen: true });
    // Limits are kept here: what the system's server would drop nobody would hear of.
    this.#server.on('connection', (socket: Socket) => this.#admit(socket));
    this.#look = setInterval(() => this.#lookAtAll(), LOOK_EVERY_MS).unref();
  }

  /** Begins to listen. @throws the system's error, or a UnixSocketError, where the place cannot be had */
  static async open(settings: LineListenerSettings): Promise<LineListener> {
    const listener = new LineListener(settings);
    const { place } = settings;
    try {
      if (place.kind === 'unix') await listenAtUnixSocket(listener.#server, place.socket);
      else {
        listener.#server.listen(place.port, place.address);
        await once(listener.#server, 'listening');
      }
    } catch (cause) {
      clearInterval(listener.#look);
      throw cause;
    }
    return listener;
  }

  /** Where it listens, for people. */
  get place(): string {
    const { place } = this.#settings;
    if (place.kind === 'unix') return `unix:${place.socket.path}`;
    const { address, port } = this.#server.address() as AddressInfo;
    return `${address.includes(':') ? `[${address}]` : address}:${port}`;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /**
   * Goes on with other settings for the same place. Connections stay, but for those of another protocol, which end when what is
   * under way on them is done.
   * @throws {UnixSocketError} where a socket cannot be given to whom it is to belong
   */
  async change(settings: LineListenerSettings): Promise<void> {
    const before = this.#settings;
    this.#settings = settings;
    this.#networks = blockList(settings.networks);
    this.#tls = this.#openTls();
    if (before.protocol !== settings.protocol) for (const connection of this.#open.values()) connection.drain();
    if (settings.place.kind === 'unix') await permit(settings.place.socket);
  }

  /** Serves new connections with another certificate; those that stand are left as they are. */
  useKeyPair({ certificate, key }: KeyPair): void {
    const minVersion = this.#settings.tls?.minVersion;
    if (minVersion !== undefined) this.#tls?.setSecureContext({ cert: certificate, key, minVersion });
  }

  /** Takes no more connections, lets requests be answered, and cuts off what is left when `signal` fires. */
  async close(signal: AbortSignal): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    const startedMs = performance.now();
    const look = setInterval(() => {
      const isLate = performance.now() - startedMs > DRAIN_GRACE_MS;
      for (const [socket, connection] of this.#open) {
        connection.drain();
        if (isLate && !connection.isAnswering) socket.destroy();
      }
    }, DRAIN_LOOK_MS);
    const cutOff = () => {
      for (const socket of this.#sockets) socket.destroy();
    };
    for (const connection of this.#open.values()) connection.drain();
    signal.addEventListener('abort', cutOff, { once: true });
    if (signal.aborted) cutOff();
    await closed;
    signal.removeEventListener('abort', cutOff);
    clearInterval(look);
    clearInterval(this.#look);
    this.#tellRefusals();
  }

  #admit(socket: Socket): void {
    const { place, limits } = this.#settings;
    const peer = place.kind === 'unix' ? undefined : addressOf(socket);
    // Reset before it was accepted, as by one whose patience with us ended: nothing is refused.
    if (peer === '') {
      socket.destroy();
      return;
    }
    const held = peer === undefined ? 0 : (this.#peers.get(peer) ?? 0);
    if (peer !== undefined && !isWithin(this.#networks, peer)) return this.#refuse(socket, 'network', peer);
    if (this.#sockets.size >= limits.maxConnections) return this.#refuse(socket, 'too-many', peer);
    if (held >= limits.maxConnectionsPerPeer) return this.#refuse(socket, 'too-many-of-peer', peer);
    this.#sockets.add(socket);
    if (peer !== undefined) this.#peers.set(peer, held + 1);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      if (peer !== undefined) this.#release(peer);
    });
    if (this.#tls === undefined) this.#take(socket);
    else this.#tls.emit('connection', socket);
  }

  #openTls(): TlsServer | undefined {
    const { tls, limits } = this.#settings;
    if (tls === undefined) return undefined;
    const { certificate: cert, key, minVersion } = tls;
    const server = createTlsServer({ cert, key, minVersion, handshakeTimeout: limits.requestTimeoutMs });
    server.on('secureConnection', (socket: Socket) => this.#take(socket));
    server.on('tlsClientError', (_: Error, socket: Socket) => socket.destroy());
    return server;
  }

  #take(socket: Socket): void {
    const { place, tls, protocol } = this.#settings;
    const peer = place.kind === 'unix' ? undefined : addressOf(socket);
    const connection = new LineConnection(socket, {
      parts: () => this.#settings.parts,
      limits: () => this.#settings.limits,
      open: SESSIONS[protocol],
      canReset: place.kind === 'tcp' && tls === undefined,
      refused: (reason, problem) => {
        const { events, name } = this.#settings.parts;
        this.#count(reason, peer);
        events.lineRejected({ listener: name, door: protocol, error: problem });
      },
    });
    this.#open.set(socket, connection);
    socket.once('close', () => this.#open.delete(socket));
  }

  #release(peer: string): void {
    const left = (this.#peers.get(peer) ?? 1) - 1;
    if (left === 0) this.#peers.delete(peer);
    else this.#peers.set(peer, left);
  }

  #refuse(socket: Socket, reason: string, peer: string | undefined): void {
    socket.on('error', () => {});
    socket.destroy();
    this.#count(reason, peer);
  }

  #count(reason: string, address: string | undefined): void {
    const known = this.#refusals.get(reason);
    this.#refusals.set(reason, { count: (known?.count ?? 0) + 1, address });
  }

  #lookAtAll(): void {
    const now = performance.now();
    for (const connection of this.#open.values()) connection.look(now);
    this.#tellRefusals();
  }

  /** A flood of connections is one line each second. */
  #tellRefusals(): void {
    const { events, name: listener } = this.#settings.parts;
    for (const [reason, refused] of this.#refusals) events.connectionsRefused({ listener, reason, ...refused });
    this.#refusals.clear();
  }
}

/** In canonical form; empty where the other end is gone. */
function addressOf({ remoteAddress = '' }: Socket): string {
  return parseClientAddress(remoteAddress) ?? remoteAddress;
}
