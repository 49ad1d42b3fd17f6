import { chmod, mkdir, open, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { CommandError } from '../command-io.ts';
import { unifiedDiff } from './unified-diff.ts';

/** A file that is to be there. */
export interface PlannedFile {
  /** Relative to the folder it goes to. */
  readonly path: string;
  readonly text: string;
  readonly mode: number;
  /** Its text is never shown. */
  readonly isSecret: boolean;
}

/** How a planned file compares with what is there. */
export interface ComparedFile extends PlannedFile {
  readonly state: 'new' | 'same' | 'changed';
  /** In the form of `diff -u`, where it changes and is no secret. */
  readonly diff: string;
}

/** @throws {CommandError} where what is there cannot be read */
export async function compareFiles(folder: string, files: readonly PlannedFile[]): Promise<ComparedFile[]> {
  const compare = async (file: PlannedFile): Promise<ComparedFile> => {
    const there = await textOf(path.join(folder, file.path));
    if (there === undefined) return { ...file, state: 'new', diff: '' };
    if (there === file.text) return { ...file, state: 'same', diff: '' };
    return { ...file, state: 'changed', diff: file.isSecret ? '' : unifiedDiff(there, file.text, file.path) };
  };
  return Promise.all(files.map(compare));
}

/** The text of a file, `undefined` where there is none. @throws {CommandError} where it cannot be read */
export async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new CommandError(`${file} cannot be read: ${(cause as Error).message}`, 1, { cause });
  }
}

/**
 * Writes what is new or changed, each file whole or not at all; a secret that was there is kept beside, with `.old` at its end.
 * @throws {CommandError} where one cannot be written
 */
export async function writeFiles(folder: string, files: readonly ComparedFile[]): Promise<void> {
  try {
    for (const file of files) {
      const target = path.join(folder, file.path);
      // A secret that was copied back may be everybody's to read.
      if (file.state === 'same' && file.isSecret) await chmod(target, file.mode);
      if (file.state === 'same') continue;
      await mkdir(path.dirname(target), { recursive: true });
      if (file.isSecret && file.state === 'changed') await rename(target, await freeName(`${target}.old`));
      await writeWhole(target, file);
    }
  } catch (cause) {
    if (cause instanceof CommandError) throw cause;
    throw new CommandError(`the files cannot be written: ${(cause as Error).message}`, 1, { cause });
  }
}

/** A name that no file has: a secret that was kept once is not lost the next time. */
async function freeName(wanted: string): Promise<string> {
  for (let i = 1; ; i += 1) {
    const name = i === 1 ? wanted : `${wanted}${i}`;
    if ((await textOf(name)) === undefined) return name;
  }
}

async function writeWhole(target: string, { text, mode }: PlannedFile): Promise<void> {
  const beside = `${target}.${process.pid}.new`;
  const handle = await open(beside, 'wx', mode);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  // The mask of the process must not decide who may read it.
  await chmod(beside, mode);
  await rename(beside, target);
}
