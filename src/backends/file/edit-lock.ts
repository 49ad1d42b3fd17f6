import { randomUUID } from 'node:crypto';
import { link, readdir, readFile, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { AccountEditError } from './account-edit-error.ts';

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the process started, as the system counts; tells a process from a later one with the same number. */
  readonly started: string;
  readonly token: string;
}

const WAIT_MS = 10_000;
const TRY_AGAIN_MS = 50;
/** Age in milliseconds at which a lock that says nothing is taken for one that a crash of the machine left. */
const UNREADABLE_STALE_MS = 60_000;

/**
 * The right to edit a file, held by one process at a time: the file `<path>.lock` with the holder's process number in it. The
 * lock of a process that is no more is taken over.
 */
export class EditLock implements AsyncDisposable {
  readonly #file: string;
  readonly #own: Holder;

  private constructor(file: string, own: Holder) {
    this.#file = file;
    this.#own = own;
  }

  /** Waits for the lock. @throws {AccountEditError} where another process keeps it for longer than `waitMs` */
  static async acquire(path: string, waitMs = WAIT_MS): Promise<EditLock> {
    const file = `${path}.lock`;
    const own: Holder = {
      pid: process.pid,
      host: hostname(),
      started: await startOf(process.pid),
      token: randomUUID(),
    };
    const deadline = performance.now() + waitMs;
    while (!(await linkLock(path, file, own))) {
      const holder = await readHolder(file);
      if (holder === 'gone') continue;
      if (holder !== 'unreadable' && (await isDead(holder))) await takeAway(path, file, holder.token);
      else if (holder === 'unreadable' && (await isOld(file))) await takeAway(path, file, undefined);
      else if (performance.now() > deadline) throw lockedBy(file, holder);
      else await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN_MS));
    }
    return new EditLock(file, own);
  }

  /** Makes sure that nobody has taken the lock away. @throws {AccountEditError} */
  async confirm(): Promise<void> {
    const holder = await readHolder(this.#file);
    if (typeof holder === 'object' && holder.token === this.#own.token) return;
    throw new AccountEditError('file-locked', `the lock ${this.#file} was taken away; nothing was changed`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const holder = await readHolder(this.#file);
    if (typeof holder === 'object' && holder.token === this.#own.token) await unlink(this.#file);
  }
}

/** Name for a file beside `path` that belongs to this process and is of no use to anybody when the process is no more. */
export function temporaryBeside(path: string): string {
  return join(dirname(path), `.${basename(path)}.edit-${process.pid}-${randomUUID()}`);
}

/** Removes what processes left that were ended in the middle of an edit. */
export async function sweepLeftovers(path: string): Promise<void> {
  const prefix = `.${basename(path)}.edit-`;
  for (const name of await readdir(dirname(path))) {
    if (!name.startsWith(prefix)) continue;
    const pid = Number.parseInt(name.slice(prefix.length), 10);
    if (Number.isInteger(pid) && !isRunning(pid)) await unlink(join(dirname(path), name)).catch(ignoreMissing);
  }
}

/** A hard link appears with its content or not at all, unlike a file that is opened and then written. */
async function linkLock(path: string, file: string, own: Holder): Promise<boolean> {
  const temporary = temporaryBeside(path);
  await writeFile(temporary, JSON.stringify(own), { flag: 'wx', mode: 0o600 });
  try {
    await link(temporary, file);
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw cause;
  } finally {
    await unlink(temporary);
  }
}

/** Others may do the same at the same time: a lock that turns out to be a new one is put back. */
async function takeAway(path: string, file: string, token: string | undefined): Promise<void> {
  const aside = temporaryBeside(path);
  try {
    await rename(file, aside);
  } catch (cause) {
    return ignoreMissing(cause as NodeJS.ErrnoException);
  }
  const taken = await readHolder(aside);
  const takenToken = typeof taken === 'object' ? taken.token : undefined;
  if (takenToken !== token) await link(aside, file).catch(() => undefined);
  await unlink(aside).catch(ignoreMissing);
}

async function readHolder(file: string): Promise<Holder | 'gone' | 'unreadable'> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'gone' : 'unreadable';
  }
  try {
    const { pid, host, started, token } = JSON.parse(text) as Partial<Holder>;
    if (typeof pid === 'number' && typeof host === 'string' && typeof token === 'string') {
      return { pid, host, token, started: String(started ?? '') };
    }
    return 'unreadable';
  } catch {
    return 'unreadable';
  }
}

/** Processes of other machines cannot be asked; their locks stay. */
async function isDead(holder: Holder): Promise<boolean> {
  if (holder.host !== hostname()) return false;
  if (!isRunning(holder.pid)) return true;
  const started = await startOf(holder.pid);
  return started !== '' && holder.started !== '' && started !== holder.started;
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Field 22 of proc(5)'s stat, counted from behind the program's name, which may hold anything; empty where there is none. */
async function startOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

async function isOld(file: string): Promise<boolean> {
  const stats = await stat(file).catch(() => undefined);
  return stats !== undefined && Date.now() - stats.mtimeMs > UNREADABLE_STALE_MS;
}

function lockedBy(file: string, holder: Holder | 'unreadable'): AccountEditError {
  const who = holder === 'unreadable' ? '' : ` by process ${holder.pid} on ${holder.host}`;
  return new AccountEditError('file-locked', `the file is being edited${who}; if that is not so, remove ${file}`);
}

function ignoreMissing(cause: NodeJS.ErrnoException): void {
  if (cause.code !== 'ENOENT') throw cause;
}
