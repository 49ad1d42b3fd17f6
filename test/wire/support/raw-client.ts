import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';

/** An answer as it came over the wire; names of headers in lower case. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A connection on which bytes are written as they are given, and answers are read one after the other. */
export class RawClient implements Disposable {
  readonly socket: Socket;
  #received = Buffer.alloc(0);
  #hasEnded = false;
  #wake = () => {};

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    for (const end of ['end', 'close', 'error'] as const) {
      socket.on(end, () => {
        this.#hasEnded = true;
        this.#wake();
      });
    }
  }

  /** Connects in the clear, or with TLS where options for it are given. */
  static async open(port: number, tls?: ConnectionOptions): Promise<RawClient> {
    const socket = tls === undefined ? connect(port, '127.0.0.1') : connectTls({ port, host: '127.0.0.1', ...tls });
    const client = new RawClient(socket);
    await once(socket, tls === undefined ? 'connect' : 'secureConnect');
    return client;
  }

  /** On a connection that is there already. */
  static over(socket: Socket): RawClient {
    return new RawClient(socket);
  }

  write(bytes: string | Uint8Array): this {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'utf8') : bytes);
    return this;
  }

  /** The next answer. `toHead` for the answer to a HEAD request, which has no body. */
  async read(toHead = false): Promise<Answer> {
    const end = await this.#until(() => indexOrNone(this.#received.indexOf('\r\n\r\n')));
    const [statusLine = '', ...lines] = this.#received.toString('latin1', 0, end).split('\r\n');
    const headers: Record<string, string> = {};
    for (const line of lines) {
      const colon = line.indexOf(':');
      headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
    }
    this.#received = this.#received.subarray(end + 4);
    const status = Number(statusLine.split(' ')[1]);
    if (toHead || status === 100) return { status, headers, body: '' };
    return { status, headers, body: await this.#readBody(headers) };
  }

  /** Waits until the service has closed the connection; gives what came and was not read. */
  async closed(): Promise<string> {
    await this.#until(() => (this.#hasEnded ? true : undefined));
    return this.#received.toString('latin1');
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  async #readBody(headers: Readonly<Record<string, string>>): Promise<string> {
    if (headers['transfer-encoding'] === 'chunked') return this.#readChunks();
    return this.#take(Number(headers['content-length'] ?? 0));
  }

  async #readChunks(): Promise<string> {
    let body = '';
    for (;;) {
      const end = await this.#until(() => indexOrNone(this.#received.indexOf('\r\n')));
      const size = Number.parseInt(this.#received.toString('latin1', 0, end), 16);
      this.#received = this.#received.subarray(end + 2);
      body += await this.#take(size);
      await this.#take(2);
      if (size === 0) return body;
    }
  }

  async #take(bytes: number): Promise<string> {
    await this.#until(() => (this.#received.length >= bytes ? true : undefined));
    const text = this.#received.toString('utf8', 0, bytes);
    this.#received = this.#received.subarray(bytes);
    return text;
  }

  async #until<T>(look: () => T | undefined): Promise<T> {
    for (let found = look(); ; found = look()) {
      if (found !== undefined) return found;
      if (this.#hasEnded)
        throw new Error(`the connection ended after ${JSON.stringify(this.#received.toString('latin1'))}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

function indexOrNone(index: number): number | undefined {
  return index < 0 ? undefined : index;
}
