import type { IncomingMessage, Server } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Events } from '../../telemetry/events.ts';
import type { Problem } from './answer.ts';
import { answerBare, problemOf } from './client-error.ts';
import { type Peer, type Peers, socketBelow } from './peers.ts';
import type { RoutedExchange } from './router.ts';
import type { WholeConnections } from './whole/whole-connections.ts';

const DRAIN_LOOK_MS = 50;
/** Who has sent no whole header section this long after the end began is not waited for. */
const DRAIN_GRACE_MS = 1000;

const METHOD_NOT_ALLOWED: Problem = {
  status: 405,
  error: 'only GET and POST are allowed',
  headers: ['Allow', 'GET, POST'],
};

/** The open connections of a server: what is being answered on each, and how each ends when it fails or has to go. */
export class Connections {
  readonly #server: Server | TlsServer;
  readonly #events: Events;
  /** Those that the full parser has not got. */
  readonly #whole: WholeConnections;
  readonly #peers: Peers;
  readonly #open = new Map<Socket, Connection>();
  /** All TCP connections; where TLS is spoken these are below the open ones, some still in their handshake. */
  readonly #sockets = new Set<Socket>();

  constructor(server: Server | TlsServer, whole: WholeConnections, peers: Peers, events: Events) {
    this.#server = server;
    this.#peers = peers;
    this.#whole = whole;
    this.#events = events;
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
      this.of(socket).fail(error);
    });
    server.on('connect', ({ socket }: IncomingMessage) => {
      // Node has left the socket to us, with nobody to take its errors: one would end the process.
      socket.on('error', () => socket.destroy());
      this.of(socket).refuse(METHOD_NOT_ALLOWED);
    });
    server.on('timeout', (socket: Socket) => {
      // Nothing has moved for long: the client's fault, unless it waits for us.
      if (this.#open.get(socket)?.isAnswering !== true || socket.writableLength > 0) socket.destroy();
    });
  }

  /** The connection that a request came on. */
  of(socket: Socket): Connection {
    const known = this.#open.get(socket);
    if (known !== undefined) return known;
    const connection = new Connection(socket, this.#peers.of(socket), this.#events);
    // Its end, with which it would be forgotten, may be over: Node tells of a handshake that was broken off from within it.
    if (socket.destroyed) return connection;
    this.#open.set(socket, connection);
    socket.once('close', () => this.#open.delete(socket));
    return connection;
  }

  /**
   * Ends connections with their next answer, those on which nothing is being answered when `patienceMs` have passed, and all of
   * them when `signal` fires.
   */
  drain(signal: AbortSignal, patienceMs: number): Disposable {
    const startedAt = performance.now();
    for (const connection of this.#open.values()) connection.closeAfterLatest();
    if (patienceMs === 0) this.#closeIdle();
    const look = setInterval(() => {
      const passed = performance.now() - startedAt;
      if (passed >= patienceMs) this.#closeIdle();
      if (passed >= Math.max(DRAIN_GRACE_MS, patienceMs)) this.#destroyUnused();
    }, DRAIN_LOOK_MS);
    const cutOff = () => {
      for (const socket of this.#sockets) socket.destroy();
    };
    signal.addEventListener('abort', cutOff, { once: true });
    if (signal.aborted) cutOff();
    return {
      [Symbol.dispose]() {
        clearInterval(look);
        signal.removeEventListener('abort', cutOff);
      },
    };
  }

  #closeIdle(): void {
    this.#server.closeIdleConnections();
    this.#whole.closeIdle();
  }

  #destroyUnused(): void {
    const used = new Set<Socket>();
    for (const [socket, { isAnswering }] of this.#open) if (isAnswering) used.add(socketBelow(socket));
    for (const socket of this.#whole.answering()) used.add(socketBelow(socket));
    for (const socket of this.#sockets) if (!used.has(socket)) socket.destroy();
  }
}

/** One connection with the requests that are being answered on it. */
export class Connection {
  /** Who is at its other end. */
  readonly peer: Peer;
  readonly #socket: Socket;
  readonly #events: Events;
  #answering = 0;
  #latest: RoutedExchange | undefined;
  #problem: Problem | undefined;

  constructor(socket: Socket, peer: Peer, events: Events) {
    this.peer = peer;
    this.#socket = socket;
    this.#events = events;
  }

  get isAnswering(): boolean {
    return this.#answering > 0;
  }

  /** What comes in now is not to be looked at: the connection ends with the answer to what came before. */
  get isOver(): boolean {
    return this.#latest?.isLast === true;
  }

  /** Another request has come in. */
  begin(exchange: RoutedExchange): void {
    this.#answering += 1;
    this.#latest = exchange;
  }

  /** A request was answered, or given up. */
  end(): void {
    this.#answering -= 1;
    if (this.#answering === 0 && this.#problem !== undefined) this.#answerBare(this.#problem);
  }

  /** Tells the client with the answer to its latest request that none may follow. */
  closeAfterLatest(): void {
    if (this.#latest !== undefined) this.#latest.res.shouldKeepAlive = false;
  }

  /**
   * What came in is no HTTP, or did not come in time. Where it belongs to a request that has begun, this is the request's
   * answer; else it is answered by itself, after what came before it.
   */
  fail(error: NodeJS.ErrnoException): void {
    if (this.#problem !== undefined) return;
    const problem = problemOf(error);
    if (problem === undefined) {
      this.#socket.destroy();
      return;
    }
    const latest = this.#latest;
    if (latest !== undefined && !latest.req.complete) this.#failRequest(latest, problem);
    else this.refuse(problem);
  }

  /** Answers what is no request that could be routed, after what came before it, and ends the connection. */
  refuse(problem: Problem): void {
    this.#problem = problem;
    if (this.#answering === 0) this.#answerBare(problem);
  }

  #failRequest(exchange: RoutedExchange, problem: Problem): void {
    const { res } = exchange;
    if (res.headersSent) {
      // It was answered before its body was whole, or is being answered: there is nothing to add.
      this.#socket.destroy();
      return;
    }
    res.shouldKeepAlive = false;
    exchange.reject(problem);
  }

  #answerBare(problem: Problem): void {
    answerBare(problem, this.#socket, this.peer.address, this.#events);
  }
}
