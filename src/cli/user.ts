import { type Command, InvalidArgumentError } from 'commander';
import { DEFAULT_SCHEME } from '../passwords/hash-password.ts';
import type { CommandIo } from './command-io.ts';
import {
  type AddOptions,
  addAccount,
  disableAccount,
  type EditOptions,
  enableAccount,
  type PasswordOptions,
  removeAccount,
  setPassword,
} from './user/edit-accounts.ts';
import { listAccounts, type ShowOptions, showAccount } from './user/show-accounts.ts';

const HELP = `
Edits are safe while the service runs: it takes the new file within a second or so. Passwords are asked for twice at a
terminal, or are the first line of standard input; they are never arguments.

Exit codes: 0 done, 1 could not be done, 2 asked for in a wrong way.

Examples:
  nauthilus user add alice@example.test --set quota_rule='*:storage=1G' --alias postmaster@example.test
  nauthilus user set-password alice@example.test < secret
  nauthilus user disable alice@example.test --config /etc/nauthilus/nauthilus.yaml
  nauthilus user list --file /etc/dovecot/users --json`;

const ADD_HELP = `
Fields are uid, gid, gecos, home, shell, and whatever else callers are to be told. In the values of extra fields, %u, %n
and %d stand for the account's name, its part before the @ and its domain, as in Dovecot; %% is a percent sign.

Examples:
  nauthilus user add bob@example.test --set home=/var/mail/bob --set groups=staff --set groups=testers
  nauthilus user add shared@example.test --no-password`;

/** `nauthilus user`: look at the accounts of a file backend and edit them. */
export function addUserCommand(program: Command, io: CommandIo): void {
  const group = program.command('user').description('Manage the accounts in a file.').addHelpText('after', HELP);
  addEditingCommands(group, io);
  withFile(group.command('list'))
    .description('List the names of all accounts, one a line.')
    .option('--json', 'print one object a line: account, disabled, aliases')
    .action((options: ShowOptions) => listAccounts(options, io));
  withFile(group.command('show'))
    .description('Show an account; of its password only how it is stored.')
    .argument('<name>', 'its name or an alias')
    .option('--json', 'print an object: account, disabled, aliases, password, attributes')
    .action((name: string, options: ShowOptions) => showAccount(name, options, io));
}

function addEditingCommands(group: Command, io: CommandIo): void {
  const editing = (name: string, description: string) =>
    withFile(group.command(name))
      .description(description)
      .argument('<name>', 'name of the account')
      .option('--json', 'print an object: account, action, changed, file');
  editing('add', 'Add an account; the file is made where it is missing.')
    .option('--alias <name>', 'another login name that leads to the account (repeatable)', collect, [])
    .option('--set <field=value>', 'a field of the account (repeatable)', collectField, [])
    .option('-s, --scheme <scheme>', 'how to hash the password, see "nauthilus hash schemes"', DEFAULT_SCHEME)
    .option('--no-password', 'ask for no password: nobody can log in')
    .addHelpText('after', ADD_HELP)
    .action((name: string, options: AddOptions) => addAccount(name, options, io));
  editing('set-password', 'Replace the password of an account.')
    .option('-s, --scheme <scheme>', 'how to hash the password, see "nauthilus hash schemes"', DEFAULT_SCHEME)
    .action((name: string, options: PasswordOptions) => setPassword(name, options, io));
  editing('disable', 'Switch an account off: nobody can log in, whatever the password.').action(
    (name: string, options: EditOptions) => disableAccount(name, options, io),
  );
  editing('enable', 'Switch an account on again.').action((name: string, options: EditOptions) =>
    enableAccount(name, options, io),
  );
  editing('remove', 'Remove an account; its mail is not touched.').action((name: string, options: EditOptions) =>
    removeAccount(name, options, io),
  );
}

function withFile(command: Command): Command {
  return command
    .option('-c, --config <file>', 'the configuration that names the file')
    .option('-b, --backend <name>', 'the file backend, where the configuration has several')
    .option('-f, --file <file>', 'the file itself, instead of a configuration');
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function collectField(
  text: string,
  before: readonly (readonly [string, string])[],
): readonly (readonly [string, string])[] {
  const equals = text.indexOf('=');
  if (equals <= 0) throw new InvalidArgumentError('It must have the form field=value.');
  return [...before, [text.slice(0, equals), text.slice(equals + 1)]];
}
