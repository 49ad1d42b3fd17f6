import { readFile } from 'node:fs/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { DEFAULT_SCHEME, hashPassword } from '../passwords/hash-password.ts';
import { PasswordChecks } from '../passwords/password-checks.ts';
import { HashingFailedError, HashNotMadeError, type SchemeName } from '../passwords/scheme.ts';
import { aliasesOf, allSchemes, findScheme } from '../passwords/scheme-table.ts';
import { parseStoredPassword } from '../passwords/stored-password.ts';
import { CommandError, type CommandIo } from './command-io.ts';

/** No check within the limits on costs takes as long. */
const CHECK_DEADLINE_MS = 120_000;

const GROUP_HELP = `
Examples:
  nauthilus hash make                                   ask for a password, print an Argon2id hash
  nauthilus hash make --scheme SHA512-CRYPT < secret    the first line of a file is the password
  nauthilus hash verify '{SSHA}…'                       ask for a password, compare
  nauthilus hash schemes                                all schemes`;

const MAKE_HELP = `
The password is asked for twice at a terminal, or is the first line of standard input; it is never an argument.
Schemes are named as Dovecot names them, in any case, with .b64 or .hex for another encoding.

Exit codes: 0 made, 1 not made, 2 unknown scheme.

Examples:
  nauthilus hash make
  nauthilus hash make --scheme BLF-CRYPT
  printf '%s\\n' "$PASSWORD" | nauthilus hash make --scheme SSHA512.hex --json`;

const VERIFY_HELP = `
The password is asked for at a terminal, or is the first line of standard input. Other users of this machine can see
arguments: a hash that they should not see belongs into a file.

Exit codes: 0 the password matches, 1 it does not, 2 the hash cannot be used.

Examples:
  nauthilus hash verify '{ARGON2ID}$argon2id$v=19$m=19456,t=2,p=1$…'
  nauthilus hash verify --file hash.txt < secret
  nauthilus hash verify --default-scheme CRYPT '$6$…'`;

interface MakeOptions {
  readonly scheme: string;
  readonly json?: true;
}

interface VerifyOptions {
  readonly file?: string;
  readonly defaultScheme: SchemeName;
  readonly json?: true;
}

/** `nauthilus hash`: make and verify stored passwords, list the schemes. */
export function addHashCommand(program: Command, io: CommandIo): void {
  const group = program
    .command('hash')
    .description('Make and verify password hashes as accounts store them.')
    .addHelpText('after', GROUP_HELP);
  group
    .command('make')
    .description('Make a hash of a new password and print it.')
    .option('-s, --scheme <scheme>', 'how to hash, see "nauthilus hash schemes"', DEFAULT_SCHEME)
    .option('--json', 'print an object: hash, profile')
    .addHelpText('after', MAKE_HELP)
    .action((options: MakeOptions) => makeHash(options, io));
  group
    .command('verify')
    .description('Tell whether a password matches a stored hash.')
    .argument('[hash]', 'the stored hash, with its {SCHEME}; in single quotes, as it holds dollar signs')
    .option('-f, --file <file>', 'read the hash from the first line of a file instead')
    .addOption(
      new Option('-d, --default-scheme <scheme>', 'scheme of a hash without {SCHEME}')
        .default('CRYPT')
        .argParser(readSchemeName),
    )
    .option('--json', 'print an object: result (match, mismatch, unusable), profile, weakness, problem')
    .addHelpText('after', VERIFY_HELP)
    .action((hash: string | undefined, options: VerifyOptions) => verifyHash(hash, options, io));
  group
    .command('schemes')
    .description('List the schemes that can be checked and made.')
    .option('--json', 'print an array of objects: name, aliases, cost, encoding, isDefault, weakness, missing')
    .addHelpText('after', '\nExamples:\n  nauthilus hash schemes\n  nauthilus hash schemes --json')
    .action((options: { readonly json?: true }) => listSchemes(options, io));
}

async function makeHash({ scheme, json }: MakeOptions, io: CommandIo): Promise<void> {
  const chosen = findScheme(scheme);
  if (chosen.kind === 'problem') throw new CommandError(chosen.message, 2);
  const password = await io.readNewPassword();
  try {
    const hash = await hashPassword(password, scheme);
    const made = parseStoredPassword(hash, DEFAULT_SCHEME);
    const profile = made.kind === 'hash' ? made.profile : null;
    io.out(json ? asJson({ hash, profile }) : `${hash}\n`);
  } catch (cause) {
    if (cause instanceof HashNotMadeError || cause instanceof HashingFailedError) {
      throw new CommandError(`no hash was made: ${cause.message}`, 1, { cause });
    }
    throw cause;
  }
}

async function verifyHash(argument: string | undefined, options: VerifyOptions, io: CommandIo): Promise<void> {
  const hash = parseStoredPassword(await readHash(argument, options.file), options.defaultScheme);
  if (hash.kind === 'problem') return tellUnusable(hash.message, options, io);
  const password = await io.readPassword('Password: ');
  const checks = new PasswordChecks({ concurrency: 1, maxQueue: 0 });
  const result = await checks.check(hash, password, AbortSignal.timeout(CHECK_DEADLINE_MS));
  if (typeof result === 'object') return tellUnusable(result.detail, options, io);
  const { profile, algorithm } = hash;
  if (options.json) io.out(asJson({ result, profile, weakness: algorithm.weakness }));
  else io.out(`${result === 'match' ? 'the password matches' : 'the password does not match'} (${profile})\n`);
  io.exitWith(result === 'match' ? 0 : 1);
}

function tellUnusable(problem: string, { json }: VerifyOptions, io: CommandIo): void {
  if (json) io.out(asJson({ result: 'unusable', problem }));
  else io.err(`nauthilus: the hash cannot be used: ${problem}\n`);
  io.exitWith(2);
}

async function readHash(argument: string | undefined, file: string | undefined): Promise<string> {
  if (argument !== undefined && file !== undefined) throw new CommandError('give a hash or --file, not both', 2);
  if (argument !== undefined) return argument;
  if (file === undefined) throw new CommandError('give the hash as an argument, or a file with --file', 2);
  try {
    const [line = ''] = (await readFile(file, 'utf8')).split(/\r?\n/, 1);
    return line;
  } catch (cause) {
    throw new CommandError(`the hash could not be read from ${file}: ${describe(cause)}`, 2, { cause });
  }
}

function describe(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
}

function readSchemeName(text: string): SchemeName {
  const chosen = findScheme(text);
  if (chosen.kind === 'problem') throw new InvalidArgumentError(`${chosen.message}.`);
  return chosen.scheme.name;
}

function listSchemes({ json }: { readonly json?: true }, io: CommandIo): void {
  const rows = allSchemes().map((scheme) => ({
    name: scheme.name,
    aliases: aliasesOf(scheme.name),
    cost: scheme.cost,
    encoding: scheme.encoding,
    isDefault: scheme.name === DEFAULT_SCHEME,
    weakness: scheme.weakness ?? null,
    missing: scheme.missing ?? null,
  }));
  if (json) return io.out(asJson(rows));
  for (const { name, aliases, cost, weakness, isDefault, missing } of rows) {
    const notes = [
      isDefault ? 'for new passwords' : undefined,
      weakness ?? undefined,
      aliases.length > 0 ? `also ${aliases.join(', ')}` : undefined,
      missing ?? undefined,
    ].filter((note) => note !== undefined);
    io.out(`${`${name.padEnd(13)} ${cost.padEnd(7)} ${notes.join('; ')}`.trimEnd()}\n`);
  }
}

function asJson(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
