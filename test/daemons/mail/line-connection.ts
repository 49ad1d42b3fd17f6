import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';

const ANSWER_DEADLINE_MS = 30_000;

/** Both sides of what was said on a connection, a line each: `C: …` or `S: …`. */
export type Listener = (line: string) => void;

/**
 * A connection that speaks lines ended by CR LF. Bytes are Latin-1 text, one character each; what is sent as text with other
 * characters goes out as UTF-8.
 */
export class LineConnection {
  #socket: Socket;
  #lines: string[] = [];
  #rest = '';
  #ended: string | undefined;
  #wake: () => void = () => undefined;
  readonly #listen: Listener;

  private constructor(socket: Socket, listen: Listener) {
    this.#socket = socket;
    this.#listen = listen;
    this.#attach();
  }

  /** @param from loopback address that the connection comes from */
  static async open(port: number, listen: Listener = () => undefined, from = '127.0.0.1'): Promise<LineConnection> {
    const socket = connect({ port, host: '127.0.0.1', localAddress: from });
    await once(socket, 'connect');
    return new LineConnection(socket, listen);
  }

  send(line: string | Buffer): void {
    this.#listen(`C: ${line.toString()}`);
    this.#socket.write(Buffer.concat([Buffer.from(line), Buffer.from('\r\n')]));
  }

  /** The next line. @throws {Error} where the other side has closed, or says nothing within 30 seconds */
  async line(): Promise<string> {
    const deadline = Date.now() + ANSWER_DEADLINE_MS;
    for (;;) {
      const line = this.#lines.shift();
      if (line !== undefined) {
        this.#listen(`S: ${line}`);
        return line;
      }
      if (this.#ended !== undefined) throw new Error(`the connection is closed: ${this.#ended}`);
      if (Date.now() >= deadline) throw new Error('no answer within 30 seconds');
      await this.#somethingHappens(deadline - Date.now());
    }
  }

  /** Begins TLS, with a certificate of one's own where there is one; the server's is not looked at. */
  async startTls(own: Pick<ConnectionOptions, 'cert' | 'key'> = {}): Promise<void> {
    const plain = this.#socket;
    for (const event of ['data', 'close', 'error']) plain.removeAllListeners(event);
    const socket = connectTls({ socket: plain, rejectUnauthorized: false, ...own });
    await once(socket, 'secureConnect');
    this.#listen(`*: ${socket.getProtocol()} ${socket.getCipher().name}`);
    this.#socket = socket;
    this.#attach();
  }

  close(): void {
    this.#socket.destroy();
  }

  #attach(): void {
    this.#socket.on('data', (piece: Buffer) => {
      const lines = (this.#rest + piece.toString('latin1')).split('\r\n');
      this.#rest = lines.pop() ?? '';
      this.#lines.push(...lines);
      this.#wake();
    });
    this.#socket.on('error', (error) => this.#end(error.message));
    this.#socket.on('close', () => this.#end('by the other side'));
  }

  #end(reason: string): void {
    this.#ended ??= reason;
    this.#wake();
  }

  #somethingHappens(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, withinMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
