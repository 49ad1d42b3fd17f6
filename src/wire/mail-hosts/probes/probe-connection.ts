import { once } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';
import { checkServerIdentity, connect as connectTls } from 'node:tls';
import type { ProbeSettings, ProbeTarget } from './probe-settings.ts';
import { ProbeFailure } from './probe-failure.ts';

/** Longest line that a server may send; RFC 9051 and the others stay far below for what a probe asks. */
const LONGEST_LINE = 8192;
const MOST_BYTES = 64 * 1024;
const LEAVE_MS = 1000;
const LF = 0x0a;

/**
 * A connection of a probe, over which lines are spoken. Bytes are Latin-1 text, one character each. Every wait ends with the
 * signal, and what a server sends is bounded.
 */
export class ProbeConnection implements Disposable {
  #socket: Socket;
  readonly #signal: AbortSignal;
  #pending = Buffer.alloc(0);
  #bytes = 0;
  #end: string | undefined;
  #wake: () => void = () => {};
  #isLeaving = false;

  private constructor(socket: Socket, signal: AbortSignal) {
    this.#socket = socket;
    this.#signal = signal;
    this.#listen();
  }

  /** @throws {ProbeFailure} where the host takes no connection before the signal fires */
  static async open({ address, port }: ProbeTarget, signal: AbortSignal): Promise<ProbeConnection> {
    const socket = connect({ host: address, port, noDelay: true });
    socket.on('error', () => {});
    try {
      await once(socket, 'connect', { signal });
    } catch (cause) {
      socket.destroy();
      throw new ProbeFailure(signal.aborted ? 'it takes no connection in time' : textOf(cause), { cause });
    }
    return new ProbeConnection(socket, signal);
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** Sends a line; without its end. */
  send(line: string): void {
    this.#socket.write(Buffer.from(`${line}\r\n`, 'latin1'));
  }

  /**
   * The next line, without its end.
   * @param awaited what it should be, for operators: `greeting`
   * @throws {ProbeFailure}
   */
  async line(awaited: string): Promise<string> {
    for (;;) {
      const at = this.#pending.indexOf(LF);
      if (at !== -1) {
        const line = this.#pending.subarray(0, at).toString('latin1').replace(/\r$/, '');
        this.#pending = this.#pending.subarray(at + 1);
        return line;
      }
      if (this.#pending.length > LONGEST_LINE)
        throw new ProbeFailure(`${awaited}: a line is longer than ${LONGEST_LINE} bytes`);
      if (this.#bytes > MOST_BYTES) throw new ProbeFailure(`${awaited}: the host sends more than ${MOST_BYTES} bytes`);
      if (this.#signal.aborted) throw new ProbeFailure(`${awaited}: none in time`);
      if (this.#end !== undefined) throw new ProbeFailure(`${awaited}: ${this.#end}`);
      await this.#somethingHappens();
    }
  }

  /**
   * Goes on over TLS; the host's certificate is checked. Bytes that came in the clear before may be anybody's: any such byte ends
   * the probe.
   * @throws {ProbeFailure}
   */
  async secure(host: string, { trust, serverName }: Pick<ProbeSettings, 'trust' | 'serverName'>): Promise<void> {
    if (this.#pending.length > 0) throw new ProbeFailure('it sends data in the clear before TLS');
    const name = serverName ?? host;
    const plain = this.#socket;
    for (const event of ['data', 'end', 'close']) plain.removeAllListeners(event);
    const socket = connectTls({
      socket: plain,
      // RFC 6066 3: an address is no server name that could be sent. The certificate is checked against it all the same.
      ...(isIP(name) === 0 ? { servername: name } : {}),
      ...(trust === undefined ? {} : { secureContext: trust }),
      checkServerIdentity: (_, certificate) => checkServerIdentity(name, certificate),
    });
    socket.on('error', () => {});
    this.#socket = socket;
    try {
      await once(socket, 'secureConnect', { signal: this.#signal });
    } catch (cause) {
      throw new ProbeFailure(`TLS: ${this.#signal.aborted ? 'not in time' : textOf(cause)}`, { cause });
    }
    this.#listen();
  }

  /** Says farewell; the server closes the connection, soon or not. Nobody waits for that. */
  leave(farewell: string): void {
    const socket = this.#socket;
    this.#isLeaving = true;
    socket.write(`${farewell}\r\n`);
    const timer = setTimeout(() => socket.destroy(), LEAVE_MS);
    timer.unref();
    socket.once('close', () => clearTimeout(timer));
    socket.resume();
  }

  /** Ends it at once, unless it is being left. */
  [Symbol.dispose](): void {
    if (!this.#isLeaving) this.#socket.destroy();
  }

  #listen(): void {
    this.#socket.on('data', (piece: Buffer) => {
      this.#bytes += piece.length;
      this.#pending = this.#bytes > MOST_BYTES + LONGEST_LINE ? this.#pending : Buffer.concat([this.#pending, piece]);
      this.#wake();
    });
    const ended = (why: string) => {
      this.#end ??= why;
      this.#wake();
    };
    this.#socket.on('error', (cause) => ended(textOf(cause)));
    this.#socket.on('end', () => ended('it closes the connection'));
    this.#socket.on('close', () => ended('it closes the connection'));
  }

  #somethingHappens(): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#signal.removeEventListener('abort', done);
        this.#wake = () => {};
        resolve();
      };
      this.#wake = done;
      this.#signal.addEventListener('abort', done, { once: true });
    });
  }
}

const CONNECT_ERRORS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'it resets the connection',
  EHOSTUNREACH: 'no way to the host',
  ENETUNREACH: 'no way to its network',
};

function textOf(cause: unknown): string {
  const { code = '', message } = cause as NodeJS.ErrnoException;
  // Behind it Node.js has advice on how it is run.
  return CONNECT_ERRORS[code] ?? message.replace(/; if the root CA .*$/, '; `ca` says whom to trust');
}
