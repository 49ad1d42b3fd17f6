import type { Socket } from 'node:net';
import { type ProxiedConnection, readProxyHeader } from './proxy-header.ts';

export interface ProxyGateParts {
  /** Whether the other end of a connection is still there. */
  readonly isThere: (socket: Socket) => boolean;
  /** Whether it is a proxy whose word is taken. */
  readonly isProxy: (socket: Socket) => boolean;
  /** Time for the header, in milliseconds. */
  readonly deadlineMs: () => number;
  /** A connection was ended: `problem` says why, for operators. */
  readonly refused: (socket: Socket, problem: string) => void;
}

/** Where each connection must begin with the header of a proxy. */
export class ProxyGate {
  readonly #parts: ProxyGateParts;

  constructor(parts: ProxyGateParts) {
    this.#parts = parts;
  }

  /**
   * Takes the header off a connection that was just accepted, and hands the connection on, paused, with all that followed the
   * header. Ends it where there is no header in time, or none that can be taken.
   * @param enter its `connection` is absent where the header is on behalf of nobody
   */
  take(socket: Socket, enter: (connection: ProxiedConnection | undefined) => void): void {
    const { isThere, isProxy, refused, deadlineMs } = this.#parts;
    // Reset before it was accepted, as by one whose patience with us ended: it has no address any more, and nothing is refused.
    if (!isThere(socket)) {
      socket.destroy();
      return;
    }
    if (!isProxy(socket)) {
      refused(socket, 'comes from no network of proxy_protocol.from');
      socket.destroy();
      return;
    }
    const coming = new ComingHeader(socket, enter, (problem) => {
      refused(socket, problem);
      socket.destroy();
    });
    coming.await(deadlineMs());
  }
}

/** A header that has not come as a whole yet. */
class ComingHeader {
  readonly #socket: Socket;
  readonly #enter: (connection: ProxiedConnection | undefined) => void;
  readonly #refuse: (problem: string) => void;
  #bytes: Buffer = Buffer.alloc(0);
  #timer: NodeJS.Timeout | undefined;

  constructor(
    socket: Socket,
    enter: (connection: ProxiedConnection | undefined) => void,
    refuse: (problem: string) => void,
  ) {
    this.#socket = socket;
    this.#enter = enter;
    this.#refuse = refuse;
  }

  await(deadlineMs: number): void {
    this.#timer = setTimeout(() => this.#giveUp('sent no header of the PROXY protocol in time'), deadlineMs);
    this.#socket.on('data', this.#onData).on('error', this.#onEnd).on('end', this.#onEnd).on('close', this.#onEnd);
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    const header = readProxyHeader(this.#bytes);
    switch (header.kind) {
      case 'incomplete':
        return undefined;
      case 'malformed':
        return this.#giveUp(`its header of the PROXY protocol ${header.problem}`);
      case 'own':
        return this.#conclude(header.length, undefined);
      case 'proxied':
        return this.#conclude(header.length, header.connection);
    }
  };

  /** Who looks only whether the port is open sends nothing, and need not be told of. */
  readonly #onEnd = (): void => {
    if (this.#bytes.length > 0) return this.#giveUp('ended within its header of the PROXY protocol');
    this.#leave();
    this.#socket.destroy();
  };

  #conclude(length: number, connection: ProxiedConnection | undefined): void {
    this.#leave();
    this.#socket.pause();
    if (length < this.#bytes.length) this.#socket.unshift(this.#bytes.subarray(length));
    this.#enter(connection);
  }

  #giveUp(problem: string): void {
    this.#leave();
    this.#refuse(problem);
  }

  #leave(): void {
    clearTimeout(this.#timer);
    this.#socket.off('data', this.#onData).off('error', this.#onEnd).off('end', this.#onEnd).off('close', this.#onEnd);
  }
}
