import type { BigIntStats } from 'node:fs';
import { type FileHandle, open, readFile, realpath, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AccountEditError } from './account-edit-error.ts';
import { EditLock, sweepLeftovers, temporaryBeside } from './edit-lock.ts';
import { stampOf } from './passwd-file.ts';
import type { LineRules } from './passwd-line.ts';
import { PasswdText } from './passwd-text.ts';

/** What has just been done, in this order; a process may end after each and leaves the old file or the new one. */
export type EditStep = 'locked' | 'read' | 'temporary-written' | 'temporary-synced' | 'renamed' | 'folder-synced';

export interface EditOptions {
  /** Whether a file that is not there is made, readable by its owner only. */
  readonly createsFile?: boolean;
  /** Milliseconds to wait for another edit to end. */
  readonly lockWaitMs?: number;
  readonly onStep?: (step: EditStep) => void;
}

const NEW_FILE_MODE = 0o600;
const MODE_BITS = 0o7777;
const TRIES = 5;

/**
 * Edits a file of accounts while others read it: under a lock, into a new file beside it with the same owner and mode, which
 * is on the disk before it takes the old one's name. Where `edit` changes nothing, nothing is written. An edit is made anew
 * where somebody without the lock has written to the file meanwhile, so it may be called more than once.
 *
 * @throws {AccountEditError} where the edit cannot be made; the file is then as it was
 */
export async function editAccounts<T>(
  path: string,
  rules: LineRules,
  edit: (text: PasswdText) => T,
  options: EditOptions = {},
): Promise<T> {
  try {
    const file = await resolveLinks(path);
    await using lock = await EditLock.acquire(file, options.lockWaitMs);
    options.onStep?.('locked');
    await sweepLeftovers(file);
    for (let tries = 1; tries <= TRIES; tries += 1) {
      const before = await readCurrent(file, options);
      options.onStep?.('read');
      const text = new PasswdText(before.bytes, rules);
      const result = edit(text);
      if (!text.isChanged || (await replaceFile({ file, before, lock }, text.toBytes(), options))) return result;
    }
    throw new AccountEditError('file-changing', `${path} is being written to all the time; nothing was changed`);
  } catch (cause) {
    throw asEditError(path, cause);
  }
}

/**
 * Makes an edit for nothing, to find out whether it could be made before somebody is asked for a password.
 * @throws {AccountEditError} where it cannot
 */
export async function tryEdit(
  path: string,
  rules: LineRules,
  edit: (text: PasswdText) => unknown,
  options: EditOptions = {},
): Promise<void> {
  try {
    const { bytes } = await readCurrent(await resolveLinks(path), options);
    edit(new PasswdText(bytes, rules));
  } catch (cause) {
    throw asEditError(path, cause);
  }
}

/** A new file must take the place of the file itself, not of a symbolic link that leads to it. */
async function resolveLinks(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    return join(await realpath(dirname(path)), basename(path));
  }
}

interface CurrentFile {
  readonly bytes: Buffer;
  /** Absent where the file is to be made. */
  readonly stats: BigIntStats | undefined;
}

async function readCurrent(file: string, options: EditOptions): Promise<CurrentFile> {
  const stats = await statIfThere(file);
  if (stats === undefined && options.createsFile === true) return { bytes: Buffer.alloc(0), stats };
  return { bytes: await readFile(file), stats };
}

async function statIfThere(file: string): Promise<BigIntStats | undefined> {
  try {
    return await stat(file, { bigint: true });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw cause;
  }
}

interface Replacement {
  readonly file: string;
  readonly before: CurrentFile;
  readonly lock: EditLock;
}

/** Gives false where the file is no longer what was read. */
async function replaceFile(parts: Replacement, bytes: Buffer, options: EditOptions): Promise<boolean> {
  const { file, before, lock } = parts;
  const temporary = temporaryBeside(file);
  try {
    await writeTemporary(temporary, bytes, before.stats, options);
    const now = await statIfThere(file);
    if (textOf(now) !== textOf(before.stats)) return false;
    await lock.confirm();
    await rename(temporary, file);
    options.onStep?.('renamed');
  } finally {
    await unlink(temporary).catch(() => undefined);
  }
  await using folder = await open(dirname(file), 'r');
  await folder.sync();
  options.onStep?.('folder-synced');
  return true;
}

async function writeTemporary(
  temporary: string,
  bytes: Buffer,
  like: BigIntStats | undefined,
  options: EditOptions,
): Promise<void> {
  await using handle = await open(temporary, 'wx', NEW_FILE_MODE);
  await handle.writeFile(bytes);
  if (like !== undefined) await makeAlike(handle, like);
  options.onStep?.('temporary-written');
  await handle.sync();
  options.onStep?.('temporary-synced');
}

/** The owner first: changing it takes special bits of the mode away. */
async function makeAlike(handle: FileHandle, like: BigIntStats): Promise<void> {
  const own = await handle.stat({ bigint: true });
  if (own.uid !== like.uid || own.gid !== like.gid) await handle.chown(Number(like.uid), Number(like.gid));
  await handle.chmod(Number(like.mode) & MODE_BITS);
}

function textOf(stats: BigIntStats | undefined): string | undefined {
  return stats === undefined ? undefined : stampOf(stats).text;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EACCES: 'this user may not read it or write to its folder',
  EPERM: 'this user may not give the new file the owner of the old one',
  EROFS: 'its file system is read-only',
  ENOSPC: 'its file system is full',
};

/** What the system refused is about the file; everything else stays what it is. */
function asEditError(path: string, cause: unknown): unknown {
  if (!(cause instanceof Error && 'syscall' in cause && 'code' in cause)) return cause;
  const reason = REASONS[String(cause.code)] ?? cause.message;
  return new AccountEditError('file-unusable', `${path} cannot be edited: ${reason}`, { cause });
}
