import type { FileBackendConfig } from '../../backends/file/file-config.ts';
import { accountOf } from '../../backends/file/passwd-account.ts';
import { foldName, type PasswdEntry, parsePasswdLine } from '../../backends/file/passwd-line.ts';
import { parseAccountName } from '../../login/account-name.ts';
import { CommandError, type CommandIo } from '../command-io.ts';
import { chooseFileBackend, type FileChoice, readAccounts } from './accounts-file.ts';

export interface ShowOptions extends FileChoice {
  readonly json?: true;
}

const PAGE = 1000;

/** Names, one a line; as JSON one object a line, so that a million of them can be read as they come. */
export async function listAccounts(options: ShowOptions, io: CommandIo): Promise<void> {
  const backend = await chooseFileBackend(options, io);
  const { index } = await readAccounts(backend);
  for (const page of index.pages(PAGE, true)) {
    if (!options.json) io.out(`${page.join('\n')}\n`);
    else io.out(page.map((name) => `${JSON.stringify(summaryOf(index.find(name), backend))}\n`).join(''));
  }
}

function summaryOf(line: string | undefined, backend: FileBackendConfig): object {
  const { name, isDisabled, aliases } = entryOf(line, backend);
  return { account: name, disabled: isDisabled, aliases };
}

/** Everything about an account that may be shown: of its password only how it is stored. */
export async function showAccount(asked: string, options: ShowOptions, io: CommandIo): Promise<void> {
  const backend = await chooseFileBackend(options, io);
  const name = parseAccountName(asked);
  const { index } = await readAccounts(backend);
  const line = name === undefined ? undefined : index.find(foldName(name, backend.lowerCase));
  if (line === undefined) throw new CommandError(`there is no account ${asked}`);
  const entry = entryOf(line, backend);
  const { attributes } = accountOf(entry, backend);
  const shown = {
    account: entry.name,
    disabled: entry.isDisabled,
    aliases: entry.aliases,
    password: entry.hash?.profile ?? null,
    attributes,
  };
  if (options.json) {
    io.out(`${JSON.stringify(shown)}\n`);
    return;
  }
  io.out(`account: ${shown.account}\nstate: ${shown.disabled ? 'disabled' : 'enabled'}\n`);
  io.out(`password: ${shown.password ?? 'none, nobody can log in'}\n`);
  for (const alias of shown.aliases) io.out(`alias: ${alias}\n`);
  for (const [key, values] of Object.entries(attributes)) {
    for (const value of values) io.out(`attribute ${key}: ${printable(value)}\n`);
  }
}

function entryOf(line: string | undefined, backend: FileBackendConfig): PasswdEntry {
  const parsed = line === undefined ? undefined : parsePasswdLine(line, backend);
  if (parsed?.kind !== 'entry') throw new Error('a line that was read before can be read no more');
  return parsed;
}

/** A value must not be able to send commands to a terminal. */
function printable(value: string): string {
  return value.replaceAll(/\p{Cc}/gu, '\ufffd');
}
