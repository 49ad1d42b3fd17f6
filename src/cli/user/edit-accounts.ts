import { editAccounts, tryEdit } from '../../backends/file/account-editor.ts';
import type { FileBackendConfig } from '../../backends/file/file-config.ts';
import type { PasswdText } from '../../backends/file/passwd-text.ts';
import { MAX_PASSWORD_BYTES } from '../../decision/steps/reject-unusable-password.ts';
import { hashPassword } from '../../passwords/hash-password.ts';
import { HashingFailedError, HashNotMadeError } from '../../passwords/scheme.ts';
import { findScheme } from '../../passwords/scheme-table.ts';
import { CommandError, type CommandIo } from '../command-io.ts';
import { asCommandError, chooseFileBackend, type FileChoice, warnOfBrokenFile } from './accounts-file.ts';

export interface EditOptions extends FileChoice {
  readonly json?: true;
}

export interface PasswordOptions extends EditOptions {
  readonly scheme: string;
}

export interface AddOptions extends PasswordOptions {
  readonly alias: readonly string[];
  readonly set: readonly (readonly [string, string])[];
  /** False with `--no-password`. */
  readonly password: boolean;
}

/** What was done to an account; `changed` is false where it was so already. */
interface Done {
  readonly account: string;
  readonly action: 'added' | 'password set' | 'disabled' | 'enabled' | 'removed';
  readonly changed: boolean;
}

export async function addAccount(name: string, options: AddOptions, io: CommandIo): Promise<void> {
  refuseUnknownScheme(options.scheme);
  const backend = await chooseFileBackend(options, io);
  const account = { name, aliases: options.alias, fields: options.set };
  const add = (storedPassword: string) => (text: PasswdText) => text.add({ ...account, storedPassword });
  await edited(() => tryEdit(backend.path, backend, add(''), { createsFile: true }));
  const storedPassword = options.password ? await askForHash(options.scheme, io) : '';
  await edited(() => editAccounts(backend.path, backend, add(storedPassword), { createsFile: true }));
  await tell({ account: name, action: 'added', changed: true }, backend, options, io);
}

export async function setPassword(name: string, options: PasswordOptions, io: CommandIo): Promise<void> {
  refuseUnknownScheme(options.scheme);
  const backend = await chooseFileBackend(options, io);
  await edited(() => tryEdit(backend.path, backend, (text) => text.setPassword(name, '')));
  const storedPassword = await askForHash(options.scheme, io);
  await edited(() => editAccounts(backend.path, backend, (text) => text.setPassword(name, storedPassword)));
  await tell({ account: name, action: 'password set', changed: true }, backend, options, io);
}

export async function disableAccount(name: string, options: EditOptions, io: CommandIo): Promise<void> {
  const backend = await chooseFileBackend(options, io);
  const changed = await edited(() => editAccounts(backend.path, backend, (text) => text.disable(name)));
  await tell({ account: name, action: 'disabled', changed }, backend, options, io);
}

export async function enableAccount(name: string, options: EditOptions, io: CommandIo): Promise<void> {
  const backend = await chooseFileBackend(options, io);
  const changed = await edited(() => editAccounts(backend.path, backend, (text) => text.enable(name)));
  await tell({ account: name, action: 'enabled', changed }, backend, options, io);
}

export async function removeAccount(name: string, options: EditOptions, io: CommandIo): Promise<void> {
  const backend = await chooseFileBackend(options, io);
  await edited(() => editAccounts(backend.path, backend, (text) => text.remove(name)));
  await tell({ account: name, action: 'removed', changed: true }, backend, options, io);
}

async function edited<T>(edit: () => Promise<T>): Promise<T> {
  try {
    return await edit();
  } catch (cause) {
    throw asCommandError(cause);
  }
}

function refuseUnknownScheme(scheme: string): void {
  const chosen = findScheme(scheme);
  if (chosen.kind === 'problem') throw new CommandError(chosen.message, 2);
}

/** A password that no login is checked with would only lock its owner out. */
async function askForHash(scheme: string, io: CommandIo): Promise<string> {
  const password = await io.readNewPassword();
  if (password.byteLength > MAX_PASSWORD_BYTES) {
    throw new CommandError(`the password is longer than ${MAX_PASSWORD_BYTES} bytes; nothing was changed`);
  }
  try {
    return await hashPassword(password, scheme);
  } catch (cause) {
    if (!(cause instanceof HashNotMadeError || cause instanceof HashingFailedError)) throw cause;
    throw new CommandError(`${cause.message}; nothing was changed`, 1, { cause });
  }
}

async function tell(done: Done, backend: FileBackendConfig, { json }: EditOptions, io: CommandIo): Promise<void> {
  if (json) io.out(`${JSON.stringify({ ...done, file: backend.path })}\n`);
  else io.out(done.changed ? `${done.account}: ${done.action}\n` : `${done.account}: ${done.action} already\n`);
  await warnOfBrokenFile(backend, io);
}
