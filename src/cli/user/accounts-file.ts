import path from 'node:path';
import { AccountEditError } from '../../backends/file/account-edit-error.ts';
import { defaultFileBackend, type FileBackendConfig } from '../../backends/file/file-config.ts';
import { PasswdFileError } from '../../backends/file/passwd-file-error.ts';
import { type PasswdSnapshot, readPasswdFile } from '../../backends/file/passwd-file.ts';
import { loadConfig } from '../../config/load.ts';
import { locateConfig } from '../../config/locate-config.ts';
import { CommandError, type CommandIo } from '../command-io.ts';

/** How a command was told which file of accounts is meant. */
export interface FileChoice {
  readonly config?: string;
  readonly backend?: string;
  readonly file?: string;
}

/**
 * The backend whose file is meant: the one named, or the only one of the configuration, or a file by itself, read as a backend
 * with default settings reads it.
 * @throws {CommandError} where none is meant or more than one could be
 */
export async function chooseFileBackend(choice: FileChoice, io: CommandIo): Promise<FileBackendConfig> {
  if (choice.file !== undefined) {
    if (choice.config === undefined && choice.backend === undefined)
      return defaultFileBackend(path.resolve(choice.file));
    throw new CommandError('give --file, or --config with --backend, not both', 2);
  }
  const config = await loadConfig(locateConfig(choice.config, io.env), io.env);
  const backends = config.backends.filter((backend) => backend.type === 'file');
  const names = backends.map((backend) => backend.name).join(', ');
  if (choice.backend !== undefined) {
    const named = backends.find((backend) => backend.name === choice.backend);
    if (named !== undefined) return named;
    throw new CommandError(
      `there is no file backend ${choice.backend} in ${config.file}; there is ${names || 'none'}`,
      2,
    );
  }
  const [only, another] = backends;
  if (only === undefined) throw new CommandError(`there is no file backend in ${config.file}`);
  if (another === undefined) return only;
  throw new CommandError(`${config.file} has several file backends; choose one by --backend: ${names}`, 2);
}

/** Reads the accounts. @throws {CommandError} where the file is broken */
export async function readAccounts(backend: FileBackendConfig): Promise<PasswdSnapshot> {
  const read = await readPasswdFile(backend.path, backend);
  if (read.kind === 'snapshot') return read;
  throw new CommandError(new PasswdFileError(backend.path, read).message);
}

/** Says so where the service will not take the file as it is now: other lines of it are broken. */
export async function warnOfBrokenFile(backend: FileBackendConfig, io: CommandIo): Promise<void> {
  const read = await readPasswdFile(backend.path, backend);
  if (read.kind !== 'broken') return;
  const { message } = new PasswdFileError(backend.path, read);
  io.err(`${message}\nnauthilus: the edit was made, but the service takes it only when these lines are mended\n`);
}

/** What a refused edit is to whoever asked for it; everything else stays what it is. */
export function asCommandError(cause: unknown): unknown {
  if (!(cause instanceof AccountEditError)) return cause;
  const isAskedWrongly = cause.code === 'invalid-name' || cause.code === 'invalid-field';
  return new CommandError(cause.message, isAskedWrongly ? 2 : 1, { cause });
}
