/**
 * Listening on a unix socket: who may open it, what a dead process left there, and who else may have it. That it is removed at
 * the end is the system's part: closing the server does so, in a service of several processes when the last of them has.
 *
 * @module
 */
import { once } from 'node:events';
import { chmod, chown, lstat, rename, unlink } from 'node:fs/promises';
import { connect, type Server } from 'node:net';

/** Where a socket is and who may open it. */
export interface UnixSocketPlace {
  /** Absolute, at most {@link MAX_SOCKET_PATH_BYTES} long. */
  readonly path: string;
  /** User id; who runs the service where absent. */
  readonly owner?: number | undefined;
  /** Group id; that of who runs the service where absent. */
  readonly group?: number | undefined;
  /** Permissions such as 0o660: to connect is to write. */
  readonly mode: number;
}

/** Longest path that fits an address of the system (unix(7)), without the byte that ends it. */
export const MAX_SOCKET_PATH_BYTES = 107;

/** The socket cannot be had. The message names it and is for operators. */
export class UnixSocketError extends Error {
  override readonly name = 'UnixSocketError';
  readonly code = 'unix-socket-unusable';
}

const PROBE_MS = 2000;
const ONLY_OWNER = 0o177;
const KEEP_ID = -1;

/**
 * Begins to listen at a path. A socket that nobody answers at is replaced; a file that is no socket, or a socket of a program
 * that runs, is left alone.
 * @throws {UnixSocketError} where it cannot be had; then the server does not listen
 */
export async function listenAtUnixSocket(server: Server, place: UnixSocketPlace): Promise<void> {
  try {
    await listenOrReplace(server, place.path);
  } catch (cause) {
    throw cause instanceof UnixSocketError ? cause : new UnixSocketError(explain(place, cause), { cause });
  }
  try {
    await permit(place);
  } catch (cause) {
    server.close();
    throw cause;
  }
}

/** Gives a socket that is listened at its owner, group and mode. @throws {UnixSocketError} where the system does not permit it */
export async function permit(place: UnixSocketPlace): Promise<void> {
  const { path, owner = KEEP_ID, group = KEEP_ID, mode } = place;
  try {
    // Before its owner may be another, who alone could change it then.
    await chmod(path, mode);
    if (owner !== KEEP_ID || group !== KEEP_ID) await chown(path, owner, group);
  } catch (cause) {
    throw new UnixSocketError(explain(place, cause), { cause });
  }
}

async function listenOrReplace(server: Server, path: string): Promise<void> {
  try {
    await listenPrivately(server, path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw cause;
    await clear(path);
    // Where it is answered after all: another process of this service may have it by now, which shares it.
    await listenPrivately(server, path);
  }
}

/** Listens where at no moment others than the owner can open the socket: it is made in the very call of `listen`. */
export async function listenPrivately(server: Server, path: string): Promise<void> {
  const before = process.umask(ONLY_OWNER);
  try {
    server.listen(path);
  } finally {
    process.umask(before);
  }
  await once(server, 'listening');
}

/** Takes away what a dead process has left. It is looked at again once nobody else can find it, lest another has just replaced it. */
async function clear(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket())
    throw new UnixSocketError(`${path}: is there and is no socket; remove it, or choose another path`);
  if (await isAnswered(path)) return;
  const aside = `${path}.${process.pid}`;
  if (!(await wasMoved(path, aside))) return;
  if (await isAnswered(aside)) await rename(aside, path);
  else await unlink(aside);
}

async function wasMoved(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw cause;
  }
}

/** Whether a process listens at a path. What takes connections but does not answer is alive all the same. */
export function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.setTimeout(PROBE_MS);
    const settle = (answered: boolean) => {
      probe.destroy();
      resolve(answered);
    };
    probe.once('connect', () => settle(true));
    probe.once('timeout', () => settle(true));
    probe.once('error', ({ code }: NodeJS.ErrnoException) => settle(code !== 'ECONNREFUSED' && code !== 'ENOENT'));
  });
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'a program that runs listens there already',
  // The system's word for a folder that is not there too, as Node hands it on.
  EACCES: 'its folder is not there, or the user the service runs as may not write in it',
  EPERM:
    'the user the service runs as may not give it to this owner or group; only root may give it away, others to groups they are in',
  EROFS: 'the file system is read-only; let systemd permit the folder by ReadWritePaths or RuntimeDirectory',
  ENAMETOOLONG: `the path is longer than ${MAX_SOCKET_PATH_BYTES} bytes`,
  EINVAL: `the path is longer than ${MAX_SOCKET_PATH_BYTES} bytes`,
};

function explain({ path }: UnixSocketPlace, cause: unknown): string {
  const { code = '', message } = cause as NodeJS.ErrnoException;
  return `${path}: cannot listen there: ${REASONS[code] ?? message}`;
}
