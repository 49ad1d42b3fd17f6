import path from 'node:path';
import type { FileStatus, MailHost } from './mail-host.ts';

/** A user of the mail host, by numbers. */
export interface HostUser {
  readonly name: string;
  readonly uid: number;
  readonly gids: ReadonlySet<number>;
}

const ROOT: HostUser = { name: 'root', uid: 0, gids: new Set([0]) };

/** Finds a user in the host's own files; `undefined` where they do not know the name. */
export async function findHostUser(
  host: MailHost,
  name: string,
  extraGroups: readonly string[],
): Promise<HostUser | undefined> {
  if (name === 'root') return ROOT;
  const lines = async (file: string) =>
    (await host.read(file).catch(() => Buffer.alloc(0)))
      .toString('utf8')
      .split('\n')
      .map((line) => line.split(':'));
  const found = (await lines('/etc/passwd')).find(([user]) => user === name);
  if (found === undefined) return undefined;
  const isOwn = ([group = '', , , members = '']: string[]) =>
    extraGroups.includes(group) || members.split(',').includes(name);
  const others = (await lines('/etc/group')).filter(isOwn).map(([, , gid]) => Number(gid));
  return { name, uid: Number(found[2]), gids: new Set([Number(found[3]), ...others]) };
}

/**
 * What keeps a user from reading a file: the file itself or a folder on the way to it; `undefined` where nothing does. Access
 * control lists are not looked at.
 * @throws {Error} where something on the way is not there
 */
export async function findHindrance(host: MailHost, file: string, user: HostUser): Promise<string | undefined> {
  if (user.uid === 0) return undefined;
  let folder = path.posix.dirname(file);
  const folders = [folder];
  while (folder !== '/' && folder !== '.') {
    folder = path.posix.dirname(folder);
    folders.unshift(folder);
  }
  for (const one of folders) if (!may(user, await host.status(one), 0o1)) return one;
  return may(user, await host.status(file), 0o4) ? undefined : file;
}

/** @param bit of the rights for others: 4 to read, 1 to pass through a folder */
function may(user: HostUser, { uid, gid, mode }: FileStatus, bit: number): boolean {
  if (uid === user.uid) return (mode & (bit << 6)) !== 0;
  if (user.gids.has(gid)) return (mode & (bit << 3)) !== 0;
  return (mode & bit) !== 0;
}
