import { lstat, mkdir, unlink } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import path from 'node:path';
import { isAnswered, listenPrivately } from '../sockets/unix-socket.ts';

/** The control socket cannot be had. The message names it and is for operators. */
export class ControlSocketError extends Error {
  override readonly name = 'ControlSocketError';
  readonly code = 'control-socket-unusable';
  /** Whether a service that runs has it. */
  readonly isTaken: boolean;

  constructor(message: string, isTaken: boolean, options?: ErrorOptions) {
    super(message, options);
    this.isTaken = isTaken;
  }
}

const FOLDER_MODE = 0o700;
const REQUEST_MS = 10_000;
const MAX_CONNECTIONS = 32;

/** HTTP on a unix socket that nobody but the owner of the service can open. */
export class ControlSocket implements AsyncDisposable {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /**
   * Begins to listen at an absolute path. What a dead process left there is replaced.
   * @throws {ControlSocketError} where the path cannot be had
   */
  static async open(
    socket: string,
    answer: (req: IncomingMessage, res: ServerResponse) => void,
  ): Promise<ControlSocket> {
    try {
      await mkdir(path.dirname(socket), { recursive: true, mode: FOLDER_MODE });
      await clear(socket);
      const server = createServer({ requestTimeout: REQUEST_MS, keepAliveTimeout: 1 }, answer);
      server.maxConnections = MAX_CONNECTIONS;
      await listenPrivately(server, socket);
      return new ControlSocket(server);
    } catch (cause) {
      if (cause instanceof ControlSocketError) throw cause;
      const { code, message } = cause as NodeJS.ErrnoException;
      throw new ControlSocketError(`${socket}: the control socket cannot be made (${code ?? message})`, false, {
        cause,
      });
    }
  }

  /** Ends it, with all its connections, and removes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }
}

async function clear(socket: string): Promise<void> {
  const found = await lstat(socket).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket())
    throw new ControlSocketError(`${socket}: is no socket; remove it, or set control.socket`, false);
  if (await isAnswered(socket)) throw new ControlSocketError(`${socket}: a service that runs has this socket`, true);
  await unlink(socket);
}
