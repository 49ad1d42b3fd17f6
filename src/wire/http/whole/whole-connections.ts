import type { Socket } from 'node:net';
import type { Events } from '../../../telemetry/events.ts';
import type { Problem } from '../answer.ts';
import { answerBare } from '../client-error.ts';
import type { ListenerLimits } from '../http-listener.ts';
import type { Peer } from '../peers.ts';
import { WholeConnection, type WholeConnectionParts } from './whole-connection.ts';

const LOOK_EVERY_MS = 500;
/** Time for a client to read its last answer. */
const LINGER_MS = 1000;
const TOO_SLOW: Problem = { status: 408, error: 'the request did not arrive in time' };
/** Later than what is looked at by the full parser: an answer that is not read comes last. */
const UNREAD_GRACE_MS = 2000;

export interface WholeConnectionsParts extends Omit<WholeConnectionParts, 'socket' | 'peer' | 'tick' | 'idleSeconds'> {
  readonly limits: () => ListenerLimits;
  readonly events: Events;
}

/** The connections of a listener that send whole requests, and how long they may take. */
export class WholeConnections {
  readonly #parts: WholeConnectionsParts;
  readonly #open = new Map<Socket, WholeConnection>();
  #tick = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: WholeConnectionsParts) {
    this.#parts = parts;
  }

  /** Takes a connection that was just accepted. */
  take(socket: Socket, peer: Peer): void {
    const connection = new WholeConnection({
      ...this.#parts,
      socket,
      peer,
      tick: () => this.#tick,
      idleSeconds: () => Math.floor(this.#parts.limits().idleTimeoutMs / 1000),
      handOver: (handed) => {
        this.#forget(handed);
        this.#parts.handOver(handed);
      },
    });
    this.#open.set(socket, connection);
    socket.once('close', () => this.#forget(socket));
    this.#timer ??= setInterval(() => this.#look(), LOOK_EVERY_MS).unref();
  }

  /** Those on which a request is being answered. */
  *answering(): Generator<Socket> {
    for (const [socket, { waitsFor }] of this.#open) if (waitsFor === 'answer') yield socket;
  }

  /** Ends those on which nothing is being answered or read. */
  closeIdle(): void {
    for (const connection of this.#open.values()) if (connection.isIdle) connection.socket.destroy();
  }

  #forget(socket: Socket): void {
    this.#open.delete(socket);
    if (this.#open.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    this.#tick += 1;
    for (const connection of this.#open.values()) this.#lookAt(connection);
  }

  #lookAt(connection: WholeConnection): void {
    const { headerTimeoutMs, bodyTimeoutMs } = this.#parts.limits();
    const { socket } = connection;
    // The moment that it began to wait may have been just before the first of these ticks.
    const waitedMs = (this.#tick - connection.since - 1) * LOOK_EVERY_MS;
    switch (connection.waitsFor) {
      case 'first-request':
        if (waitedMs >= Math.min(headerTimeoutMs, bodyTimeoutMs)) this.#tooSlow(connection);
        return;
      case 'request':
        if (waitedMs >= this.#idleMs(socket)) socket.destroy();
        return;
      case 'body':
        if (waitedMs >= bodyTimeoutMs) connection.refuse(TOO_SLOW);
        return;
      case 'answer':
        if (socket.writableLength > 0 && waitedMs >= bodyTimeoutMs + UNREAD_GRACE_MS) socket.destroy();
        return;
      case 'end':
        if (waitedMs >= LINGER_MS) socket.destroy();
    }
  }

  /** How long a connection may be idle, which it is not while its client leaves an answer unread. */
  #idleMs({ writableLength }: Socket): number {
    const { bodyTimeoutMs, idleTimeoutMs } = this.#parts.limits();
    return writableLength > 0 ? bodyTimeoutMs + UNREAD_GRACE_MS : idleTimeoutMs;
  }

  #tooSlow({ socket, address }: WholeConnection): void {
    socket.removeAllListeners('data');
    this.#forget(socket);
    answerBare(TOO_SLOW, socket, address, this.#parts.events);
  }
}
