import { Command, CommanderError } from 'commander';
import { ConfigError } from '../config/config-error.ts';
import { CommandError, type CommandIo } from './command-io.ts';

type AddCommand = (program: Command, io: CommandIo) => void;

/** By their names. Each is loaded where it is meant: all together take a second to load. */
const COMMANDS: readonly (readonly [name: string, load: () => Promise<AddCommand>])[] = [
  ['serve', async () => (await import('./serve.ts')).addServeCommand],
  ['reload', async () => (await import('./reload.ts')).addReloadCommand],
  ['check', async () => (await import('./check.ts')).addCheckCommand],
  ['config', async () => (await import('./config.ts')).addConfigCommand],
  ['user', async () => (await import('./user.ts')).addUserCommand],
  ['hash', async () => (await import('./hash.ts')).addHashCommand],
  ['init', async () => (await import('./init.ts')).addInitCommand],
  ['generate', async () => (await import('./generate.ts')).addGenerateCommand],
  ['doctor', async () => (await import('./doctor.ts')).addDoctorCommand],
  ['cache', async () => (await import('./cache.ts')).addCacheCommand],
  ['block', async () => (await import('./block/block.ts')).addBlockCommand],
  ['mail-hosts', async () => (await import('./mail-hosts.ts')).addMailHostsCommand],
  ['explain', async () => (await import('./explain.ts')).addExplainCommand],
  ['replay', async () => (await import('./replay.ts')).addReplayCommand],
  ['load', async () => (await import('./load.ts')).addLoadCommand],
  ['version', async () => (await import('./version.ts')).addVersionCommand],
];

/** Runs one command line, `nauthilus` itself left out. Never throws for what a person did wrong: the exit code tells. */
export async function runCommandLine(args: readonly string[], io: CommandIo): Promise<void> {
  const program = new Command('nauthilus')
    .description('The authentication service that mail servers ask about every login.')
    .showHelpAfterError('(try --help)')
    .helpCommand(false)
    .configureOutput({ writeOut: (text) => io.out(text), writeErr: (text) => io.err(text) });
  const meant = COMMANDS.filter(([name]) => name === args[0]);
  // Help and mistakes are about all of them.
  for (const [, load] of meant.length > 0 ? meant : COMMANDS) (await load())(program, io);
  forEachCommand(program, (command) => command.exitOverride());
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (cause) {
    tell(cause, io);
  }
}

function forEachCommand(command: Command, act: (command: Command) => void): void {
  act(command);
  for (const child of command.commands) forEachCommand(child, act);
}

function tell(cause: unknown, io: CommandIo): void {
  if (cause instanceof CommanderError) return io.exitWith(cause.exitCode === 0 ? 0 : 2);
  if (cause instanceof CommandError) {
    io.err(`nauthilus: ${cause.message}\n`);
    return io.exitWith(cause.exitCode);
  }
  if (cause instanceof ConfigError) {
    io.err(`${cause.message}\n`);
    return io.exitWith(1);
  }
  throw cause;
}
